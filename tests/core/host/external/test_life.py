"""What becomes of external plugins: let in, brought up, lost, sent away, back again."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker

from tests.support.echo import CODE, COMMAND, STORAGE, Specs, an_open_house, counted, gone, know, said, up
from tests.support.guests import SEND, House, manifest, open_house, program, status
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Hears:
    @hookspec
    async def told(self, text: str) -> str | None:
        """Hear."""


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


AT_WORK = """
import asyncio, pathlib, time
from jackfield import HookimplMarker, Plugin

hookimpl = HookimplMarker("chat")


class Main(Plugin):
    @hookimpl
    {how}
"""
HOWS = {
    "awaits": "async def told(self, text):\n        pathlib.Path(text).touch()\n        await asyncio.sleep(60)",
    "blocks": "def told(self, text):\n        pathlib.Path(text).touch()\n        time.sleep(60)",
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_who_waits_for_a_program_that_is_stopped_is_told_so(tmp_path: Path, number: int, how: str, caplog):
    async with open_house(tmp_path, specs=Hears()) as house:
        with program(tmp_path / "echo", AT_WORK.format(how=HOWS[how]), know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            begun = tmp_path / "begun"
            asking = asyncio.create_task(house.host.call.told(text=str(begun)))
            await until(begun.exists)
            assert "Traceback" not in guest.end(number)
            assert guest.process.returncode == 128 + number
            assert await asking == []
            await gone(house.host)
    told = "plugin echo failed in hook told; the others go on: echo did not answer hook told: "
    (line,) = [one.message for one in caplog.records if one.message.startswith(told)]
    assert line.endswith("its program was stopped")
    assert "Cancelled" not in caplog.text


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
