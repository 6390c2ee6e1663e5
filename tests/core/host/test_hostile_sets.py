"""Sets and decimals that a worker hands to its host in any way are held to their bounds, and its host goes on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Permission
from jackfield.rpc.plain import KEYS

hookspec = HookspecMarker("chat")

pytestmark = [pytest.mark.slow, pytest.mark.feature("C26")]


class Specs:
    """Hooks of an application."""

    @hookspec
    async def voters(self, count: int) -> set[int]: ...

    @hookspec
    async def rounds(self, count: int) -> dict[str, frozenset[int]]: ...

    @hookspec
    async def price(self, digits: int) -> Decimal: ...

    @hookspec
    async def tell(self, count: int) -> None: ...


HOSTILE = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def voters(self, count: int):
        return list(range(count))

    @hookimpl
    def rounds(self, count: int):
        return {name: list(range(count)) for name in "ab"}

    @hookimpl
    def price(self, digits: int):
        return f"1e{digits}"

    @hookimpl
    async def tell(self, count: int):
        await self.context.events.emit("voted", {"names": list(range(count))})
"""

HEARS = """
import msgspec
from jackfield import Plugin
from jackfield.api import EventType

class Voters(msgspec.Struct):
    names: set[int]

VOTED = EventType("plugin:mallory:voted", Voters)

class Main(Plugin):
    def on_enable(self):
        self.context.events.on(VOTED, self.hear)

    async def hear(self, event):
        await self.context.storage.set("heard", len(event.data.names))
"""

NEEDS = '[requires]\nmallory = "*"\n'
KEEPS = Permission("storage", ("read", "write"))
ASKS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'


async def test_sets_and_decimals_of_a_worker_are_bounded_in_answers_and_events(profile, build, running):
    profile.install(
        build("mallory", code=HOSTILE, isolation="worker", more='[contributes]\nevents = ["voted"]\n'),
        build("bob", code=HEARS, isolation="any", more=NEEDS, permissions=ASKS),
    )
    profile.enable("mallory", isolation="worker")
    profile.enable("bob", isolation="inline", permissions=[KEEPS])
    host = await running(specs=Specs())
    assert host.plugins.status("bob").state == "active", host.plugins.status("bob")
    storage = host.plugins.record("bob").wiring.context.storage

    assert await host.call.voters(count=KEYS - 10) == [set(range(KEYS - 10))]
    assert await host.call.rounds(count=KEYS // 2) == [dict.fromkeys("ab", frozenset(range(KEYS // 2)))]
    assert await host.call.price(digits=6000) == [Decimal("1e6000")]
    await host.call.tell(count=KEYS - 10)
    assert await storage.get("heard") == KEYS - 10

    before = host.usage.one("mallory").errors
    assert await host.call.voters(count=KEYS + 1) == []
    assert await host.call.rounds(count=KEYS - 10) == [], "two that are as large as one may be"
    assert await host.call.price(digits=999_999_999) == []
    assert host.usage.one("mallory").errors == before + 3
    await host.call.tell(count=KEYS + 1)
    assert await storage.get("heard") == KEYS - 10, "nobody was told of it"
    assert host.plugins.status("mallory").state == host.plugins.status("bob").state == "active"
