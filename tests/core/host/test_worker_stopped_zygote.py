"""The process that forks all workers stands still: nobody waits for ever for it to tell of a worker's end."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.frail import pid_of
from tests.support.processes import is_there
from tests.support.waiting import until

pytestmark = pytest.mark.slow


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.feature("J25")
async def test_a_host_stops_though_the_process_that_forks_its_workers_stands_still(weather):
    host = await weather()
    worker = await pid_of(host)
    zygote = parent_of(worker)
    os.kill(zygote, signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            await host.stop()
        await until(lambda: not is_there(worker) and not is_there(zygote))
    finally:
        with suppress(ProcessLookupError):
            os.kill(zygote, signal.SIGCONT)
