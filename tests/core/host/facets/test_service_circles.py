"""Services that call each other without end are refused by name, soon, and hurt nobody."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


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
    calls = 0

    def __init__(self, context):
        self.context = context

    async def ping(self, depth: int) -> int:
        Ping.calls += 1
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

    @command("calls-OWN")
    async def calls(self, source):
        await source.reply(str(Ping.calls))
"""
PLAIN = (
    CODE.replace("async def ping", "def ping")
    .replace("await asyncio.sleep(0.2)", "pass")
    .replace(
        """await self.context.services.require("NEXT:ping")
        return await""",
        """self.context.blocking.services.require("NEXT:ping")
        return""",
    )
)
SAYS = """
from typing import Any
from jackfield.worker.facets.asking import Asking

whole = Asking.whole

async def says(self, method, arguments, answer=Any):
    if method == "services.call":
        arguments = {key: value for key, value in arguments.items() if key != "within"} | SAID
    return await whole(self, method, arguments, answer)

Asking.whole = says
"""
"""Has a worker say what it likes of the call within which it makes another one."""
OLDER = SAYS.replace("SAID", "{}") + CODE
LIAR = SAYS.replace("SAID", '{"within": 0}') + CODE
ROUNDS = 30


@pytest.fixture
def circle(profile, build, running):
    async def start(isolation: str, *names: str, code: str = CODE, **codes: str):
        wheels = []
        for own, following in zip(names, (*names[1:], names[0]), strict=True):
            own_code = codes.get(own, code).replace("OWN", own).replace("NEXT", following)
            declared = (f'{{ name = "{one}-{own}", usage = "{one}-{own}" }}' for one in ("go", "calls"))
            more = f"[contributes]\ncommands = [{', '.join(declared)}]\n"
            wheels.append(build(own, code=own_code, isolation="any", permissions=PERMISSIONS, more=more))
        profile.install(*wheels)
        profile.enable(*names, isolation=isolation)
        return await running()

    return start


async def ask(host, text: str) -> str:
    source = Speaker()
    async with asyncio.timeout(60):
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


@pytest.mark.parametrize(("isolation", "code"), [("inline", CODE), ("worker", CODE), ("worker", PLAIN)])
@pytest.mark.feature("U28")
async def test_thirty_rounds_within_each_other_are_answered_and_one_more_is_refused(circle, isolation, code):
    host = await circle(isolation, "a", "b", code=code)
    assert await ask(host, f"go-a {2 * ROUNDS - 1} 1") == "0"
    told = await ask(host, f"go-a {2 * ROUNDS} 1")
    assert "service ping.ping of b is called in a circle that does not end: a → b → a → b" in told or told.endswith(
        "service ping.ping of b is called in a circle that does not end: a → b → a"
    )
    made = int(await ask(host, "calls-a")) + int(await ask(host, "calls-b"))
    assert made == 2 * 2 * ROUNDS, "the call that was too many was not made"


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.feature("U28")
async def test_a_plugin_that_calls_its_own_service_without_end_is_refused_too(circle, isolation):
    host = await circle(isolation, "a")
    assert (await ask(host, "go-a 100000 1")).endswith("is called in a circle that does not end: a → a")
    assert host.plugins.status("a").state == "active"


@pytest.mark.feature("U28")
async def test_processes_that_do_not_say_within_which_call_they_make_one_are_refused_by_how_many_wait(circle):
    host = await circle("worker", "a", "b", code=OLDER)
    assert await ask(host, "go-a 40 1") == "0"
    told = await ask(host, "go-a 100000 1")
    assert "is called in a circle that does not end:" in told
    assert any(way in told for way in ("a → b → a", "b → a → b"))
    assert [host.plugins.status(one).state for one in "ab"] == ["active"] * 2
    assert await ask(host, "go-a 10 1") == "0"


@pytest.mark.feature("U28")
async def test_a_process_that_lies_about_it_hurts_neither_its_host_nor_who_answers_it(circle):
    host = await circle("worker", "a", "b", a=LIAR)
    assert await ask(host, "go-a 20 1") == "0"
    assert "a call within a call of a service gets no turn" in await ask(host, "go-a 100000 1")
    status = [host.plugins.status(one) for one in "ab"]
    assert [(one.state, one.errors) for one in status] == [("active", 0)] * 2, "nobody was stopped or blamed"
    assert await ask(host, "go-a 20 1") == "0"


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


@pytest.mark.parametrize(("isolation", "times"), [("inline", 300), ("worker", 300)])
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
