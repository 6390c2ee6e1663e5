"""Plugins in workers, as a host sees them: hooks, commands, events, their life and their end."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.errors import UsageError

from tests.support.counting import Specs, code, hookspec
from tests.support.speakers import Speaker


async def test_hooks_of_workers_keep_the_order_and_the_meaning_that_they_have_inline(workers):
    host = await workers(a=code(1), b=code(2))
    assert await host.call.counted(number=10) == [12, 11]
    assert await host.call.first(number=1) == 1
    assert await host.call.first(number=7) is None
    assert await host.call.piped(text="x") == "x21"
    assert await host.call.plain(number=1) == [3, 2]
    pids = await host.call.plain(number=0)
    assert len(set(pids)) == 2


async def test_commands_of_workers_run_there_with_a_source_that_answers(workers):
    host = await workers(a=code(1))
    speaker = Speaker()
    assert await host.commands.dispatch("where1 in the world", speaker)
    (pid,) = await host.call.plain(number=0)
    assert speaker.answers == [f"{pid} in the world"]


MIXED = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl(tryfirst=True)
    async def counted(self, number: int):
        return -number

    @hookimpl(trylast=True)
    def piped(self, text: str):
        return f"<{text}>"
"""


@pytest.mark.slow
async def test_workers_and_plugins_of_the_hosts_process_are_called_as_one(profile, build, running):
    profile.install(
        build("a", code=code(1).replace("@command", "#"), isolation="worker"),
        build("b", code=MIXED),
        build("c", code=code(3).replace("@command", "#"), isolation="worker"),
    )
    profile.enable("a", "c", isolation="worker")
    profile.enable("b")
    host = await running(specs=Specs())
    assert [host.plugins.status(name).isolation for name in "abc"] == ["worker", "inline", "worker"]
    assert await host.call.counted(number=5) == [-5, 8, 6]
    assert await host.call.piped(text="x") == "<x31>"
    batch = await host.call.counted.batch([{"number": 1}, {"number": 2}])
    assert batch == [[-1, 4, 2], [-2, 5, 3]]
    assert await host.call.piped.batch([{"text": "x"}, {"text": "y"}]) == ["<x31>", "<y31>"]
    assert await host.call.first.batch([{"number": one} for one in (1, 2, 3)]) == [1, None, 3]


FAILING = """
import time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def counted(self, number: int):
        if number == 1:
            raise ValueError("not on Sundays")
        if number == 2:
            raise SystemExit(3)
        if number == 3:
            return "three"
        if number == 4:
            time.sleep(60)
        return number
"""


@pytest.mark.feature("C8", "U39")
async def test_a_failing_worker_is_blamed_with_its_traceback_and_the_others_go_on(workers):
    host = await workers(a=code(1), b=FAILING)
    assert await host.call.counted(number=1) == [2]
    status = host.plugins.status("b")
    assert status.errors == 1
    assert "ValueError in hook counted: not on Sundays" in status.problem
    assert "in counted" in status.error
    assert await host.call.counted(number=2) == [3]
    assert await host.call.counted(number=3) == [4]
    assert "does not fit what is declared" in host.plugins.status("b").problem
    assert await host.call.counted.batch([{"number": 1}, {"number": 7}]) == [[2], [7, 8]]
    assert host.plugins.status("b").errors == 4
    assert await host.call.counted.batch([{"number": 3}, {"number": 7}, {"number": 1}]) == [[4], [7, 8], [2]]
    assert host.plugins.status("b").errors == 6


REFUSED = """
from jackfield import HookimplMarker, Plugin

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def plain(self, number: int): self.context.environment.get("SECRET")

    @hookimpl
    async def counted(self, number: int): self.context.environment.get("SECRET")
"""


@pytest.mark.feature("U39")
@pytest.mark.parametrize("hook", ["plain", "counted"])
async def test_what_a_host_refuses_a_worker_stands_alone_in_the_plugins_traceback(workers, hook):
    host = await workers(a=REFUSED)
    assert await getattr(host.call, hook)(number=1) == []
    told = host.plugins.status("a").error
    assert "may not environment:read" in told
    assert f"in {hook}\n" in told
    assert "During handling of the above exception" not in told  # what its link was at is none of the author's


