"""A replacement whose callbacks are slow, each within its time: who comes meanwhile waits for its end, none is lost."""

from __future__ import annotations

import asyncio
import threading
from itertools import count

import pytest
from jackfield.api import Event
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker

from tests.support.load import Load
from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 1.0
SLOW = "time.sleep(0.7)"
WAYS = {"command": "note", "heard": "tick", "asked": "asked", "thread": "thread"}
hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def ask(self, number: int) -> int: ...

    @hookspec
    def note(self, number: int) -> int: ...

    @hookspec
    async def known(self) -> dict[str, list[int]]: ...

    @hookspec(timeout=0.3)
    async def hurry(self, number: int) -> int: ...


CODE = """
import time
from jackfield import Plugin, command, listener
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.seen = previous or {"command": [], "heard": [], "asked": [], "thread": []}
        ON_LOAD

    def on_enable(self):
        ON_ENABLE

    def on_disable(self):
        ON_DISABLE

    def on_unload(self):
        ON_UNLOAD
        return self.seen

    @hookimpl
    def known(self):
        return self.seen

    @hookimpl
    def ask(self, number: int):
        self.seen["asked"].append(number)
        return number

    @hookimpl
    def hurry(self, number: int):
        return number

    @hookimpl
    def note(self, number: int):
        self.seen["thread"].append(number)
        return number

    @command("note")
    async def write(self, source, number: int):
        self.seen["command"].append(number)
        await source.reply(str(number))

    @listener("plugin:a:tick")
    def heard(self, event):
        self.seen["heard"].append(event.data["number"])
"""
CALLBACKS = ("ON_LOAD", "ON_ENABLE", "ON_DISABLE", "ON_UNLOAD")
DECLARES = f'[contributes]\ncommands = [{{ name = "note" }}]\n[limits]\ncall = "{LIMIT_SECONDS:g}s"\n'


def code(**does: str) -> str:
    """Return the plugin's code, whose callbacks do this."""
    text = CODE
    for name in CALLBACKS:
        text = text.replace(f"        {name}\n", f"        {does.get(name.lower(), 'pass')}\n")
    return text


@pytest.fixture
def worker(profile, build, running):
    """Start a host with a worker of this code."""

    async def start(text: str, *others: tuple[str, tuple[str, str]]):
        names = ("a", *(name for name, _ in others))
        profile.install(
            build("a", code=text, isolation="worker", more=DECLARES),
            *(build(name, code=of_it, isolation="worker", more=more) for name, (of_it, more) in others),
        )
        profile.enable(*names, isolation="worker")
        host = await running(specs=Specs())
        assert host.plugins.status("a").state == "active", host.plugins.status("a")
        return host

    return start


def saved(host, text: str, plugin: str = "a") -> None:
    """Save other code of a plugin."""
    source = host.plugins.record(plugin).candidate.folder / "__init__.py"
    source.chmod(0o600)
    source.write_text(text)


class Threads:
    """Two threads that call a hook of a host, each number once, and wait for its answer."""

    def __init__(self, host) -> None:
        self.given: list[int] = []
        self.wrong: list[object] = []
        self._host, self._numbers, self._over = host, count(), threading.Event()
        self._running = [threading.Thread(target=self._call) for _ in range(2)]
        for one in self._running:
            one.start()

    def _call(self) -> None:
        while not self._over.wait(0.001):
            number = next(self._numbers)
            self.given.append(number)
            try:
                found = self._host.hook.note(number=number)
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may go wrong)
                found = error
            if found != [number]:
                self.wrong.append((number, found))

    async def stop(self) -> None:
        self._over.set()
        await asyncio.gather(*(asyncio.to_thread(one.join) for one in self._running))


