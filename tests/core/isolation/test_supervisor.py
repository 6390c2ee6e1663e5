"""Confined workers that use more than they may: each is stopped, with a sentence that names plugin and limit."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jackfield.isolation import Breach, Flow, Supervisor, Watched, WorkerLimits, Zygote
from jackfield.isolation.watched import KEPT_EVERY_SECONDS
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.waiting import until
from tests.support.workers import Refused, spec_in, tell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is Grade.PROCESS, reason="this machine confines nothing"),
]

MEBIBYTE = 1 << 20
STAY = "\nimport time\ntime.sleep(60)"

# By the limit's name: what the worker does, what is said of it, what it may.
HOGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "threads": (
        """
import threading, time
threading.stack_size(65536)
try:
    for _ in range(60):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
except RuntimeError:  # below a private root the kernel starts no more for an ordinary user
    pass
""",
        r"weather had \d+ of 8 threads and was stopped",
        {"threads": 8},
    ),
    "cpu": (
        "while True: pass",
        r"weather used \d\.\d s of 0\.3 s of processor time within 30 s and was stopped",
        {"cpu_share": 0.01},
    ),
    "descriptors": (
        """
import os
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
""",
        r"weather had \d+ of 32 files and connections open and was stopped",
        {"descriptors": 32},
    ),
    "data": (
        """
import pathlib
for number in range(3):
    (pathlib.Path.home() / str(number)).write_bytes(b"x" * (4 << 20))
""",
        r"weather kept \d+ MiB of 5 MiB and was stopped",
        {"data_bytes": 5 << 20},
    ),
    "data in files that no folder holds": (
        """
import os, tempfile
opened = []
for number in range(3):
    opened.append(tempfile.TemporaryFile())
    opened[-1].write(b"x" * (4 << 20))
    opened[-1].flush()
""",
        r"weather kept \d+ MiB of 5 MiB and was stopped",
        {"data_bytes": 5 << 20},
    ),
    "files so deep that no path leads there": (
        """
import os, pathlib
os.chdir(pathlib.Path.home())
for _ in range(30):
    os.mkdir("x" * 200)
    os.chdir("x" * 200)
for number in range(3):
    with open(str(number), "wb") as file:
        file.write(b"x" * (4 << 20))
""",
        r"weather kept \d+ of 300 files and was stopped",
        {"data_files": 300},
    ),
    "files": (
        """
import pathlib, os
for number in range(400):
    (pathlib.Path(os.environ["TMPDIR"]) / str(number)).touch()
