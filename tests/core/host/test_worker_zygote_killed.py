"""The process that forks all workers is killed while it forks one, again and again: that counts for nobody (J25)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.frail import told
from tests.support.waiting import until

pytestmark = pytest.mark.slow

QUICK = "from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"
KILLS = 10
"""With half of them counted as the plugin's own ends it would be given up."""


def children(pid: int | str = "self") -> set[int]:
    """The processes that any thread of one has started."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return {int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()}
    return set()


def kill_each_as_it_forks(last: int, pause_seconds: float) -> list[int]:
    """Kill this zygote, and those after it so much later than each has forked its first worker."""
    os.kill(last, signal.SIGKILL)
    killed = [last]
    end = time.monotonic() + 60
    while len(killed) <= KILLS and time.monotonic() < end:
        for zygote in children() - set(killed):
            if children(zygote) and b"start.py" in Path(f"/proc/{zygote}/cmdline").read_bytes():
                time.sleep(pause_seconds)
                os.kill(zygote, signal.SIGKILL)
                killed.append(zygote)
        time.sleep(0.0005)
    return killed


@pytest.mark.feature("J25")
@pytest.mark.parametrize("pause_seconds", [0.0, 0.002, 0.01], ids=["at once", "2 ms", "10 ms"])
async def test_a_zygote_that_is_killed_while_it_forks_counts_for_no_plugin(profile, build, running, pause_seconds):
    profile.install(build("weather", code=QUICK, isolation="worker"))
    profile.enable("weather", isolation="worker")
    host = await running()
    said = told(host)
    (zygote,) = [pid for pid in children() if host.plugins.record("weather").remote.process.pid in children(pid)]
    killed = await asyncio.to_thread(kill_each_as_it_forks, zygote, pause_seconds)
    assert len(killed) == KILLS + 1

    def is_up() -> bool:
        remote = host.plugins.record("weather").remote
        alive = children() - set(killed)
        return remote is not None and any(remote.process.pid in children(pid) for pid in alive)

    await until(lambda: is_up() and said[-1].startswith("active"), timeout_seconds=60)
    assert not any("times within a minute" in one for one in said)
