"""Workers forked by a real zygote: confined, each with folders, environment and output of its own."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import WorkerLimits
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.waiting import until
from tests.support.workers import Refused, running, spec_in, tell

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")

GRADES: dict[str, dict[str, Any]] = {
    "full": {"grade": Grade.FULL},
    "base": {"grade": Grade.BASE},
    "base, ABI 3": {"grade": Grade.BASE, "landlock_abi_most": 3},
    "root alone": {"grade": Grade.BASE, "landlock_abi_most": 0},
    "process": {"grade": Grade.PROCESS},
}
grades = pytest.mark.parametrize("grade", GRADES)
confined = pytest.mark.parametrize("grade", [grade for grade in GRADES if grade != "process"])


def begun_with(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@grades
async def test_a_worker_does_what_it_is_told_in_every_grade(zygote, tmp_path, grade):
    child = await zygote.fork(spec_in(tmp_path, **GRADES[grade]))
    assert child.grade is GRADES[grade]["grade"]
    assert await tell(child, "told = 6 * 7") == 42
    child.close()


async def test_without_a_wish_it_is_held_in_the_best_grade_of_the_machine(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    assert child.grade is zygote.grade is Grade.FULL
    child.close()


async def test_a_zygote_keeps_no_socket_of_what_it_did_beforehand(own_zygote):
    """It collects no garbage: what it left open, every worker would have."""
    assert own_zygote.pid is not None
    assert _sockets_of(own_zygote.pid) == 3  # its control, and two whose places a worker's own take


def _sockets_of(pid: int) -> int:
    held = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(one.startswith("socket:") for one in held)


@grades
async def test_what_a_plugin_needs_works_in_every_grade(zygote, tmp_path, grade):
    """Its own modules, files, threads, an event loop, databases, temporary files, zones of time, native modules."""
    spec = spec_in(tmp_path, **GRADES[grade])
    (tmp_path / "code" / "weather.py").write_text("import sqlite3, ctypes, zlib, lzma, ssl\nFORECAST = 'sun'\n")
    child = await zygote.fork(spec)
    source = """
import asyncio, os, sqlite3, tempfile, threading, weather, zoneinfo, datetime, pathlib
home = pathlib.Path.home()
(home / "note").write_text("kept")
with sqlite3.connect(home / "store.sqlite") as database:
    database.execute("create table words (word)")
database.close()
seen = []
thread = threading.Thread(target=lambda: seen.append(asyncio.run(asyncio.sleep(0, "slept"))))
thread.start()
thread.join()
with tempfile.NamedTemporaryFile() as file:
    temporary = os.path.dirname(file.name)
with open("/dev/null", "w") as nothing:
    nothing.write("x")
zone = datetime.datetime.now(zoneinfo.ZoneInfo("UTC")).tzname()
told = [weather.FORECAST, os.listdir(home), seen, temporary, zone, sorted(os.environ)]
"""
    forecast, files, seen, temporary, zone, environment = await tell(child, source)
    assert (forecast, sorted(files), seen, zone) == ("sun", ["note", "store.sqlite"], ["slept"], "UTC")
    assert temporary == spec.temporary
    assert environment == ["HOME", "LANG", "TMPDIR"]
    assert (tmp_path / "data" / "note").read_text() == "kept"
    child.close()


async def test_nothing_of_its_hosts_environment_lies_in_its_memory(zygote):
    """What a process was started with stays on its stack, and on that of each that it forks, whatever it forgets."""
    assert os.environ
    assert begun_with(zygote.pid) == b""


@confined
async def test_what_it_was_not_given_is_out_of_reach(zygote, tmp_path, grade):
    (tmp_path / "secret").write_text("secret")
    child = await zygote.fork(spec_in(tmp_path, **GRADES[grade]))
    for source in (
        f"open({str(tmp_path / 'secret')!r})",
        "open('/etc/passwd')",
        f"open({str(tmp_path / 'code' / 'new.py')!r}, 'w')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.kill(os.getppid(), 9)",
        "import socket; socket.socket()",
    ):
        with pytest.raises(Refused) as raised:
            await tell(child, source)
        assert raised.value.kind in {"PermissionError", "FileNotFoundError", "OSError"}, source
    child.close()


@grades
async def test_it_holds_no_descriptor_but_its_own(zygote, tmp_path, grade):
    with (tmp_path / "secret").open("w"):
        child = await zygote.fork(spec_in(tmp_path, **GRADES[grade]))
        source = """