""",
        r"weather kept \d+ of 300 files and was stopped",
        {"data_files": 300},
    ),
}


@pytest.fixture
def supervisor(zygote: Zygote) -> Iterator[Supervisor]:
    one = Supervisor(lambda: zygote.pid)
    yield one
    one.close()


async def stopped(
    zygote: Zygote, supervisor: Supervisor, folder: Path, source: str, **limits: Any
) -> tuple[Breach | None, str]:
    """Let a worker run this; the limit that it broke, and how it ended."""
    held = WorkerLimits(**limits)
    child = await zygote.fork(spec_in(folder, limits=held))
    watched = Watched("weather", child.pid, held, (str(folder / "data"), str(folder / "temporary")))
    watch = supervisor.watch(child, watched)
    telling = asyncio.create_task(tell(child, source))
    try:
        async with asyncio.timeout(30):
            how = await watch.wait()
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError, EOFError):
            await telling
        watch.close()
    return watch.breach, how


@pytest.mark.feature("C27")
async def test_a_worker_that_takes_too_much_memory_is_stopped(zygote, supervisor, tmp_path):
    breach, how = await stopped(zygote, supervisor, tmp_path, "kept = b'x' * (120 << 20)" + STAY)
    assert breach is not None
    assert re.fullmatch(r"weather used \d+ MiB of 50 MiB and was stopped", breach.sentence)
    assert re.fullmatch(r"if it should: jackfield limits weather memory=[12]00MiB", breach.hint)
    assert breach.hint.endswith("; else it can be deleted: jackfield data discard weather") is (
        breach.limit in ("data", "files")
    ), "what is kept stays for the next one"
    assert f"weather {how}" == breach.sentence


@pytest.mark.feature("C27")
async def test_what_the_interpreter_needs_by_itself_does_not_count(zygote, supervisor, tmp_path):
    source = "import json, sqlite3, decimal, email, http.client\nkept = b'x' * (6 << 20)\nimport time\ntime.sleep(1)"
    breach, _ = await stopped(zygote, supervisor, tmp_path, source + "\nimport os\nos._exit(0)", memory_bytes=20 << 20)
    assert breach is None


@pytest.mark.feature("C27")
async def test_memory_that_grows_faster_than_anybody_looks_meets_the_address_space(zygote, supervisor, tmp_path):
    child = await zygote.fork(spec_in(tmp_path, limits=WorkerLimits()))
    with pytest.raises(Refused) as refused:  # nobody looks at it at all
        await tell(child, "kept = b'x' * (2 << 30)")
    assert refused.value.kind == "MemoryError"
    child.close()


@pytest.mark.feature("C27")
@pytest.mark.parametrize("limit", HOGS)
async def test_each_further_limit_stops_a_worker(zygote, supervisor, tmp_path, limit):
    source, sentence, limits = HOGS[limit]
    breach, how = await stopped(zygote, supervisor, tmp_path, source + STAY, **limits)
    assert breach is not None
    assert breach.limit == limit.split()[0]
    assert re.fullmatch(sentence, breach.sentence), breach.sentence
    assert breach.hint.startswith(f"if it should: jackfield limits weather {breach.limit}=")
    assert f"weather {how}" == breach.sentence


AT_WORK = "\nimport time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
MAPPED = """
import mmap, os, pathlib
for number in range(3):
    opened = os.open(pathlib.Path.home() / str(number), os.O_RDWR | os.O_CREAT)
    os.ftruncate(opened, 4 << 20)
    with mmap.mmap(opened, 4 << 20) as mapping:
        mapping[:] = b"x" * (4 << 20)
