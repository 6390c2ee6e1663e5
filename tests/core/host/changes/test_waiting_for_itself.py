"""A plugin that asks in one of its callbacks for what cannot be before that callback has returned."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow


MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["read", "manage"]\n'
EMITS = '[[permissions]]\nresource = "events"\nactions = ["emit"]\n'
STARTS = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.events.emit("started", {})
"""
HEARS = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.context.events.on("plugin:a:started", self.heard)

    def heard(self, event):
        self.context.logger.warning("heard")
"""
ISOLATIONS = pytest.mark.parametrize("isolation", ["inline", "worker"])


def states(host) -> dict[str, str]:
    return {one.id: str(one.state) for one in host.plugins.list()}


@ISOLATIONS
@pytest.mark.feature("K24")
async def test_an_event_of_on_enable_wakes_who_requires_its_sender(profile, build, running, caplog, isolation):
    more = '[requires]\na = ">=1.0"\n[contributes]\nlistens = ["plugin:a:started"]\n'
    text = manifest_text("b", isolation="any", more=more).replace("\n\n", '\nactivation = "demand"\n\n', 1)
    profile.install(build("a", code=STARTS, isolation="any", permissions=EMITS), build("b", code=HEARS, manifest=text))
    profile.enable("a", "b", isolation=isolation)
    async with asyncio.timeout(4):
        host = await running()
    assert states(host)["a"] == "active"
    await host.plugins.wait_for("b", timeout_seconds=4)
    assert "b misses what on_enable of a uses of it: it requires a" in caplog.text
    await host.reload("a")
    assert states(host) == {"a": "active", "b": "active"}


ASKS = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        try:
            await self.context.plugins.{order}
        except Exception as error:  # of whatever kind: the test looks whether it was told, and that nothing waits
            self.context.logger.warning("%s", error)
"""
NEEDS_A = '[requires]\na = ">=1.0"\n'


@ISOLATIONS
@pytest.mark.feature("J17", "J20", "J23")
@pytest.mark.parametrize(
    ("order", "needs", "refused"),
    [
        ("load('b')", NEEDS_A, "b cannot be loaded before on_enable of a has returned"),
        ("disable('a')", "", "a cannot be disabled before on_enable of a has returned"),
    ],
)
async def test_what_would_wait_for_the_callback_that_asks_is_refused_at_once(
    profile, build, running, caplog, isolation, order, needs, refused
):
    profile.install(
        build("a", code=ASKS.format(order=order), isolation="any", permissions=MANAGES),
        build("b", code="from jackfield import Plugin\n\nclass Main(Plugin): ...\n", isolation="any", more=needs),
    )
    profile.enable("a", "b", isolation=isolation)
    profile.disable("b")
    async with asyncio.timeout(4):
        host = await running()
    assert states(host) == {"a": "active", "b": "found"}
    assert refused in caplog.text
    await host.enable("b")
    assert states(host) == {"a": "active", "b": "active"}
    await host.disable("a")
    assert states(host)["a"] == "idle"


@ISOLATIONS
@pytest.mark.feature("J23", "M24")
@pytest.mark.parametrize("order", ["reload", "unload", "disable"])
async def test_who_requires_a_plugin_cannot_take_it_down_in_its_own_on_enable(
    profile, build, running, caplog, isolation, order
):
    profile.install(
        build("a", code="from jackfield import Plugin\n\nclass Main(Plugin): ...\n", isolation="any"),
        build("b", code=ASKS.format(order=f"{order}('a')"), isolation="any", permissions=MANAGES, more=NEEDS_A),
    )
    profile.enable("a", "b", isolation=isolation)
    async with asyncio.timeout(4):
        host = await running()
    assert states(host) == {"a": "active", "b": "active"}
    assert f"a cannot be {order.removesuffix('e').removesuffix('ed')}" in caplog.text


QUIET = "from jackfield import Plugin\n\nclass Main(Plugin): ...\n"


@ISOLATIONS
@pytest.mark.feature("J17")
@pytest.mark.parametrize("circle", [("a", "b"), ("a", "b", "c")])
async def test_plugins_that_load_each_other_in_on_enable_wait_for_nothing(
    profile, build, running, caplog, isolation, circle
):
    following = dict(zip(circle, (*circle[1:], circle[0]), strict=True))
    profile.install(
        *(
            build(one, code=ASKS.format(order=f"load({other!r})"), isolation="any", permissions=MANAGES)
            for one, other in following.items()
        )
    )
    profile.enable(*circle, isolation=isolation)
    async with asyncio.timeout(4):
        host = await running()
    assert states(host) == dict.fromkeys(circle, "active")
    assert "which asks for it and for which" in caplog.text
    async with asyncio.timeout(4):
        for one in circle:
            await host.disable(one)
        for one in circle:
            await host.enable(one)
    assert states(host) == dict.fromkeys(circle, "active")


@ISOLATIONS
@pytest.mark.feature("J17")
async def test_who_waits_for_another_to_come_up_keeps_it_from_no_change_of_its_own(
    profile, build, running, caplog, isolation
):
    profile.install(
        build("a", code=ASKS.format(order="load('helper')"), isolation="any", permissions=MANAGES),
        build("b", code=ASKS.format(order="load('a')"), isolation="any", permissions=MANAGES),
        build("helper", code=QUIET, isolation="any"),
    )
    profile.enable("a", "b", "helper", isolation=isolation)
    profile.disable("helper")
    async with asyncio.timeout(4):
        host = await running()
    assert states(host) == {"a": "active", "b": "active", "helper": "active"}
    assert "cannot be loaded" not in caplog.text
