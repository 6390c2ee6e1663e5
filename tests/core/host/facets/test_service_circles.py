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
    async def start(isolation: str, *names: str, code: str = CODE):
        wheels = []
        for own, following in zip(names, (*names[1:], names[0]), strict=True):
            own_code = code.replace("OWN", own).replace("NEXT", following)
            more = f'[contributes]\ncommands = [{{ name = "go-{own}", usage = "go-{own} <what> <times>" }}]\n'
            wheels.append(build(own, code=own_code, isolation="any", permissions=PERMISSIONS, more=more))
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


BACK = """
import asyncio
from jackfield import Plugin, command

class Names:
    def __init__(self, context):
        self.context = context

    async def look(self, number: int) -> str:
        other = await self.context.services.require("NEXT:names")
        return await other.name(number)

    async def name(self, number: int) -> str:
        await asyncio.sleep(0.5)
        return str(number)

    async def turn(self, left: int) -> None:
        if left:
            other = await self.context.services.require("NEXT:names")
            self.context.scheduler.start(other.turn(left - 1))
        else:
            Main.over.set()

class Main(Plugin):
    async def on_enable(self):
        Main.over = asyncio.Event()
        self.context.services.provide("names", Names(self.context))

    @command("go-OWN")
    async def go(self, source, what: str, times: int):
        other = await self.context.services.require("NEXT:names")
        if what == "turns":
            await other.turn(times)
            await Main.over.wait()
            return await source.reply("over")

        async def look(number):
            await asyncio.sleep(0.001 * number)
            return await other.look(number)

        answers = await asyncio.gather(*map(look, range(times)), return_exceptions=True)
        await source.reply("; ".join(sorted({str(one) for one in answers if isinstance(one, Exception)})) or "fine")
"""


@pytest.mark.parametrize(("isolation", "times"), [("inline", 300), ("worker", 120)])
@pytest.mark.feature("U28")
async def test_many_calls_side_by_side_that_each_call_back_are_no_circle(circle, isolation, times):
    host = await circle(isolation, "a", "b", code=BACK)
    assert await ask(host, f"go-a side {times}") == "fine"
    assert [host.plugins.status(one).errors for one in "ab"] == [0, 0]


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.feature("U28")
async def test_plugins_that_have_each_other_go_on_later_are_no_circle(circle, isolation):
    host = await circle(isolation, "a", "b", code=BACK)
    assert await ask(host, "go-a turns 401") == "over"
    assert [host.plugins.status(one).errors for one in "ab"] == [0, 0]


@pytest.mark.feature("U28")
async def test_a_circle_of_many_plugins_is_refused_before_python_refuses_it(circle):
    names = [f"p{number}" for number in range(8)]
    host = await circle("inline", *names)
    assert "is called in a circle that does not end:" in await ask(host, "go-p0 100000 1")
    assert sum(host.plugins.status(one).errors for one in names) == 1
