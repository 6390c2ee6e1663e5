"""External plugins that are sent away: they make no sense, flood, fail, or are not wanted any more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest
from jackfield.discovery import EXTERNAL
from jackfield.errors import PluginError
from jackfield.isolation import KEYS

from tests.support.echo import CODE, STORAGE, an_open_house, counted, gone, know, said, up
from tests.support.guests import answer_until_up, frame, manifest, program, status
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.feature("J24")
async def test_a_frame_that_makes_no_sense_unloads_it(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = house.know()
        with house.knock() as connection:
            connection.sendall(frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
            await asyncio.to_thread(answer_until_up, connection)
            await up(house.host)
            connection.sendall(b"\x01\x00\x00\x00\xc1")
            await gone(house.host)
            assert status(house.host).state == "unloaded"
            await until(lambda: "a frame is no message" in status(house.host).note)


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


async def test_nobody_is_blamed_for_a_call_during_which_its_key_is_revoked(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        waits = 'self.context.logger.warning("counting")\n        await asyncio.sleep(4)\n        '
        code = "import asyncio\n" + CODE.replace("self.calls += 1\n", f"self.calls += 1\n        {waits}\n")
        with program(tmp_path / "echo", code, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            call = asyncio.create_task(counted(house.host))
            await until(lambda: "counting" in said(house.host))
            house.profile.state.change(dict.fromkeys(house.profile.state.items(KEYS), None), by="test")
            await house.host.reload_changes()
            assert await call == ["count: echo did not answer the command count: its key was revoked meanwhile"]
            await until(lambda: status(house.host).state == "unloaded")
            assert status(house.host).note == "is not connected: its key was revoked"
            assert (status(house.host).errors, status(house.host).problem) == (0, "")


async def test_a_key_that_is_revoked_while_it_is_looked_at_lets_nobody_in(tmp_path: Path):
    """The one that is here is asked whether it is alive, which takes its time; what changes then is followed before."""
    async with an_open_house(tmp_path) as house:
        key = know(house)
        with program(tmp_path / "one", CODE, key) as first:
            first.start(house.host)
            await up(house.host)
            os.kill(first.process.pid, signal.SIGSTOP)
            try:
                second = asyncio.create_task(house.refusal(key))
                await asyncio.sleep(0.5)
                number = next(iter(house.profile.state.items(KEYS)))
                house.profile.state.change({number: None}, by="test")
                await house.host.reload_changes()
                assert (await second).endswith("invalid key")
                assert house.host.gate.connections.all() == {}
            finally:
                os.kill(first.process.pid, signal.SIGCONT)


@pytest.mark.feature("J27")
async def test_a_temporary_key_is_revoked_with_all_that_its_plugin_has(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        know(house)
        key = house.host.gate.new_temporary_key("echo", by="test")
        other = house.host.gate.new_temporary_key("echo", by="test")
        with program(tmp_path / "echo", CODE, other) as guest:
            guest.start(house.host, "--once")
            await up(house.host)
            keys = dict.fromkeys(house.profile.state.items(KEYS), None)
            house.profile.state.change({**keys, f"{EXTERNAL}echo": None}, by="test")  # as `jackfield keys revoke echo`
            await house.host.reload_changes()
            assert house.host.gate.connections.all() == {}
            assert "its key was revoked" in await asyncio.to_thread(guest.ended)
        assert (await house.refusal(key, manifest=manifest(more=STORAGE))).endswith("invalid key")
        assert house.profile.state.get(f"{EXTERNAL}echo") is None


async def test_one_that_waits_is_not_good_again_when_its_plugin_gets_a_key_anew(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        know(house)
        key = house.host.gate.new_temporary_key("Echo", by="test")
        keys = dict.fromkeys(house.profile.state.items(KEYS), None)
        house.profile.state.change({**keys, f"{EXTERNAL}echo": None}, by="test")
        await house.host.reload_changes()
        know(house)
        await house.host.reload_changes()
        assert (await house.refusal(key)).endswith("invalid key")


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


@pytest.mark.feature("C26", "C27")
async def test_one_that_floods_its_host_is_sent_away_and_the_host_stays_awake(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = house.know()
        house.profile.state.change({"limits/echo": {"requests": 1000}}, by="test")
        with house.knock() as connection:
            connection.sendall(frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
            await asyncio.to_thread(answer_until_up, connection)
            await up(house.host)
            flood = frame(4, "log", {"level": 20, "message": "x"}) * 1000

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