class Uses:
    """All that others use of a plugin, all the while."""

    def __init__(self, host) -> None:
        self._host = host
        self._load = Load({"note": self._command, "tick": self._event, "asked": self._hook})
        self._threads = Threads(host)
        self.more = self._load.more

    async def _command(self, number: int) -> list[str] | None:
        speaker = Speaker()
        answered = await self._host.commands.dispatch(f"note {number}", speaker)
        return None if answered and speaker.answers == [str(number)] else speaker.answers

    async def _event(self, number: int) -> None:
        await self._host.events.emit(Event("plugin:a:tick", "", {"number": number}))

    async def _hook(self, number: int) -> list[int] | None:
        found = await self._host.call.ask(number=number)
        return None if found == [number] else found

    async def ended_without_loss(self) -> None:
        """End it, and see to it that each use was answered."""
        await self._load.more()
        await self._load.stop()
        await self._threads.stop()
        assert self._load.wrong == []
        assert self._threads.wrong == []

    async def all_were_answered(self) -> None:
        """The same, and that the plugin has seen each once."""
        await self.ended_without_loss()
        (kept,) = await self._host.call.known()
        given = {way: list(range(self._load.given[name])) for way, name in WAYS.items() if name != "thread"}
        given["thread"] = sorted(self._threads.given)
        for way, numbers in given.items():
            assert sorted(kept[way]) == numbers, way


@pytest.mark.feature("M36", "C45")
@pytest.mark.parametrize("change", ["reload", "update"])
async def test_none_is_lost_where_every_callback_is_slow(worker, profile, build, change):
    text = code(on_load=SLOW, on_enable=SLOW, on_disable=SLOW, on_unload=SLOW)
    host = await worker(text)
    uses = Uses(host)
    for version in range(1, 3):
        await uses.more()
        if change == "reload":
            await host.reload("a")
        else:
            profile.install(build("a", f"1.{version}.0", code=text, isolation="worker", more=DECLARES))
            profile.enable("a", isolation="worker")
            await host.reload_changes()
            assert host.plugins.status("a").version == f"1.{version}.0"
    await uses.all_were_answered()


@pytest.mark.feature("M24", "M36", "C45")
@pytest.mark.parametrize("place", ["on_load", "on_enable"])
async def test_none_is_lost_where_the_next_code_hangs_and_the_one_before_comes_back(worker, place):
    slow = {"on_load": SLOW, "on_enable": SLOW, "on_disable": SLOW}
    host = await worker(code(**slow))
    uses = Uses(host)
    await uses.more()
    saved(host, code(**{**slow, place: "time.sleep(60)"}))
    with pytest.raises(PluginError, match=f"did not answer {place} within 1 s"):
        await host.reload("a")
    await uses.all_were_answered()


@pytest.mark.feature("M24", "M36", "C45")
async def test_none_is_lost_where_one_that_needs_it_fails_and_both_go_back(worker):
    needs = '\n[requires]\na = "*"\n'
    host = await worker(
        code(on_enable=SLOW), ("b", ("from jackfield import Plugin\nclass Main(Plugin): pass\n", needs))
    )
    uses = Uses(host)
    await uses.more()
    fails = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self):\n        1 / 0\n"
    saved(host, fails, "b")
    with pytest.raises(PluginError, match=r"b was not reloaded.*division by zero"):
        await host.reload("a")
    await uses.ended_without_loss()


@pytest.mark.feature("C10", "M36")
async def test_why_nothing_is_handed_over_stands_in_the_log(profile, build, running, caplog):
    sends = CODE.replace("def on_unload(self):", "async def on_unload(self):")
    sends = sends.replace("ON_UNLOAD", 'await self.context.events.emit("tick", {"number": 1})')
    for name in CALLBACKS:
        sends = sends.replace(f"        {name}\n", "        pass\n")
    more = DECLARES.replace("[limits]", 'events = ["tick"]\n[limits]')
    profile.install(build("a", code=sends, isolation="worker", more=more))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
    await host.reload("a")
    assert "a hands nothing over: on_unload raised PluginError('a is not enabled" in caplog.text
