"""An external plugin that comes up slowly, on purpose or not, while others wait for a change, and while nobody does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from jackfield.host.changes import patience
from jackfield.isolation import KEYS

from tests.support.echo import Specs, counted, up
from tests.support.guests import House, manifest, program, status
from tests.support.slow_guest import SlowGuest, slow_guest
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

#: What a change may take: it waits half a second, and the machine may be busy. Each call of a start has 5 s or 10 s.
MOST_SECONDS = 2.0

BROKEN_OFF = "its start was broken off for a change that others waited for"

STORAGE = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\nreason = "to count"\n'
COMMANDS = '[contributes]\ncommands = [{ name = "count" }, { name = "early" }]\n'

NEEDS = '[requires]\necho = "*"\n'

#: Comes up slowly, with much of it begun before.
SLOW = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.context.commands.add("early", self.early)
        await self.context.storage.set("starts", await self.context.storage.get("starts", 0) + 1)
        await asyncio.sleep(3)

    async def early(self, source):
        await source.reply("early")

    @command("count")
    async def count(self, source):
        await source.reply(str(await self.context.storage.get("starts", 0)))
"""


def coming(guest: SlowGuest, starts: int) -> bool:
    """Whether one of its starts is under way that is not among the first so many."""
    return len(guest.starts) > starts


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    """A house with an inline plugin that runs, `cat`, and one that does not, `dog`."""
    house = House(folder, specs=Specs())
    house.profile.install(build_plugin(folder, "cat"), build_plugin(folder, "dog"))
    house.profile.enable("cat", "dog")
    house.profile.disable("dog")
    async with AsyncExitStack() as stack:
        await house.host.start()
        stack.push_async_callback(house.host.stop)
        yield house


@pytest.mark.feature("J9")
@pytest.mark.parametrize("by_socket", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("manner", ["mute", "drips", "late", "leaves"])
async def test_a_start_that_lets_wait_holds_up_no_change_of_others(tmp_path: Path, manner, by_socket):
    async with a_house(tmp_path) as house:
        host = house.host
        with slow_guest(house.host, house.know(), manner, 4.5, by_socket=by_socket) as guest:
            for change in (host.disable("cat"), host.enable("dog"), host.reload_changes(), host.unload("dog")):
                starts = len(guest.starts)
                await until(partial(coming, guest, starts))
                began = time.monotonic()
                await change
                assert time.monotonic() - began < MOST_SECONDS
                assert not status(host).state.runs_code
                await until(lambda: BROKEN_OFF in status(host).note)
            assert status(host, "cat").state == "idle"
            assert status(host).problem == "", "nothing has failed"
            assert status(host).errors == 0


@pytest.mark.feature("J27")
async def test_of_a_key_that_worked_once_it_is_said_who_has_to_do_something(tmp_path: Path):
    async with a_house(tmp_path) as house:
        house.know()
        key = house.host.gate.new_temporary_key("echo", by="test")
        with slow_guest(house.host, key, "mute", 4.5) as guest:
            await until(lambda: guest.starts)
            await house.host.disable("cat")
            await until(lambda: status(house.host).note.endswith(f"{BROKEN_OFF}; start it anew"))


@pytest.mark.feature("J19")
@pytest.mark.parametrize("by_socket", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("manner", ["mute", "drips", "late"])
async def test_a_host_stops_at_once_while_one_comes_up_slowly(tmp_path: Path, manner, by_socket):
    async with a_house(tmp_path) as house:
        with slow_guest(house.host, house.know(), manner, 4.5, by_socket=by_socket) as guest:
            await until(lambda: guest.asked)
            began = time.monotonic()
            await house.host.stop()
            assert time.monotonic() - began < MOST_SECONDS


@pytest.mark.parametrize("manner", ["mute", "drips", "late"])
@pytest.mark.parametrize("change", ["disable", "unload", "revoke"])
async def test_one_that_is_not_wanted_any_more_is_broken_off_at_once(tmp_path: Path, change, manner, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 60.0)
    async with a_house(tmp_path) as house:
        host = house.host
        with slow_guest(house.host, house.know(), manner, 4.5) as guest:
            await until(lambda: guest.asked)
            began = time.monotonic()
            if change == "revoke":
                house.profile.state.change(dict.fromkeys(house.profile.state.items(KEYS), None), by="test")
                await host.reload_changes()
            else:
                await getattr(host, change)("echo")
            assert time.monotonic() - began < MOST_SECONDS
            assert not host.gate.connections.all()
            assert not status(host).state.runs_code


async def test_many_that_let_wait_hold_up_a_change_no_longer_than_one(tmp_path: Path):
    async with a_house(tmp_path) as house:
        names = [f"guest{number}" for number in range(10)]
        with ExitStack() as stack:
            guests = [stack.enter_context(slow_guest(house.host, house.know(name), "mute", 4.5)) for name in names]
            await until(lambda: any(guest.asked for guest in guests))
            for change in (house.host.disable, house.host.enable) * 3:
                began = time.monotonic()
                await change("cat")
                assert time.monotonic() - began < MOST_SECONDS
                await asyncio.sleep(0.3)


async def test_one_has_no_more_than_about_half_of_the_time_for_its_starts(tmp_path: Path):
    async with a_house(tmp_path) as house:
        with slow_guest(house.host, house.know(), "leaves", 0.6) as guest:
            await until(lambda: len(guest.starts) > 4)
        first, last = guest.starts[0][0], guest.starts[3][1]
        assert sum(ended - began for began, ended in guest.starts[:4]) < 0.65 * (last - first)


async def test_one_that_is_slow_and_for_which_nobody_waits_has_all_its_time(tmp_path: Path):
    async with a_house(tmp_path) as house:
        with slow_guest(house.host, house.know(), "drips", 1.5) as guest:
            await up(house.host)
            assert len(guest.starts) == 1


@pytest.mark.feature("K21")
async def test_who_waits_for_the_slow_one_itself_lets_it_have_its_time(tmp_path: Path):
    async with a_house(tmp_path) as house:
        with slow_guest(house.host, house.know(), "drips", 1.5) as guest:
            await until(lambda: guest.asked)
            assert (await house.host.enable("echo")).state == "active"
            assert len(guest.starts) == 1


async def test_who_waits_for_one_that_requires_the_slow_one_lets_it_have_its_time(tmp_path: Path):
    async with a_house(tmp_path) as house:
        house.profile.install(build_plugin(tmp_path, "cat"), build_plugin(tmp_path, "dog", more=NEEDS))
        await house.host.reload_changes()
        with slow_guest(house.host, house.know(), "drips", 0.7) as guest:
            await until(lambda: guest.asked)
            assert (await house.host.enable("dog")).state == "active"
            assert len(guest.starts) == 1


@pytest.mark.feature("J24")
async def test_one_that_was_broken_off_leaves_nothing_and_comes_up_when_it_comes_again(tmp_path: Path):
    async with a_house(tmp_path) as house:
        host = house.host
        key = house.know(text=manifest(more=STORAGE + COMMANDS))
        with program(tmp_path / "echo", SLOW, key) as guest:
            guest.start(host)
            await until(lambda: host.commands.has("early"))
            before = host.gate.connections.get("echo")
            began = time.monotonic()
            await host.disable("cat")
            assert time.monotonic() - began < MOST_SECONDS
            assert not host.commands.has("early")
            assert not host.commands.has("count")
            assert host.gate.connections.all() == {}
            await up(host)
            assert host.gate.connections.get("echo") not in (before, None)
            assert await counted(host) == ["2"], "each start was made once"
            assert host.commands.has("early")
