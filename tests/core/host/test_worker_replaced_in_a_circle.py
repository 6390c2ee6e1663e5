"""A callback of a plugin that is replaced calls others, and what they do comes back to that plugin: nobody hangs."""

from __future__ import annotations

from time import monotonic

import pytest

pytestmark = pytest.mark.slow

LIMITS = '[limits]\ncall = "1s"\n'
CALLS = 'await (await self.context.services.get("first")).go()'
BEGINS = """
from jackfield import Plugin, listener

class Main(Plugin):
    async def on_enable(self):
        ON_ENABLE

    async def on_disable(self):
        ON_DISABLE

    @listener("plugin:LAST:ping")
    def heard(self, event):
        pass
"""
OFFERS = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("first", self)

    async def go(self) -> None:
        await self.context.events.emit("ping", {"number": 1})
"""
HEARS = """
from jackfield import Plugin, listener

class Main(Plugin):
    @listener("plugin:b:ping")
    async def heard(self, event):
        await self.context.events.emit("ping", {"number": 1})
"""


def begins(last: str, **does: str) -> str:
    """Return the code of the plugin that is replaced; its callbacks do this, and it hears what the last one sends."""
    text = BEGINS.replace("LAST", last)
    for name in ("on_enable", "on_disable"):
        text = text.replace(name.upper(), does.get(name, "pass"))
    return text


@pytest.mark.feature("C26", "M36")
@pytest.mark.parametrize("change", ["reload", "update"])
@pytest.mark.parametrize("callback", ["on_enable", "on_disable"])
@pytest.mark.parametrize("last", ["b", "c"], ids=["two workers", "three"])
async def test_who_a_callback_calls_does_not_wait_for_the_end_of_that(profile, build, running, change, callback, last):
    text = begins(last, **{callback: CALLS})
    needs = LIMITS + '[requires]\nb = "*"\nc = "*"\n'
    sends = 'events = ["ping"]\n' + LIMITS
    others = (
        build("b", code=OFFERS, isolation="worker", more='[contributes]\nservices = ["first"]\n' + sends),
        build("c", code=HEARS, isolation="worker", more="[contributes]\n" + sends + '[requires]\nb = "*"\n'),
    )
    profile.install(build("a", code=text, isolation="worker", more=needs), *others)
    profile.enable("a", "b", "c", isolation="worker")
    host = await running()
    assert host.plugins.status("a").state == "active", host.plugins.status("a")
    began = monotonic()
    if change == "reload":
        await host.reload("a")
    else:
        profile.install(build("a", "1.1.0", code=text, isolation="worker", more=needs), *others)
        await host.reload_changes()
        assert host.plugins.status("a").version == "1.1.0"
    assert monotonic() - began < 4, "the time of a call that stands still for one other, and no more"
    assert host.plugins.status("a").state == "active", host.plugins.status("a")
