"""Workers of a host that an ordinary user runs, where the tests run as root: in every grade, with the same walls."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.confined import NOBODY, in_child
from tests.support.workers import Refused, running, spec_in, tell, usable_interpreter

GRADES: dict[str, dict[str, Any]] = {
    "full": {"grade": Grade.FULL},
    "base": {"grade": Grade.BASE},
    "base, ABI 3": {"grade": Grade.BASE, "landlock_abi_most": 3},
    "root alone": {"grade": Grade.BASE, "landlock_abi_most": 0},
    "process": {"grade": Grade.PROCESS},
}
INTERPRETER = usable_interpreter()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already"),
    pytest.mark.skipif(INTERPRETER is None, reason="no interpreter here can be run by an ordinary user"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody reaches; pytest's own are root's."""
    with tempfile.TemporaryDirectory(prefix="worker-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("grade", GRADES)
def test_a_worker_of_an_ordinary_user_works_and_is_held(grade, folder):
    async def host() -> list[object]:
        async with running(executable=INTERPRETER) as zygote:
            child = await zygote.fork(spec_in(folder, **GRADES[grade]))
            told = await tell(
                child, "import os, pathlib\npathlib.Path.home().joinpath('x').write_text('x')\ntold = os.getuid()"
            )
            held = []
            for source in ("open('/etc/passwd')", "import os; os.fork() or os._exit(0)", "open('/dev/null', 'w')"):
                with suppress(Refused):
                    await tell(child, source)
                    held.append(source)
            child.close()
            return [child.grade, told, held]

    outcome = in_child(lambda: asyncio.run(host()), uid=NOBODY)
    assert outcome.refused is None, outcome
    grade_reached, uid, went_through = outcome.value
    assert (grade_reached, uid) == (GRADES[grade]["grade"], NOBODY)
    assert len(went_through) == (3 if grade == "process" else 1)