"""


@pytest.mark.feature("C27")
@pytest.mark.parametrize(
    ("source", "limit", "limits"),
    [(HOGS["files"][0], "files", {"data_files": 300}), (MAPPED, "data", {"data_bytes": 5 << 20})],
    ids=["empty files", "mapped files"],
)
async def test_files_of_who_works_are_counted_although_nothing_is_written(zygote, tmp_path, source, limit, limits):
    held = WorkerLimits(**limits)
    child = await zygote.fork(spec_in(tmp_path, limits=held))
    watched = Watched("weather", child.pid, held, (str(tmp_path / "data"), str(tmp_path / "temporary")))
    began = 1000.0
    assert (watched.look(began, 1 << 40), watched.count(began)) == (None, None)
    await tell(child, source + AT_WORK)
    soon = began + KEPT_EVERY_SECONDS - 1
    watched.look(soon, 1 << 40)
    breach = watched.count(soon)
    assert breach is not None
    assert breach.limit == limit
    child.close()


@pytest.mark.feature("C27")
async def test_files_of_who_does_nothing_are_counted_seldom(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    watched = Watched("weather", child.pid, WorkerLimits(), (str(tmp_path / "data"),))
    began = 1000.0
    watched.look(began, 1 << 40)
    watched.count(began)
    soon, late = began + KEPT_EVERY_SECONDS - 1, began + KEPT_EVERY_SECONDS
    watched.look(soon, 1 << 40)
    watched.count(soon)
    assert watched.counted_at == began
    watched.count(late)
    assert watched.counted_at == late
    child.close()


@pytest.mark.feature("C27")
async def test_one_huge_file_is_refused_by_the_kernel(zygote, supervisor, tmp_path):
    source = (
        "import pathlib\nwith (pathlib.Path.home() / 'huge').open('wb') as file:\n"
        "  for _ in range(64): file.write(b'x' * (1 << 20))"
    )
    child = await zygote.fork(spec_in(tmp_path, limits=WorkerLimits(data_bytes=5 << 20)))
    with pytest.raises(Refused) as refused:
        await tell(child, source)
    assert refused.value.kind == "OSError"
    assert (tmp_path / "data" / "huge").stat().st_size == 5 << 20
    child.close()


@pytest.mark.feature("J25")
async def test_an_end_of_its_own_is_told_without_a_breach(zygote, supervisor, tmp_path):
    breach, how = await stopped(zygote, supervisor, tmp_path, "import os\nos._exit(3)")
    assert (breach, how) == (None, "ended with exit code 3")


@pytest.mark.feature("C27")
async def test_a_worker_is_watched_while_the_event_loop_stands_still(zygote, supervisor, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    watch = supervisor.watch(child, Watched("weather", child.pid, WorkerLimits()))
    telling = asyncio.create_task(tell(child, "kept = b'x' * (120 << 20)" + STAY))
    await asyncio.sleep(0.05)  # the source has been sent
    end = time.monotonic() + 20
    while watch.breach is None and time.monotonic() < end:
        time.sleep(0.01)  # noqa: ASYNC251 (the loop stands still, that is the point)
    assert watch.breach is not None
    with pytest.raises(EOFError):
        await telling
    child.close()


async def test_the_thread_that_looks_ends_with_the_last_worker_and_comes_back(zygote, supervisor, tmp_path):
    async def one() -> None:
        assert await stopped(zygote, supervisor, tmp_path, "import os\nos._exit(0)") == (None, "ended with exit code 0")

    await one()
    await until(lambda: not looking())
    await one()
    breach, _ = await stopped(zygote, supervisor, tmp_path, "kept = b'x' * (120 << 20)" + STAY)
    assert breach is not None


def looking() -> list[str]:
    import threading

    return [one.name for one in threading.enumerate() if one.name == "jackfield-supervisor"]


@pytest.mark.feature("C26")
async def test_a_call_over_its_time_stops_the_worker(zygote, supervisor, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    watch = supervisor.watch(child, Watched("weather", child.pid, WorkerLimits()))
    telling = asyncio.create_task(tell(child, "import time\ntime.sleep(60)"))
    error = watch.late("message_received")
    assert error.message == "weather did not answer message_received within 5 s and was stopped"
    assert error.hint == "if it should: jackfield limits weather call=10s"
    assert await watch.wait() == "did not answer message_received within 5 s and was stopped"
    with pytest.raises(EOFError):
        await telling
    watch.close()


async def test_the_first_reason_stays(zygote, supervisor, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    watch = supervisor.watch(child, Watched("weather", child.pid, WorkerLimits()))
    assert watch.late("forecast", 0.25).message == "weather did not answer forecast within 250 ms and was stopped"
    assert watch.late("other").message == "weather did not answer forecast within 250 ms and was stopped"
    await watch.wait()
    watch.close()


@pytest.mark.feature("C27")
@pytest.mark.parametrize(
    ("flood", "sentence"),
    [
        ("requests", r"weather asked the application \d+ of 1000 times a second and was stopped"),
        ("bytes", r"weather sent the application 50 MiB of 8 MiB a second and was stopped"),
    ],
)
async def test_a_flood_stops_the_worker(zygote, supervisor, tmp_path, flood, sentence):
    child = await zygote.fork(spec_in(tmp_path))
    flow = Flow("weather")
    if flood == "requests":
        flow.requests = 1_000_000
    else:
        flow.sent_bytes = lambda: 100 << 20
    watch = supervisor.watch(child, Watched("weather", child.pid, WorkerLimits(), flow=flow))
    assert re.fullmatch(sentence, f"weather {await watch.wait()}")
    watch.close()


@pytest.mark.feature("C27")
async def test_workers_with_many_files_do_not_hold_up_the_looks_at_others(zygote, tmp_path):
    supervisor = Supervisor(lambda: zygote.pid, look_seconds=0.01)
    many = tmp_path / "many"
    many.mkdir()
    for number in range(4000):
        (many / str(number)).touch()
    watches = []
    for number in range(20):
        child = await zygote.fork(spec_in(tmp_path / str(number)))
        watches.append(supervisor.watch(child, Watched("weather", child.pid, WorkerLimits(), (str(many),))))
    breach, _ = await stopped(zygote, supervisor, tmp_path / "hog", "kept = b'x' * (120 << 20)" + STAY)
    assert breach is not None
    assert breach.limit == "memory"
    await until(lambda: all(watch.counted_at > 0 for watch in watches), timeout_seconds=30)
    for watch in watches:
        watch.close()
    supervisor.close()
