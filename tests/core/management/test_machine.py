"""What is remembered of the machine's sandbox, and for how long."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.management import Management
from jackfield.management.machine import fresh_grade, is_remembered, remembered_grade, telling
from jackfield.sandbox import grade_of, probe

from tests.support.marketplace import RunningMarketplace


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"JACKFIELD_HOME": str(tmp_path / "home")}


def test_it_is_tried_once_and_then_remembered(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    assert remembered_grade(environ) == grade_of(probe()).value
    before = file.stat()
    assert remembered_grade(environ) == grade_of(probe()).value
    assert file.stat() == before


def test_what_another_system_remembered_is_not_believed(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    fresh_grade(environ)
    written = file.read_bytes()
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    assert boot in written
    file.write_bytes(written.replace(boot, boot[::-1]).replace(b"full", b"none").replace(b"base", b"none"))
    assert remembered_grade(environ) == grade_of(probe()).value


def test_what_somebody_else_may_have_written_is_not_believed(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    fresh_grade(environ)
    file.write_bytes(file.read_bytes().replace(b"full", b"none").replace(b"base", b"none"))
    file.chmod(0o666)
    assert remembered_grade(environ) == grade_of(probe()).value


@pytest.fixture
def started() -> Iterator[list[tuple[str, bool]]]:
    """What this process starts meanwhile: the program's last words, and whether it was the main thread."""
    seen: list[tuple[str, bool]] = []
    listening = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "subprocess.Popen":
            seen.append((str(arguments[1]), threading.current_thread() is threading.main_thread()))

    sys.addaudithook(note)  # none can be taken away again
    yield seen
    listening = False


async def test_it_is_tried_while_the_marketplaces_are_asked(
    started: list[tuple[str, bool]],
    manage: Callable[..., Management],
    market: RunningMarketplace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To try it starts a process: whoever plans does not stand still for that, nor does what runs beside it."""
    monkeypatch.setenv("JACKFIELD_HOME", str(tmp_path / "home"))
    probe.cache_clear()
    market.publish("trial", "1.0.0")
    await manage(market.url).plan_install(["trial"])
    assert [main for said, main in started if "private_root" in said] == [False]
    assert is_remembered({"JACKFIELD_HOME": str(tmp_path / "home")})
