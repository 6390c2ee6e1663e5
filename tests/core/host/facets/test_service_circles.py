"""Services that call each other without end are refused by name, soon, and hurt nobody."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.speakers import Speaker

PERMISSIONS = """
[[permissions]]
resource = "commands"
actions = ["register"]
[[permissions]]
resource = "services"
actions = ["provide", "call"]
"""
CODE = """
import asyncio
from jackfield import Plugin, command

class Ping:
    def __init__(self, context):
        self.context = context

    async def ping(self, depth: int) -> int:
        if depth == 0:
            await asyncio.sleep(0.2)
            return 0
        other = await self.context.services.require("NEXT:ping")
        return await other.ping(depth - 1)

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("ping", Ping(self.context))

    @command("go-OWN")
    async def go(self, source, depth: int, times: int):
        other = await self.context.services.require("NEXT:ping")
        answers = await asyncio.gather(*(other.ping(depth) for _ in range(times)), return_exceptions=True)
        await source.reply("; ".join(sorted({str(one) for one in answers})))
"""


@pytest.fixture
def circle(profile, build, running):
    async def start(isolation: str, *names: str):
        wheels = []
        for own, following in zip(names, (*names[1:], names[0]), strict=True):
            code = CODE.replace("OWN", own).replace("NEXT", following)
            more = f'[contributes]\ncommands = [{{ name = "go-{own}", usage = "go-{own} <depth> <times>" }}]\n'
            wheels.append(build(own, code=code, isolation="any", permissions=PERMISSIONS, more=more))
        profile.install(*wheels)
        profile.enable(*names, isolation=isolation)
        return await running()

    return start


async def ask(host, text: str) -> str:
    source = Speaker()
    async with asyncio.timeout(20):
        assert await host.commands.dispatch(text, source)
    return source.answers[0]


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.feature("U28")
async def test_a_circle_is_refused_with_its_names_and_blamed_once(circle, isolation):
    host = await circle(isolation, "a", "b", "c")
    told = await ask(host, "go-a 100000 1")
    assert "service ping.ping of" in told
    assert "is called in a circle that does not end:" in told
    assert any(way in told for way in ("a → b → c → a", "b → c → a → b", "c → a → b → c"))
    assert [host.plugins.status(one).state for one in "abc"] == ["active"] * 3
    assert sum(host.plugins.status(one).errors for one in "abc") == 1
    assert await ask(host, "go-a 10 1") == "0", "nothing of it is left"


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.feature("U28")
async def test_many_calls_at_once_and_calls_back_and_forth_are_no_circle(circle, isolation):
    host = await circle(isolation, "a", "b")
    assert await ask(host, "go-a 0 200") == "0"
    assert await ask(host, "go-a 40 1") == "0"
    assert [host.plugins.status(one).errors for one in "ab"] == [0, 0]