WRAPPER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl(wrapper=True)
    def plain(self, number):
        return (yield)
"""


GENERATOR = WRAPPER.replace("(wrapper=True)", "").replace("return (yield)", "yield number")


class WithHistory(Specs):
    """One more hook."""

    @hookspec(historic=True)
    def begun(self, number: int) -> None: ...


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (WRAPPER, "cannot implement hook plain in a process of its own: it is a wrapper"),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("plain(self, number)", "living(self, thing)"),
            "cannot implement hook living in a process of its own: argument thing holds object, an object of its",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("number", "weather"),
            "hook plain in a process of its own: it takes weather, which the hook does not have (the hook has number)",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("plain", "plian"),
            "the application has no such hook (did you mean plain? marked optionalhook=True it is left out where there",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("plain", "unheard_of"),
            "cannot implement hook unheard_of in a process of its own: the application has no such hook (it has ",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("def plain", "async def plain"),
            "it is async def, and the spec is def",
        ),
        (
            GENERATOR,
            "cannot implement hook plain in a process of its own: it is a generator, which is no data (return a",
        ),
        (
            GENERATOR.replace("yield", "return").replace("number):", "number, /):"),
            "it has some that cannot (leave out the / in its parameters)",
        ),
        (
            GENERATOR.replace("def plain", "async def plain"),
            "cannot implement hook plain in a process of its own: it is a generator, which is no data (return a list)",
        ),
        (
            GENERATOR.replace("plain(self, number)", "begun(self, number)").replace("yield", "return"),
            "cannot implement hook begun in a process of its own: it is historic: its calls are made again while",
        ),
    ],
)
async def test_what_cannot_be_called_from_another_process_says_so_when_it_comes_up(profile, build, running, text, why):
    profile.install(build("a", code=text.replace("return (yield)", "return None") if "wrapper=" not in text else text))
    profile.enable("a", isolation="worker")
    host = await running(specs=WithHistory())
    status = host.plugins.status("a")
    assert status.state == "failed"
    assert why in status.problem


def test_a_synchronous_call_waits_for_workers_while_the_loop_does_not_run(profile, build):
    profile.install(
        build("a", code=code(1).replace("@command", "#"), isolation="worker"),
        build("b", code=code(2).replace("@command", "#"), isolation="worker"),
    )
    profile.enable("a", "b", isolation="worker")
    loop = asyncio.new_event_loop()

    async def made():
        host = profile.host(specs=Specs())
        await host.start()
        return host

    try:
        host = loop.run_until_complete(made())
        assert host.hook.plain(number=1) == [3, 2]
        assert loop.run_until_complete(host.call.plain(number=1)) == [3, 2]
        assert host.hook.plain(number=2) == [4, 3]

        async def here():
            return host.hook.plain(number=1)

        with pytest.raises(UsageError, match=r"the loop would stand still \(await host.call.plain"):
            loop.run_until_complete(here())
        assert host.plugins.status("a").errors == 0
        assert loop.run_until_complete(asyncio.to_thread(lambda: host.hook.plain(number=3))) == [5, 4]
        loop.run_until_complete(host.stop())
    finally:
        loop.close()


HEARS = """
from jackfield import Plugin, listener
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    heard = 0

    @listener("plugin:other:voted")
    async def on_vote(self, event):
        self.heard += event.data["votes"]

    @hookimpl
    def plain(self, number: int):
        return self.heard
"""

SENDS = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def counted(self, number: int):
        await self.context.events.emit("voted", {"votes": number})
"""


@pytest.mark.slow
@pytest.mark.feature("U7")
async def test_listeners_that_a_worker_marks_hear_the_events_of_others(profile, build, running):
    hears = build("hears", code=HEARS, isolation="worker", more='[requires]\nother = "*"\n')
    profile.install(hears, build("other", code=SENDS, more='[contributes]\nevents = ["voted"]\n'))
    profile.enable("hears", isolation="worker")
    profile.enable("other")
    host = await running(specs=Specs())
    await host.call.counted(number=3)
    await host.call.counted(number=4)
    assert await host.call.plain(number=0) == [7]
