"""The memory of external plugins: measured where the kernel tells which process it is, and said to be unknown else."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from jackfield.isolation import peer_of

from tests.support.echo import CODE, an_open_house, know, up
from tests.support.guests import program, status
from tests.support.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SO_PEERCRED is Linux's"),
]

GROWS = CODE.replace(
    "        return text.upper()", "        self.kept = b'x' * (80 << 20)\n        return text.upper()"
)


@pytest.mark.feature("C27", "J13")
async def test_of_who_comes_by_the_unix_socket_the_process_and_its_memory_are_known(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", GROWS, know(house)) as guest:
            guest.start(house.host, by_socket=True)
            await up(house.host)
            (connection,) = house.host.gate.connections.all().values()
            told = connection.to_mapping()
            assert told["process"] == guest.process.pid
            before = told["memory_bytes"]
            assert before > 1 << 20
            assert await house.host.call.told(text="hi") == ["HI"]
            grown = connection.memory_bytes()
            assert grown is not None
            assert grown - before > 70 << 20
            assert status(house.host).state == "active", (
                "the default is meant beyond an interpreter, which is not known"
            )
            guest.end()
            await until(lambda: connection.line.ended is not None)
            assert connection.memory_bytes() is None


@pytest.mark.feature("C27", "J13")
async def test_of_who_comes_by_tcp_nobody_knows_which_process_it_is(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        with program(tmp_path / "echo", CODE, know(house)) as guest:
            guest.start(house.host)
            await up(house.host)
            (connection,) = house.host.gate.connections.all().values()
            told = connection.to_mapping()
            assert (told["process"], told["memory_bytes"]) == (None, None)


@pytest.mark.feature("C27", "J26")
async def test_a_value_that_its_user_sets_holds_and_its_connection_ends_beyond_it(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = know(house)
        house.profile.state.change({"limits/echo": {"memory": 75 << 20}}, by="test")
        await house.host.reload_changes()
        with program(tmp_path / "echo", GROWS, key) as guest:
            guest.start(house.host, "--once", by_socket=True)
            await up(house.host)
            (connection,) = house.host.gate.connections.all().values()
            assert connection.breach() is None
            await house.host.call.told(text="hi")
            said = await asyncio.to_thread(guest.ended)
            assert "of 75 MiB and was stopped (if it should: jackfield limits echo memory=150MiB)" in said
            await until(lambda: "MiB of 75 MiB" in status(house.host).note)


def test_this_process_is_nobodys_peer():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_of(ours) is None, "so it is where TLS ends in this process"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        assert peer_of(tcp) is None
