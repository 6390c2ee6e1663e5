"""Plugins in workers, as a host sees them: hooks, commands, events, their life and their end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from jackfield.errors import UsageError
from jackfield.hooks import HookspecMarker
from jackfield.host import PluginStatus

from tests.support.speakers import Speaker
from tests.support.waiting import until

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def counted(self, number: int) -> int: ...

    @hookspec(firstresult=True)
    async def first(self, number: int) -> int: ...

    @hookspec(pipeline="text")
    async def piped(self, text: str) -> str: ...

    @hookspec
    def plain(self, number: int) -> int: ...

    @hookspec
    def living(self, thing: object) -> None: ...


DECLARES = "[contributes]\ncommands = [{ name = 'where1' }, { name = 'where2' }]\n"

CODE = """
import os, sys
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.previous = previous

    def on_enable(self):
        self.enabled = True

    def on_unload(self):
        return {"pid": os.getpid()}

    @hookimpl
    def counted(self, number: int):
        return number + ADDED

    @hookimpl
    async def first(self, number: int):
        return number if number == ADDED else None

    @hookimpl
    def piped(self, text: str):
        return text + str(ADDED)

    @hookimpl
    def plain(self, number: int):
        return os.getpid() if number == 0 else number + ADDED

    @command(f"where{ADDED}")
    async def where(self, source, *words: str):
        await source.reply(f"{os.getpid()} {' '.join(words)}")
"""


def code(added: int, more: str = "") -> str:
    return f"ADDED = {added}\n" + CODE + more


@pytest.fixture
def workers(profile, build, running):
    """Start a host whose plugins of these ids run as workers."""

    async def start(**codes: str):
        profile.install(*(build(name, code=text, isolation="worker", more=DECLARES) for name, text in codes.items()))
        profile.enable(*codes, isolation="worker")
        host = await running(specs=Specs())
        for name in codes:
            assert host.plugins.status(name).state == "active", host.plugins.status(name)
        return host

    return start


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


def _alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.feature("C8", "J25")
async def test_the_end_of_a_worker_is_told_and_its_hooks_are_called_no_more(workers):
    host = await workers(a=code(1), b=code(2))
    pid, _ = await host.call.plain(number=0)
    seen: list[PluginStatus] = []
    host.plugins.on_change(seen.append)
    waiting = asyncio.create_task(host.plugins.wait_for("b"))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: seen)
    status = seen[0]
    assert (status.id, status.state) == ("b", "failed")
    assert (status.problem, status.errors) == ("b was killed by SIGKILL", 1)
    assert await host.call.counted(number=1) == [2]
    assert (await waiting).state == "active", "it ran when it was waited for"
    await until(lambda: host.plugins.status("b").state == "active")
    assert await host.call.counted(number=1) == [3, 2], "it is back in its place"


async def test_a_worker_that_dies_while_it_is_called_fails_that_call_alone(workers):
    dies = code(2).replace("return number + ADDED", "os._exit(7) if number else None", 1)
    host = await workers(a=code(1), b=dies)
    seen: list[PluginStatus] = []
    host.plugins.on_change(seen.append)
    assert await host.call.counted(number=1) == [2]
    await until(lambda: seen)
    assert (seen[0].id, seen[0].problem) == ("b", "b ended with exit code 7")
    assert host.usage.one("b").errors >= 1


@pytest.mark.feature("J20")
async def test_reloading_makes_a_new_process_and_unloading_ends_it(workers):
    host = await workers(a=code(1))
    (before,) = await host.call.plain(number=0)
    await host.reload("a")
    (after,) = await host.call.plain(number=0)
    assert before != after
    assert not _alive(before)
    assert await host.unload("a")
    assert not _alive(after)


HANDS_OVER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.votes = previous or {"tea": 1}

    async def on_unload(self):
        return {**self.votes, "coffee": self.votes.get("coffee", 0) + 1}

    @hookimpl
    def plain(self, number: int):
        return self.votes.get("coffee", 0)
"""


@pytest.mark.feature("M36")
async def test_what_a_worker_hands_over_reaches_its_next_one(workers):
    host = await workers(a=HANDS_OVER)
    assert await host.call.plain(number=1) == [0]
    await host.reload("a")
    await host.reload("a")
    assert await host.call.plain(number=1) == [2]


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


WRAPPER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl(wrapper=True)
    def plain(self, number):
        return (yield)
