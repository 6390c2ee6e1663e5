"""`context.api` in a plugin's process, made from a protocol: what is awaited, what waits, what is a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jackfield.errors import PermissionDenied
from jackfield.runtime import Whole

from tests.support.plain_workers import plain_worker

CODE = """
from dataclasses import dataclass
from typing import Protocol
from jackfield import Plugin
from jackfield.worker.facets import Asking, make_api
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

@dataclass
class Knock:
    times: int
    by: str = ""

class Inner(Protocol):
    async def add(self, one: int, *, two: int = 2) -> int: ...
    @property
    def colour(self) -> str: ...

class Door(Protocol):
    async def knock(self, knock: Knock) -> Knock: ...
    def now(self) -> int: ...
    @property
    def inner(self) -> Inner: ...
    async def locked(self) -> None: ...

class Main(Plugin):
    def made(self, api_type):
        inside = self.context.inside
        return make_api(Asking("weather", inside.calls, inside.handlers), api_type)

    @hookimpl
    async def typed(self) -> list:
        api = self.made("chat_weather:Door")
        knock = await api.knock(Knock(3))
        return [type(knock).__name__, knock.by, api.now(), await api.inner.add(1), await api.inner.add(one=1, two=5),
                api.inner.colour, sorted(dir(api))]

    @hookimpl
    async def untyped(self) -> list:
        api = self.made("")
        return [await api.rooms.open("lobby", loud=True)]

    @hookimpl
    async def refused(self) -> None:
        await self.made("chat_weather:Door").locked()

    @hookimpl
    def wrong(self) -> list:
        api, told = self.made("chat_weather:Door"), []
        for reach in (lambda: api.secret, lambda: api.inner.secret, lambda: api.__wrapped__, lambda: api.now(5)):
            try:
                reach()
            except (AttributeError, TypeError) as error:
                told.append(str(error))
        return told
"""


def knock(knock: dict[str, Any]) -> dict[str, Any]:
    return {**knock, "by": "the host"}


def now() -> int:
    return 7


def add(one: int, two: int = 2) -> int:
    return one + two


def colour() -> str:
    return "red"


def locked() -> None:
    raise PermissionDenied("weather may not doors:open", plugin="weather", hint="ask")


def call(path: list[str], arguments: list[Any], keywords: dict[str, Any]) -> Whole:
    return Whole([path, arguments, keywords])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "api.knock": knock,
    "api.now": now,
    "api.inner.add": add,
    "api.inner.colour": colour,
    "api.locked": locked,
    "api.call": call,
}


@pytest.mark.feature("C15")
async def test_a_protocol_says_what_is_there_and_in_which_types(tmp_path):
    async with plain_worker(tmp_path, CODE, FUNCTIONS) as worker:
        await worker.load({"typed": "", "untyped": "", "refused": "", "wrong": ""})
        told = await worker.line.call("hook.typed", {})
        assert told == ["Knock", "the host", 7, 3, 6, "red", ["inner", "knock", "locked", "now"]]
        assert await worker.line.call("hook.untyped", {}) == [[["rooms", "open"], ["lobby"], {"loud": True}]]
        with pytest.raises(PermissionDenied, match="weather may not doors:open") as caught:
            await worker.line.call("hook.refused", {})
        assert caught.value.hint == "ask"
        first, second, third, fourth = await worker.line.call("hook.wrong", {})
        assert first == "Access to secret is not allowed: Door has no such part that can cross"
        assert second == "Access to secret is not allowed: Door.inner has no such part that can cross"
        assert third == "__wrapped__"
        assert "too many positional arguments" in fourth
