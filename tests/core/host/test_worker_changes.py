"""A worker may ask for a change of plugins while it is being changed itself, as often as that is (J23)."""

from __future__ import annotations

import pytest

MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\nreason = "to help"\n'
HELPED = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.load("helper")
"""
HELPER = """
from jackfield import Plugin

class Main(Plugin):
    pass
"""


@pytest.mark.feature("J23")
async def test_one_that_loads_another_one_when_it_is_enabled_does_so_each_time(profile, build, running):
    helped = build("a", code=HELPED, isolation="worker", more=MANAGES)
    profile.install(helped, build("helper", code=HELPER, isolation="worker"))
    profile.enable("a", "helper", isolation="worker")
    host = await running()
    for _ in range(2):
        assert [host.plugins.status(name).state for name in ("a", "helper")] == ["active", "active"]
        await host.disable("a")
        await host.unload("helper")
        assert [host.plugins.status(name).state for name in ("a", "helper")] == ["idle", "unloaded"]
        await host.enable("a")
    assert host.plugins.status("a").errors == 0
