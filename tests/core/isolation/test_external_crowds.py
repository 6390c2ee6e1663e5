"""A crowd of those who have shown no key, beside one whose key is on its way."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from jackfield.isolation import reception

from tests.core.isolation.test_external_hostile import said
from tests.support.lobby import greeted, knock, lobby
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere this machine has one such address")
async def test_a_flood_from_one_address_sends_nobody_away_who_comes_from_another(tmp_path: Path, monkeypatch):
    """Over a network a key comes later than its connection, and TLS has to be agreed on before."""
    monkeypatch.setattr(reception, "GREETING_SECONDS", 60.0)  # the flood takes its time on a busy machine
    async with lobby(tmp_path) as opened:
        key, port = opened.new_key("echo"), opened.doors.port
        slow = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port), 20, ("127.0.0.2", 0))
        await until(lambda: opened.reception.unknown == 1)
        silent = await asyncio.to_thread(lambda: [knock(opened) for _ in range(2 * reception.MOST_UNKNOWN)])
        gone = silent[: reception.MOST_UNKNOWN + 1]
        heard = await asyncio.gather(*(asyncio.to_thread(said, connection) for connection in gone))
        assert heard == [b""] * len(gone)
        driver, told = await asyncio.to_thread(lambda: greeted(slow, key))
        assert told == {"plugin": "echo"}
        driver.close()
        for connection in silent:
            connection.close()
        await until(lambda: not opened.reception.unknown)


async def test_all_addresses_of_one_network_of_ipv6_are_one_persons():
    """Who has a network of IPv6 has 2^64 addresses: each connection of a flood could have one of its own."""
    crowd = reception.Reception(lambda _: None, lambda _: asyncio.sleep(0))
    ends = [socket.socketpair() for _ in range(2 * reception.MOST_UNKNOWN)]
    lone, theirs = socket.socketpair()
    crowd.receive(theirs, "2001:db8:1::1:40000")
    for number, (_, end) in enumerate(ends):
        crowd.receive(end, f"2001:db8:2::{number:x}:40000")
    await asyncio.sleep(0)
    lone.setblocking(False)
    with pytest.raises(BlockingIOError):  # nothing was said to it, and it was not closed
        lone.recv(1)
    assert crowd.unknown == reception.MOST_UNKNOWN
    await crowd.close()
    for one in (lone, *(other for other, _ in ends)):
        one.close()
