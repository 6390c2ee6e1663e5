"""Workers forked by a real zygote: confined, each with folders, environment and output of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Child, HowItEnded, Packages, WorkerLimits, WorkerSpec, Zygote, packages_of
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.processes import is_there
from tests.support.waiting import until
from tests.support.workers import Refused, running, spec_in, tell, told_zygote

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


@pytest.fixture
async def own_zygote() -> AsyncIterator[Zygote]:
    async with running() as one:
        yield one


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


async def test_how_a_worker_ended_is_told(zygote, tmp_path):
    quitting, killed = [await zygote.fork(spec_in(tmp_path)) for _ in range(2)]
    with pytest.raises(EOFError):
        await tell(quitting, "import os; os._exit(3)")
    killed.kill()
    assert str(await quitting.wait()) == "ended with exit code 3"
    assert str(await killed.wait()) == "was killed by SIGKILL"
    assert quitting.ended == HowItEnded(3)
    killed.kill()  # it is gone, and nobody else is hit
    for child in (quitting, killed):
        child.close()


async def test_native_code_that_breaks_is_told_with_its_line(zygote, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="chat.plugins.weather")
    child = await zygote.fork(spec_in(tmp_path))
    with pytest.raises(EOFError):
        await tell(child, "import ctypes; ctypes.string_at(1)")
    assert str(await child.wait()) == "was killed by SIGSEGV"
    assert "printed: Fatal Python error: Segmentation fault" in caplog.messages
    child.close()


@pytest.mark.slow
async def test_a_host_without_descriptors_is_told_and_loses_none(own_zygote, tmp_path):
    child = await own_zygote.fork(spec_in(tmp_path))
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for room in range(6):
        free = [number for number in range(soft) if number not in before]
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[room], hard))
        try:
            with pytest.raises(SandboxError, match=r"weather has no worker: .*Too many open files"):
                await own_zygote.fork(spec_in(tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert await tell(child, "told = 1") == 1
    child.close()
    await child.wait()
    await until(lambda: open_descriptors() <= before)


def open_descriptors() -> set[int]:
    """Those of this process, but for the one with which they are listed."""
    return {int(one.name) for one in list(Path("/proc/self/fd").iterdir()) if one.is_symlink()}


async def test_a_worker_ends_when_its_host_closes_the_socket(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    child.socket.close()
    assert (await child.wait()).code == 0
    child.close()


@pytest.mark.slow
async def test_a_hundred_at_once_are_each_their_own(own_zygote, tmp_path):
    specs = [spec_in(tmp_path / str(number), plugin=f"weather-{number}") for number in range(100)]
    children = await asyncio.gather(*(own_zygote.fork(spec) for spec in specs))
    assert len({child.pid for child in children}) == 100
    for child, spec in zip(children, specs, strict=True):
        assert await tell(child, "told = [spec.plugin, spec.data_dir]") == [spec.plugin, spec.data_dir]
    await own_zygote.close()
    assert not any(is_there(child.pid) for child in children)
    for child in children:
        child.close()


async def test_a_caller_who_gives_up_leaves_no_worker(own_zygote, tmp_path):
    waiting = [asyncio.ensure_future(own_zygote.fork(spec_in(tmp_path))) for _ in range(5)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    child = await own_zygote.fork(spec_in(tmp_path))
    await until(lambda: children_of(own_zygote.pid) == {child.pid})
    child.close()


def children_of(pid: int | None) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


async def test_a_zygote_that_cannot_load_says_so_and_leaves_nothing(caplog):
    zygote = told_zygote(preload=("nowhere_to_be_found",))
    with pytest.raises(SandboxError, match="did not get ready"):
        await zygote.start()
    assert "No module named 'nowhere_to_be_found'" in caplog.text
    assert zygote.pid is None


async def test_a_zygote_that_crashes_as_it_loads_is_told_from_one_that_somebody_kills(tmp_path, caplog):
    broken = tmp_path / "broken.py"
    broken.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    more = Packages({**packages_of().named, "broken": str(broken)}, packages_of().metadata)
    zygote = told_zygote(more=more, preload=("broken",))
    with pytest.raises(SandboxError, match=r"did not get ready \(the log of jackfield\.isolation says why\)"):
        await zygote.start()
    assert "the zygote of workers was killed by SIGSEGV" in caplog.text


async def test_an_interpreter_that_is_not_there_is_a_sentence():
    with pytest.raises(SandboxError, match=r"could not be started: .*nowhere"):
        await told_zygote(executable="/nowhere/python").start()


async def ready(tmp_path: Path) -> tuple[Zygote, Child, WorkerSpec]:
    zygote, spec = told_zygote(), spec_in(tmp_path)
    return zygote, await zygote.fork(spec), spec


@pytest.mark.slow
async def test_the_zygote_killed_takes_its_workers_with_it_and_is_started_again(tmp_path):
    zygote, child, spec = await ready(tmp_path)
    first = zygote.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert (await child.wait()).code is None
    assert str(child.ended) == "ended together with the process that forks all workers"
    await until(lambda: not is_there(child.pid) and not is_there(first))
    again = await zygote.fork(spec)
    assert zygote.pid != first
    assert await tell(again, "told = 1") == 1
    await zygote.close()
    assert not is_there(again.pid)
    for one in (child, again):
        one.close()


async def test_forks_that_wait_when_the_zygote_is_killed_are_made_by_the_next_one(tmp_path):
    zygote, child, spec = await ready(tmp_path)
    assert zygote.pid is not None
    os.kill(zygote.pid, signal.SIGSTOP)
    waiting = asyncio.ensure_future(zygote.fork(spec))
    await asyncio.sleep(0.05)
    os.kill(zygote.pid, signal.SIGKILL)
    late = await waiting
    await child.wait()
    assert await tell(late, "told = 1") == 1
    await zygote.close()
    for one in (child, late):
        one.close()


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
