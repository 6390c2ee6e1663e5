"""What becomes of external plugins: let in, brought up, lost, sent away, back again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path

import msgspec
import pytest
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker
from jackfield.host import Host
from jackfield.isolation import KEYS

from tests.support.guests import SEND, House, manifest, open_house, program, status
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")
COMMAND = '[contributes]\ncommands = [{ name = "count" }]\n'
STORAGE = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\nreason = "to count"\n' + COMMAND

CODE = """
from jackfield import HookimplMarker, Plugin, command

hookimpl = HookimplMarker("chat")


class Main(Plugin):
    calls = 0

    async def on_enable(self):
        self.context.logger.warning("enabled")

    async def on_disable(self):
        self.context.logger.warning("disabled")

    def on_unload(self):
        self.context.logger.warning("unloaded")
        return {"calls": self.calls}

    @hookimpl
    def told(self, text):
        return text.upper()

    @command("count")
    async def count(self, source):
        self.calls += 1
        kept = await self.context.storage.get("calls", 0) + 1
        await self.context.storage.set("calls", kept)
        await source.reply(f"{self.calls} of {kept}")
"""


class Specs:
    @hookspec
    def told(self, text: str) -> str | None:
        """Hear."""


def an_open_house(folder: Path):
    return open_house(folder, specs=Specs())


def said(host: Host) -> list[str]:
    """What the plugin has written into its log."""
    return [line.message for line in host.logs.lines("echo")]


async def counted(host: Host) -> list[str]:
    speaker = Speaker()
    await host.commands.dispatch("count", speaker)
    return speaker.answers


async def up(host: Host) -> None:
    await host.plugins.wait_for("echo", timeout_seconds=20)


async def gone(host: Host) -> None:
    await until(lambda: not status(host).state.runs_code)


def know(house: House) -> str:
    return house.know(text=manifest(more=STORAGE))


@pytest.mark.feature("J10", "J11", "J13", "J18")
async def test_it_loads_itself_by_connecting_and_whoever_waits_for_it_is_told(tmp_path: Path):
    async with an_open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        waiting = group.create_task(up(house.host))
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await waiting
            found = status(house.host)
            assert (found.origin, found.isolation, found.state) == ("external", "external", "active")
            assert await counted(house.host) == ["1 of 1"]
            assert await house.host.call.told(text="hi") == ["HI"]
            (connection,) = house.host.gate.connections.all().values()
            assert connection.address.startswith("127.0.0.1:")
            assert {one.plugin: one.invocations > 0 for one in house.host.observed.stats()}["echo"]
            assert "enabled" in said(house.host)


@pytest.mark.feature("J24", "J26")
async def test_a_connection_that_is_lost_unloads_it_and_it_comes_back_with_the_same_key(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            assert await counted(house.host) == ["1 of 1"]
            guest.end()
            await gone(house.host)
            await until(lambda: "is not connected: the program at 127.0.0.1" in status(house.host).note)
            found = status(house.host)
            assert (found.state, found.enabled, found.errors) == ("unloaded", True, 0)
            assert await house.host.call.told(text="hi") == [], "its hooks are not called any more"
            assert await counted(house.host) == [], "nor are its commands"
            guest.start(house.host)
            await up(house.host)
            assert await counted(house.host) == ["1 of 2"], "its code is new, what it keeps is not"
            assert house.profile.state.get("grants/echo")["permissions"], "nobody was asked again"


@pytest.mark.feature("J24", "J26")
async def test_who_needs_it_goes_down_with_its_connection_and_comes_back_after_it(tmp_path: Path):
    needing = build_plugin(tmp_path, "loud", "1.0.0", isolation="inline", more='[requires]\necho = "^1.0"\n')
    house = House(tmp_path, specs=Specs())
    house.profile.install(needing)
    house.profile.enable("loud")
    key = know(house)
    await house.host.start()
    try:
        assert "needs echo, which is not connected" in status(house.host, "loud").problem
        with program(tmp_path / "echo", CODE, key) as guest:
            guest.start(house.host)
            await until(lambda: status(house.host, "loud").state == "active")
            guest.end()
            await until(lambda: status(house.host, "loud").state == "blocked")
            assert "needs echo, which is not connected" in status(house.host, "loud").problem
            guest.start(house.host)
            await until(lambda: status(house.host, "loud").state == "active")
    finally:
        await house.host.stop()


async def test_reloading_it_is_refused_its_program_has_to_be_started_anew(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            with pytest.raises(PluginError, match="its program has to be started anew"):
                await house.host.reload("echo")
            assert await counted(house.host) == ["1 of 1"], "it runs on"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_program_that_is_stopped_says_so(tmp_path: Path, number: int):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            said_last = guest.end(number)
            assert "Traceback" not in said_last
            assert guest.process.returncode == (130 if number == signal.SIGINT else 143)
            await until(lambda: "its program was stopped" in status(house.host).note)


@pytest.mark.feature("J24")
async def test_a_frame_that_makes_no_sense_unloads_it(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = house.know()
        with house.knock() as connection:
            connection.sendall(_frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
            await asyncio.to_thread(_answer, connection)
            await up(house.host)
            connection.sendall(b"\x01\x00\x00\x00\xc1")
            await gone(house.host)
            assert status(house.host).state == "unloaded"
            await until(lambda: "a frame is no message" in status(house.host).note)


@pytest.mark.feature("J19", "J26")
async def test_a_host_that_stops_says_goodbye_and_the_program_comes_back_when_it_does(tmp_path: Path):
    house = House(tmp_path, specs=Specs())
    key = know(house)
    with program(tmp_path / "echo", CODE, key) as guest:
        await house.host.start()
        guest.start(house.host)
        await up(house.host)
        await house.host.stop()
        assert said(house.host)[-2:] == ["disabled", "unloaded"]
        again = House(tmp_path, specs=Specs())
        await again.host.start()
        await up(again.host)
        await again.host.stop()
        assert "the host stops" in guest.end(signal.SIGINT)


@pytest.mark.feature("J20", "J21", "J26")
async def test_it_is_taken_down_like_any_other_told_goodbye_and_let_in_again_when_it_is_wanted(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            await house.host.disable("echo")
            assert said(house.host)[-2:] == ["disabled", "unloaded"]
            assert (status(house.host).state, house.host.gate.connections.all()) == ("unloaded", {})
            with pytest.raises(PluginError, match="is not connected"):
                await house.host.enable("echo")
            await up(house.host)
            assert await house.host.unload("echo")
            assert status(house.host).state == "unloaded"
            await until(lambda: "was unloaded by the host" in status(house.host).note)
            with pytest.raises(PluginError, match="is not connected"):
                await house.host.load("echo")
            await up(house.host)


async def test_a_key_that_is_revoked_ends_its_connection_at_once(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            number = next(iter(house.profile.state.items(KEYS))).removeprefix(KEYS)
            house.profile.state.change({f"{KEYS}{number}": None}, by="test")
            await house.host.reload_changes()
            await gone(house.host)
            assert house.host.gate.connections.all() == {}
            assert "does not know the key" in await asyncio.to_thread(guest.ended)
            assert guest.process.returncode == 3


@pytest.mark.feature("J9")
async def test_a_second_one_of_the_same_key_is_refused_while_the_first_lives(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = know(house)
        with program(tmp_path / "echo", CODE, key) as guest:
            guest.start(house.host)
            await up(house.host)
            assert "echo is connected already, from 127.0.0.1" in await house.refusal(key)
            assert await counted(house.host) == ["1 of 1"], "the first one has noticed nothing"


async def test_a_connection_that_does_not_answer_any_more_makes_room_for_the_next(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = know(house)
        with program(tmp_path / "one", CODE, key) as first, program(tmp_path / "two", CODE, key) as second:
            first.start(house.host)
            await up(house.host)
            number = house.host.gate.connections.get("echo").number
            os.kill(first.process.pid, signal.SIGSTOP)
            try:
                second.start(house.host)
                await until(lambda: (one := house.host.gate.connections.get("echo")) and one.number > number)
                await up(house.host)
                assert await counted(house.host) == ["1 of 1"]
            finally:
                os.kill(first.process.pid, signal.SIGCONT)


async def test_code_that_fails_is_told_and_its_connection_ends(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        code = CODE.replace('self.context.logger.warning("enabled")', 'raise ValueError("no")')
        with program(tmp_path / "echo", code, know(house)) as guest:
            guest.start(house.host, "--once")
            with pytest.raises(PluginError, match="no"):
                await up(house.host)
            assert "it failed: ValueError: no" in await asyncio.to_thread(guest.ended)
            assert status(house.host).state == "failed"
            assert "ValueError: no" in status(house.host).problem
            assert 'raise ValueError("no")' in status(house.host).error


async def test_what_was_not_granted_is_refused_there_as_anywhere(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, house.know(text=manifest(more=COMMAND))) as guest:
            guest.start(house.host)
            await up(house.host)
            await counted(house.host)
            assert status(house.host).refusals == {"storage:read": 1}


async def test_a_manifest_that_is_told_and_asks_for_no_more_is_taken_up(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, house.know(text=manifest(more=SEND + STORAGE))) as guest:
            (guest.folder / "plugin.toml").write_text(manifest(version="1.1.0", more=STORAGE), encoding="utf-8")
            guest.start(house.host, "--manifest", "plugin.toml")
            await up(house.host)
            assert status(house.host).version == "1.1.0"


@pytest.mark.feature("J27")
async def test_a_temporary_key_lets_a_program_in_that_was_just_started(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        know(house)
        key = house.host.gate.new_temporary_key("echo", by="test")
        with program(tmp_path / "echo", CODE, key) as guest:
            guest.start(house.host)
            await up(house.host)
            await house.host.reload_changes()
            assert status(house.host).state == "active"
        assert "invalid key" in await house.refusal(key)


def _frame(*message: object) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "little") + body


def _answer(connection: socket.socket) -> None:
    """Answer every call of the host until the plugin must be up: it has nothing, and says so."""
    answers: dict[str, object] = {"plugin.load": {}, "plugin.callback": {}, "scope.open": None, "plugin.health": None}
    held = b""
    while True:
        while len(held) < 4 or len(held) < 4 + int.from_bytes(held[:4], "little"):
            held += connection.recv(4096)
        size = int.from_bytes(held[:4], "little")
        message = msgspec.msgpack.decode(held[4 : 4 + size])
        held = held[4 + size :]
        if message[0] == 1:
            connection.sendall(_frame(2, message[1], answers[message[2]]))
            if message[2] == "scope.open":
                return


@pytest.mark.feature("C26")
async def test_limits_that_its_user_changes_hold_for_the_connection_that_it_makes_next(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            first = house.host.gate.connections.all()["echo"]
            house.profile.state.change({"limits/echo": {"call": 0.7}}, by="ann")
            await until(lambda: house.host.gate.connections.all().get("echo") not in (None, first))
            await up(house.host)
            second = house.host.gate.connections.all()["echo"]
            assert (second.limits.call_seconds, second.line.call_seconds) == (0.7, 0.7)
            assert await counted(house.host) == ["1 of 1"]
            assert not [line for line in house.host.logs.lines("echo") if line.level == "ERROR"]


@pytest.mark.feature("C26", "C27")
async def test_one_that_floods_its_host_is_sent_away_and_the_host_stays_awake(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = house.know()
        house.profile.state.change({"limits/echo": {"requests": 1000}}, by="test")
        with house.knock() as connection:
            connection.sendall(_frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
            await asyncio.to_thread(_answer, connection)
            await up(house.host)
            flood = _frame(4, "log", {"level": 20, "message": "x"}) * 1000

            def send() -> None:
                with contextlib.suppress(OSError):
                    for _ in range(200):
                        connection.sendall(flood)

            flooding = asyncio.create_task(asyncio.to_thread(send))
            before = asyncio.get_running_loop().time()
            longest = 0.0
            while status(house.host).state.runs_code:
                await asyncio.sleep(0.01)
                now = asyncio.get_running_loop().time()
                longest, before = max(longest, now - before), now
            await flooding
            await until(lambda: "asked the application" in status(house.host).note)
            assert longest < 2.0, "others had their turns"
