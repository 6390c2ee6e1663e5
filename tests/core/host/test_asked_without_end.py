"""A plugin that another one asks without end: it is not stopped, nor blamed, for what it does for others."""

from __future__ import annotations

import asyncio
import time

import pytest

pytestmark = pytest.mark.slow

OFFERS = """
import time
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("busy", self)
        self.context.events.on("plugin:asks:now", self.heard)

    async def work(self, seconds: float) -> float:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass
        return seconds

    async def heard(self, event):
        await self.work(0.03)
"""

ASKS = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        for _ in range(20):
            self.context.scheduler.start(self.ask())

    async def ask(self):
        busy = await self.context.services.get("busy")
        while True:
            ASKING
"""

OFFERED = """
[contributes]
services = ["busy"]
[limits]
cpu = 0.1
[[permissions]]
resource = "events"
actions = ["listen"]
"""

REQUIRED = """
[requires]
busy = ">=1.0"
[contributes]
events = ["now"]
"""

SECONDS = 12.0
"""Asked without end, it would have used what it may of half a minute, which is three seconds, after four."""


@pytest.mark.parametrize("asking", ["await busy.work(0.03)", 'await self.context.events.emit("now")'])
async def test_who_is_asked_without_end_is_not_stopped_for_it(profile, build, running, asking):
    profile.install(
        build("busy", code=OFFERS, isolation="worker", more=OFFERED),
        build("asks", code=ASKS.replace("ASKING", asking), isolation="worker", more=REQUIRED),
    )
    profile.enable("busy", "asks", isolation="worker")
    host = await running()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        status = host.plugins.status("busy")
        assert status.state == "active", status.problem
        await asyncio.sleep(0.1)
    assert (status.errors, host.plugins.status("asks").state) == (0, "active")