"""


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
            "cannot implement hook plain in a process of its own: it takes weather, which the hook does not have",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("plain", "unheard_of"),
            "cannot implement hook unheard_of in a process of its own: the application has no such hook",
        ),
        (
            WRAPPER.replace("(wrapper=True)", "").replace("def plain", "async def plain"),
            "it is async def, and the spec is def",
        ),
    ],
)
async def test_what_cannot_be_called_from_another_process_says_so_when_it_comes_up(profile, build, running, text, why):
    profile.install(build("a", code=text.replace("return (yield)", "return None") if "wrapper=" not in text else text))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
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


REMEMBERS = """
import asyncio, os
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.seen = (previous or {}).get("seen", [])

    def on_unload(self):
        return {"seen": self.seen}

    @hookimpl
    async def counted(self, number: int):
        await asyncio.sleep(0.003)
        self.seen.append(number)
        return os.getpid()

    @hookimpl
    def plain(self, number: int):
        return len(self.seen) if number < 0 else self.seen[number]
"""


@pytest.mark.feature("M36", "C45")
@pytest.mark.parametrize("change", ["reload", "update"])
async def test_while_a_worker_is_replaced_under_load_no_call_is_lost_or_seen_twice(workers, profile, build, change):
    host = await workers(a=REMEMBERS)
    pids: list[list[int]] = []
    over = False

    def grown(before: int) -> bool:
        return len(pids) > before + 20

    async def load() -> None:
        while not over:
            answers = await asyncio.gather(*(host.call.counted(number=len(pids) + one) for one in range(5)))
            pids.extend(answers)
            await asyncio.sleep(0)

    loading = asyncio.ensure_future(load())
    for version in range(1, 4):
        before = len(pids)
        await until(partial(grown, before))
        if change == "reload":
            await host.reload("a")
            continue
        profile.install(build("a", f"1.{version}.0", code=REMEMBERS, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        await host.reload_changes()
        assert host.plugins.status("a").version == f"1.{version}.0"
    before = len(pids)
    await until(partial(grown, before))
    over = True
    await loading
    assert all(len(one) == 1 for one in pids)
    assert len({one for (one,) in pids}) == 4
    assert await host.call.plain(number=-1) == [len(pids)]
    seen = await host.call.plain.batch([{"number": one} for one in range(len(pids))])
    assert sorted(one for (one,) in seen) == list(range(len(pids)))


SLOW_TO_IMPORT = f"import time\ntime.sleep(1)\n{code(2)}"


@pytest.mark.parametrize("change", ["reload", "update"])
async def test_the_next_worker_is_up_before_the_one_before_goes(workers, profile, build, change):
    host = await workers(a=SLOW_TO_IMPORT if change == "reload" else code(2))
    longest, over = 0.0, False

    async def load() -> None:
        nonlocal longest
        while not over:
            began = time.perf_counter()
            assert await host.call.counted(number=1) == [3]
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(0.01)

    (before,) = await host.call.plain(number=0)
    loading = asyncio.ensure_future(load())
    if change == "reload":
        await host.reload("a")
    else:
        profile.install(build("a", "1.1.0", code=SLOW_TO_IMPORT, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        await host.reload_changes()
    over = True
    await loading
    assert await host.call.plain(number=0) != [before]
    assert longest < 0.8  # of the second that the next code takes to import, nobody waits


async def test_an_update_whose_code_cannot_be_imported_fails_in_words_and_leaves_no_process(workers, profile, build):
    host = await workers(a=code(2))
    (before,) = await host.call.plain(number=0)
    profile.install(build("a", "1.1.0", code="raise ValueError('no paint')", isolation="worker", more=DECLARES))
    profile.enable("a", isolation="worker")
    await host.reload_changes()
    status = host.plugins.status("a")
    assert status.state == "failed"
    assert "no paint" in status.problem
    assert not _alive(before)
    assert await host.call.plain(number=0) == []


STUBBORN = """
import os, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.start_thread(time.sleep, 600, name="stubborn")

    @hookimpl
    def plain(self, number: int):
        return os.getpid()
"""


@pytest.mark.feature("K28")
async def test_a_worker_in_which_something_does_not_end_is_killed_when_it_is_disabled(workers):
    host = await workers(a=STUBBORN)
    (pid,) = await host.call.plain(number=0)
    status = await host.disable("a")
    assert (status.state, status.problem) == ("found", "")
    assert not _alive(pid)
    await host.enable("a")
    (other,) = await host.call.plain(number=0)
    assert other != pid
