"""Changes that a plugin asks for while it is changed itself hold when the change that they are within has ended."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["read", "manage"]\n'
HELPER = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await asyncio.sleep(0.1)
"""
GOES = """
from jackfield import Plugin

class Main(Plugin):
    async def on_disable(self):
        await self.context.plugins.{order}("helper")
"""
RELOADS = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.reload("helper")
"""
NEEDS = '[requires]\nhelper = ">=1.0"\n'

ISOLATIONS = pytest.mark.parametrize("isolation", ["inline", "worker"])


@pytest.fixture
def started(profile, build, running):
    """Start a host with `a`, its helper, and one that needs the helper, all of one isolation."""

    async def start(code: str, isolation: str):
        profile.install(
            build("a", code=code, isolation="any", permissions=MANAGES),
            build("helper", code=HELPER, isolation="any"),
            build(
                "needs", code="from jackfield import Plugin\n\nclass Main(Plugin): ...\n", isolation="any", more=NEEDS
            ),
        )
        profile.enable("a", "helper", "needs", isolation=isolation)
        return await running()

    return start


def states(host) -> dict[str, str]:
    return {one.id: str(one.state) for one in host.plugins.list()}


@ISOLATIONS
@pytest.mark.feature("J19", "J23")
async def test_what_is_unloaded_in_on_disable_stays_down(started, isolation):
    host = await started(GOES.format(order="unload"), isolation)
    assert states(host) == {"a": "active", "helper": "active", "needs": "active"}
    await host.disable("a")
    assert states(host) == {"a": "idle", "helper": "unloaded", "needs": "blocked"}
    assert host.plugins.status("helper").note == "was unloaded by a"
    await host.reload_changes()
    assert states(host)["helper"] == "unloaded"
    await host.load("helper")
    assert states(host)["helper"] == "active"


@ISOLATIONS
@pytest.mark.feature("J23")
async def test_what_is_disabled_in_on_disable_stays_down(started, isolation):
    host = await started(GOES.format(order="disable"), isolation)
    await host.disable("a")
    assert states(host)["helper"] == "idle"
    assert not host.plugins.status("helper").enabled
    await host.enable("helper")
    assert states(host) == {"a": "idle", "helper": "active", "needs": "active"}


@pytest.mark.feature("J19", "J23")
async def test_what_is_unloaded_in_on_disable_of_an_update_stays_down(started, profile, build):
    code = GOES.format(order="unload")
    host = await started(code, "inline")
    profile.install(
        build("a", "1.1.0", code=code, isolation="any", permissions=MANAGES),
        build("helper", code=HELPER, isolation="any"),
        build("needs", code="from jackfield import Plugin\n\nclass Main(Plugin): ...\n", isolation="any", more=NEEDS),
    )
    profile.enable("a")
    await host.reload_changes()
    assert states(host) == {"a": "active", "helper": "unloaded", "needs": "blocked"}
    assert host.plugins.status("a").version == "1.1.0"


@ISOLATIONS
@pytest.mark.feature("M24", "J23")
async def test_what_is_reloaded_in_on_enable_of_the_same_start_is_active(started, isolation):
    host = await started(RELOADS, isolation)
    assert states(host) == {"a": "active", "helper": "active", "needs": "active"}
    assert host.plugins.status("helper").errors == 0