import os
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
told = [[number for number in range(200) if is_open(number)], sorted({0, 1, 2, calls.fileno(), files.fileno()})]
"""
        there, expected = await tell(child, source)
        assert there == expected
    child.close()


async def test_files_it_was_granted_can_be_read_and_written(zygote, tmp_path):
    granted, shown = tmp_path / "granted", tmp_path / "shown"
    for folder in (granted, shown):
        folder.mkdir()
        (folder / "note").write_text("before")
    child = await zygote.fork(spec_in(tmp_path, read=(str(shown),), write=(str(granted),)))
    assert await tell(child, f"told = open({str(shown / 'note')!r}).read()") == "before"
    await tell(child, f"open({str(granted / 'note')!r}, 'w').write('after')")
    with pytest.raises(Refused):
        await tell(child, f"open({str(shown / 'note')!r}, 'w')")
    assert (granted / "note").read_text() == "after"
    child.close()


@grades
async def test_it_knows_the_certificates_that_everybody_trusts(zygote, tmp_path, grade):
    trusted = ssl.create_default_context().cert_store_stats()["x509_ca"]
    child = await zygote.fork(spec_in(tmp_path, **GRADES[grade]))
    assert await tell(child, "import ssl; told = ssl.create_default_context().cert_store_stats()['x509_ca']") == trusted
    child.close()


async def test_limits_of_its_spec_are_kept_by_the_kernel(zygote, tmp_path):
    limits = WorkerLimits(memory_bytes=1 << 20, descriptors=20, data_bytes=4096)
    child = await zygote.fork(spec_in(tmp_path, limits=limits))
    with pytest.raises(Refused, match="MemoryError"):
        await tell(child, "block = bytes(1200 << 20)")
    with pytest.raises(Refused, match="Too many open files"):
        await tell(child, "kept = [open('/dev/null') for _ in range(20)]")
    child.close()


async def test_what_it_prints_stands_in_its_log(zygote, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="chat.plugins.weather")
    child = await zygote.fork(spec_in(tmp_path))
    await tell(
        child, "import os, sys; print('said'); print('warned', file=sys.stderr); os.write(2, b'native\\x1b[2J\\n')"
    )
    await until(lambda: "native" in caplog.text)
    assert "printed: said" in caplog.messages
    assert "printed: warned" in caplog.messages
    assert "printed: 'native\\x1b[2J'" in caplog.messages
    child.close()


async def test_one_that_prints_without_end_hurts_nobody_but_itself(zygote, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="chat.plugins.weather")
    child = await zygote.fork(spec_in(tmp_path, limits=WorkerLimits(log_lines_per_second=5)))
    assert await tell(child, "for _ in range(20000): print('x' * 100)\ntold = 'went on'") == "went on"
    child.kill()
    await child.wait()
    assert 1 <= sum("xxx" in message for message in caplog.messages) <= 10
    assert "were dropped" in caplog.text
    child.close()


async def test_a_machine_that_does_not_reach_the_grade_refuses_and_blames_the_plugin(zygote, tmp_path):
    with pytest.raises(SandboxError, match="grade base, not full") as raised:
        await zygote.fork(spec_in(tmp_path, grade=Grade.FULL, landlock_abi_most=0))
    assert raised.value.plugin == "weather"


@pytest.mark.slow
async def test_a_worker_lies_elsewhere_in_memory_than_its_host(tmp_path):
    for _ in range(8):  # by chance alone seven of them would
        async with running() as zygote:
            child = await zygote.fork(spec_in(tmp_path))
            there = await tell(child, "told = id(None)")
            child.close()
        if id(None) >> 32:
            assert there >> 21 & 7 != id(None) >> 21 & 7
        else:
            assert there == id(None), "an interpreter that is not built to lie anywhere"
