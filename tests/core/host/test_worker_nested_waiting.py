"""The same for a host that waits: a synchronous call in the thread of a loop that does not run (C26)."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.led_on import LIMITS, started

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    def asked(self, what: str) -> str: ...

    @hookspec
    async def answered(self, what: str) -> str: ...


ASKS = """
import time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def asked(self, what: str):
        time.sleep(0.6)
        if what == "self":
            time.sleep(60)
        return "a heard " + self.context.blocking.api.ask(what)
"""

ANSWERS = """
import time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def answered(self, what: str):
        time.sleep(60 if what == "loop" else 0.6)
        return what
"""


@pytest.mark.feature("C26", "J26")
@pytest.mark.parametrize(
    ("what", "answers", "stopped"),
    [("slow", ["a heard slow"], ""), ("loop", ["a heard nothing"], "b"), ("self", [], "a")],
)
def test_who_waits_has_its_own_time_and_who_does_not_answer_is_stopped(profile, build, what, answers, stopped):
    profile.install(
        build("a", code=ASKS, isolation="worker", more=LIMITS),
        build("b", code=ANSWERS, isolation="worker", more=LIMITS),
    )
    profile.enable("a", "b", isolation="worker")

    async def start(**options):
        host = profile.host(**options)
        await host.start()
        return host

    with asyncio.Runner() as runner:
        host = runner.run(started(start, Specs()))
        assert host.hook.asked(what=what) == answers
        breaches = {name: host.plugins.record(name).remote.process.breach for name in "ab"}
        assert {name for name, breach in breaches.items() if breach is not None} == set(stopped)
        runner.run(host.stop())
