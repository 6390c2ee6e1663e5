"""A host that waits synchronously has its time back though the plugin waits for what never comes (J25)."""

from __future__ import annotations

import asyncio
import time

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.led_on import LIMITS, started

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    def asked(self, what: str) -> str: ...


READS = """
[[permissions]]
resource = "plugins"
actions = ["read"]
"""

WAITS = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def asked(self, what: str):
        if what == "nobody":
            self.context.blocking.plugins.wait_for("nobody")
        return what
"""


@pytest.mark.feature("J25", "J26")
def test_who_waits_for_a_plugin_has_its_time_back_whatever_that_waits_for(profile, build):
    profile.install(build("a", code=WAITS, isolation="worker", more=LIMITS, permissions=READS))
    profile.enable("a", isolation="worker")

    async def start(**options):
        host = profile.host(**options)
        await host.start()
        return host

    with asyncio.Runner() as runner:
        host = runner.run(started(start, Specs(), "a"))
        assert host.hook.asked(what="here") == ["here"]
        began = time.monotonic()
        assert host.hook.asked(what="nobody") == []
        assert time.monotonic() - began < 30
        runner.run(host.stop())
