"""A plugin has no other one's code run by asking for what it may not use."""

from __future__ import annotations

import pytest
from jackfield.errors import PermissionDenied, PluginError
from jackfield.permissions import Permission

from tests.support.waiting import until
from tests.support.wheels import manifest_text

pytestmark = [pytest.mark.slow, pytest.mark.feature("K2", "C5")]

OFFERS = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("geo", self)

    async def find(self):
        return self.context.plugin_id
"""
ASKS = """
from jackfield import Plugin

class Main(Plugin):
    pass
"""
CALL = '[[permissions]]\nresource = "services"\nactions = ["call"]\n'


@pytest.fixture
async def host(profile, build, running):
    """Two plugins that sleep until their service `geo` is used, and three that ask for it."""
    asleep = []
    for name in ("sleeps", "dozes"):
        text = manifest_text(name, more='[contributes]\nservices = ["geo"]\n')
        asleep.append(build(name, code=OFFERS, manifest=text.replace("\n\n", '\nactivation = "demand"\n\n', 1)))
    profile.install(
        *asleep,
        build("anybody", code=ASKS),
        build("requiring", code=ASKS, more='[requires]\ndozes = "*?"\n'),
        build("calling", code=ASKS, permissions=CALL),
    )
    profile.enable("sleeps", "dozes", "anybody", "requiring")
    profile.enable("calling", permissions=[Permission("services", ("call",))])
    return await running()


def awake(host) -> list[str]:
    return [name for name in ("dozes", "sleeps") if host.plugins.status(name).state == "active"]


async def find(host, plugin: str, service: str) -> str:
    handle = await host.plugins.record(plugin).wiring.context.services.require(service)
    found: str = await handle.find()
    return found


@pytest.mark.parametrize("service", ["geo", "sleeps:geo", "dozes:geo"])
async def test_without_permission_or_requirement_nobody_is_woken(host, service):
    with pytest.raises((PermissionDenied, PluginError)):
        await find(host, "anybody", service)
    assert awake(host) == []


async def test_who_requires_one_wakes_that_one_alone(host):
    with pytest.raises((PermissionDenied, PluginError)):
        await find(host, "requiring", "sleeps:geo")
    assert awake(host) == []
    assert await find(host, "requiring", "geo") == "dozes"
    assert awake(host) == ["dozes"]


async def test_who_may_call_any_wakes_the_one_that_it_names(host):
    assert await find(host, "calling", "sleeps:geo") == "sleeps"
    assert awake(host) == ["sleeps"]


SENDS = """
from jackfield import Plugin

class Main(Plugin):
    pass
"""
HEARS = """
from jackfield import Plugin, listener

class Main(Plugin):
    @listener("plugin:sends:tick")
    def heard(self, event):
        pass
"""
LISTEN = '[[permissions]]\nresource = "events"\nactions = ["listen"]\n'


@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_a_marked_listener_wakes_the_sender_when_it_may_hear_it_and_not_before(
    profile, build, running, isolation
):
    text = manifest_text("sends", more='[contributes]\nevents = ["tick"]\n')
    profile.install(
        build("sends", code=SENDS, manifest=text.replace("\n\n", '\nactivation = "demand"\n\n', 1)),
        build("hears", code=HEARS, permissions=LISTEN, isolation="any"),
    )
    profile.enable("sends")
    profile.enable("hears", isolation=isolation, permissions=[])
    host = await running()
    assert host.plugins.status("hears").state == "active"
    assert [what for what, _ in host.plugins.record("hears").wiring.listeners.unheard] == [
        "the listener of plugin:sends:tick"
    ]
    await host.reload_changes()  # in whose turn it would have come up by now
    assert host.plugins.status("sends").state != "active"
    profile.enable("hears", isolation=isolation, permissions=[Permission("events", ("listen",))])
    await host.reload_changes()
    await until(lambda: host.plugins.status("sends").state == "active")
