"""External plugins that do not answer in time: one that is at work, and one that hangs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.echo import CODE, an_open_house, counted, gone, know, up
from tests.support.guests import program, status
from tests.support.waiting import until

pytestmark = pytest.mark.slow

LATE_SAID = "echo did not answer the command count within 5 s"
LATE = "import asyncio\n" + CODE.replace(
    "self.calls += 1\n", "self.calls += 1\n        if self.calls == 1:\n            await asyncio.sleep(600)\n"
)


@pytest.mark.feature("J24")
async def test_the_connection_of_one_that_hangs_ends_and_it_is_back_when_it_goes_on(tmp_path: Path):
    """The system at its end takes what is sent, so that nobody but itself could tell."""
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            assert await counted(house.host) == ["1 of 1"]
            os.kill(guest.process.pid, signal.SIGSTOP)
            try:
                assert LATE_SAID in " ".join(await counted(house.host))
                await gone(house.host)
                await until(lambda: "it did not answer any more" in status(house.host).note)
            finally:
                os.kill(guest.process.pid, signal.SIGCONT)
            await up(house.host)
            assert await counted(house.host) == ["1 of 2"], "made anew, and what it kept is there"


async def test_one_that_is_late_with_one_call_stays(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", LATE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            connection = house.host.gate.connections.get("echo")
            assert LATE_SAID in " ".join(await counted(house.host))
            await house.host.plugins.record("echo").remote.call("plugin.health", {})  # behind that of the host
            assert house.host.gate.connections.get("echo") is connection
            assert status(house.host).state == "active"
            assert await counted(house.host) == ["2 of 1"]


async def test_one_that_hangs_is_waited_for_once_when_it_is_taken_down(tmp_path: Path):
    """And not for each of `on_disable`, the end of what it began, and `on_unload`."""
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            os.kill(guest.process.pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                await house.host.disable("echo")
                assert time.monotonic() - began < 8.0
                assert status(house.host).state == "unloaded"
                assert "echo did not answer on_disable within 5 s" in status(house.host).problem
            finally:
                os.kill(guest.process.pid, signal.SIGCONT)
