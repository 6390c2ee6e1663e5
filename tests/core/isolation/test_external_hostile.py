"""What somebody may try who has no key, or has one and means no good."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import LinkClosed
from jackfield.isolation import External, reception, tls

from tests.scenarios.attacks.hostile_host import descriptors
from tests.support.examples import examples
from tests.support.lobby import Lobby, greeted, knock, lobby
from tests.support.waiting import until

pytestmark = pytest.mark.slow


def frame(*message: object) -> bytes:
    """One frame with a message, as any sender could make it."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "little") + body


def hello(key: str) -> bytes:
    return frame(0, "jackfield", 1, 1, 1 << 20, {"key": key})


def said(connection: socket.socket) -> bytes:
    """All that the host says until it closes."""
    heard = b""
    try:
        while portion := connection.recv(1 << 16):
            heard += portion
    except ConnectionError:
        pass
    return heard


async def sent_away(opened: Lobby, *portions: bytes) -> bytes:
    """Connect, send, and hear what the host says until it closes."""
    connection = knock(opened)
    for portion in portions:
        connection.sendall(portion)
    heard = await asyncio.to_thread(said, connection)
    connection.close()
    return heard


def flooded(opened: Lobby, count: int) -> list[bytes]:
    """What so many connections with a wrong key are told, all open before the first is heard; in a thread."""
    flood = [knock(opened) for _ in range(count)]
    for connection in flood:
        with contextlib.suppress(OSError):
            connection.sendall(hello("wrong"))
    heard = [said(connection) for connection in flood]
    for connection in flood:
        connection.close()
    return heard


@pytest.mark.feature("J8")
@pytest.mark.parametrize("key", ["", "s3cret", "jfk_00000000_" + "A" * 43])
async def test_an_unknown_key_is_sent_away_with_words_that_tell_nothing(tmp_path: Path, key):
    async with lobby(tmp_path) as opened:
        opened.new_key("echo")
        before = time.monotonic()
        heard = await sent_away(opened, hello(key))
        assert time.monotonic() - before >= reception.REFUSAL_SECONDS
        assert heard.endswith(b"invalid key")
        assert opened.arrivals == []


@pytest.mark.feature("J8")
async def test_a_revoked_key_is_as_unknown_as_any_other(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        driver, _ = await asyncio.to_thread(lambda: greeted(knock(opened), key))
        driver.close()
        opened.keys.clear()
        assert (await sent_away(opened, hello(key))).endswith(b"invalid key")


@pytest.mark.feature("J27")
async def test_a_temporary_key_lets_one_in_and_nobody_after(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.temporary.new("echo", by="test")
        driver, told = await asyncio.to_thread(lambda: greeted(knock(opened), key))
        assert told == {"plugin": "echo"}
        assert (await sent_away(opened, hello(key))).endswith(b"invalid key")
        assert len(opened.arrivals) == 1
        driver.close()


@pytest.mark.parametrize(
    "portion",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xff\xff\xff\xff",
        (4097).to_bytes(4, "little"),
        b"\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\xc1",
        frame(1, 1, "storage.get", {}, 0),
        frame(8, "goodbye"),
        frame(0, "other", 1, 1, 1 << 20, {}),
        frame(0, "jackfield", 9, 9, 1 << 20, {}),
        frame(0, "jackfield", 1, 1, 1 << 20, {}, "more"),
        frame(0, "jackfield", 1, 1, 1 << 20, dict.fromkeys(map(str, range(33)), "")),
    ],
    ids=["http", "huge", "oversize", "empty", "no msgpack", "a call", "goodbye", "other", "version", "more", "details"],
)
async def test_what_is_no_greeting_ends_the_connection_at_once(tmp_path: Path, portion):
    async with lobby(tmp_path) as opened:
        async with asyncio.timeout(reception.GREETING_SECONDS - 1):
            await sent_away(opened, portion)
        assert opened.arrivals == []


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([hello("wrong")[:9], b"\x14\x00\x00\x00", b"\x96\x00"]), max_size=6
    )
)
@settings(max_examples=examples(60), deadline=None)
def test_whatever_comes_first_lets_nobody_in_and_leaves_nothing(portions):
    async def try_it() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with lobby(Path(folder)) as opened:
                connection = knock(opened.places.socket)
                with contextlib.suppress(OSError):
                    for portion in portions:
                        connection.sendall(portion)
                        await asyncio.sleep(0)
                    connection.shutdown(socket.SHUT_WR)
                await asyncio.to_thread(said, connection)
                connection.close()
                await until(lambda: not opened.reception.unknown)
                assert opened.arrivals == []

    asyncio.run(try_it())


async def test_an_oversize_first_frame_is_refused_before_its_body_is_read(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        body = msgspec.msgpack.encode([0, "jackfield", 1, 1, 1 << 20, {"key": key, "manifest": "x" * 5000}])
        heard = await sent_away(opened, len(body).to_bytes(4, "little"))
        assert b"beyond the 4096" in heard
        assert opened.arrivals == []


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "drips"])
async def test_who_does_not_greet_in_time_is_sent_away_however_it_drips(tmp_path: Path, drips):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        connection = knock(opened)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()

        async def drip() -> None:
            try:
                for byte in hello(key) if drips else b"":
                    await loop.sock_sendall(connection, bytes([byte]))
                    await asyncio.sleep(0.25)
            except ConnectionError:
                pass

        dripping = loop.create_task(drip())
        before = time.monotonic()
        heard = b""
        try:
            async with asyncio.timeout(30):
                while portion := await loop.sock_recv(connection, 4096):
                    heard += portion
        except ConnectionError:
            pass
        assert time.monotonic() - before >= reception.GREETING_SECONDS - 0.5
        dripping.cancel()
        connection.close()
        assert opened.arrivals == []
        if not drips:
            assert b"no greeting within 5 s" in heard


async def test_a_flood_of_silent_connections_is_held_by_a_bound_and_keeps_nobody_out_who_has_a_key(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        silent = await asyncio.to_thread(lambda: [knock(opened) for _ in range(2 * reception.MOST_UNKNOWN)])
        gone = silent[: reception.MOST_UNKNOWN]
        heard = await asyncio.gather(*(asyncio.to_thread(said, connection) for connection in gone))
        assert heard == [b""] * reception.MOST_UNKNOWN, "who has been silent longest makes room"
        assert opened.reception.unknown == reception.MOST_UNKNOWN
        driver, told = await asyncio.to_thread(lambda: greeted(knock(opened), key))
        assert told == {"plugin": "echo"}
        driver.close()
        for connection in silent:
            connection.close()
        await until(lambda: not opened.reception.unknown)


async def test_who_never_agrees_on_tls_is_held_by_the_same_bound_and_by_one_on_lines(tmp_path, certificate, caplog):
    """Each holds three descriptors here: a thousand of them, and the application could open nothing more."""
    async with lobby(tmp_path, External(certificate=certificate)) as opened:
        before = descriptors()
        silent = await asyncio.to_thread(lambda: [knock(opened) for _ in range(4 * reception.MOST_UNKNOWN)])
        gone = silent[: 3 * reception.MOST_UNKNOWN]
        heard = await asyncio.gather(*(asyncio.to_thread(said, connection) for connection in gone))
        assert heard == [b""] * len(gone), "who has been silent longest makes room"
        held = 3 * reception.MOST_UNKNOWN
        await until(lambda: descriptors() - len(silent) <= before + held)
        for connection in silent:
            connection.close()
        await until(lambda: not opened.reception.unknown)
    told = [line for line in caplog.messages if "TLS could not be agreed on" in line]
    assert len(told) <= tls.MOST_LINES


async def test_who_drips_its_side_of_tls_has_no_longer_than_anybody(tmp_path, certificate, monkeypatch):
    monkeypatch.setattr(reception, "GREETING_SECONDS", 0.5)
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS", 0.5)
    begun = ssl.MemoryBIO()
    speaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), begun, server_hostname="127.0.0.1")
    with contextlib.suppress(ssl.SSLWantReadError):
        speaking.do_handshake()
    async with lobby(tmp_path, External(certificate=certificate)) as opened:
        loop, connection = asyncio.get_running_loop(), knock(opened)
        connection.setblocking(False)
        heard = loop.create_task(loop.sock_recv(connection, 4096))
        dripped = 0
        for byte in begun.read():
            if heard.done():
                break
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(connection, bytes([byte]))
            dripped += 1
            await asyncio.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            assert await heard == b""
        connection.close()
        assert dripped < 100
        await until(lambda: not opened.reception.unknown)


async def test_who_speaks_tls_where_it_is_not_spoken_is_told_of_as_that(tmp_path: Path, caplog):
    async with lobby(tmp_path) as opened:
        context = ssl.create_default_context()
        speaking = context.wrap_socket(knock(opened), server_hostname="127.0.0.1", do_handshake_on_connect=False)
        with speaking, pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.to_thread(speaking.do_handshake)
        await until(lambda: not opened.reception.unknown)
    assert "was sent away: it speaks TLS, which is not spoken here" in caplog.text


async def test_a_flood_of_wrong_keys_gets_few_words_and_harms_nobody_who_has_the_right_one(tmp_path: Path, caplog):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        heard = await asyncio.gather(*(sent_away(opened, hello("wrong")) for _ in range(reception.ATTEMPTS)))
        assert all(one.endswith(b"invalid key") for one in heard)
        assert await sent_away(opened, hello("wrong")) == b"", "looked at, and not worth a word"
        lines = len(caplog.records)
        began = time.monotonic()
        flood = asyncio.create_task(asyncio.to_thread(flooded, opened, 100))
        # Connects in a thread too: while the flood fills the line before the door, the loop has to let them in.
        driver, told = await asyncio.to_thread(lambda: greeted(knock(opened), key))
        assert told == {"plugin": "echo"}, "from the same address, in the middle of the flood"
        driver.close()
        assert await flood == [b""] * 100
        assert time.monotonic() - began < 20
        assert len(caplog.records) == lines, "it fills no log either"
        await until(lambda: not opened.reception.unknown)


async def test_no_more_wait_for_the_words_than_a_bound(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        flood = asyncio.create_task(asyncio.to_thread(flooded, opened, 2 * reception.MOST_REFUSED))
        await until(lambda: opened.reception.unknown > 0)
        driver, _ = await asyncio.to_thread(lambda: greeted(knock(opened), key))
        driver.close()
        heard = await flood
        assert 1 <= sum(one.endswith(b"invalid key") for one in heard) <= reception.MOST_REFUSED
        assert all(one == b"" or one.endswith(b"invalid key") for one in heard)


async def test_who_gets_in_is_not_counted_among_those_who_failed(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        for _ in range(reception.ATTEMPTS + 2):
            driver, _ = await asyncio.to_thread(lambda: greeted(knock(opened), key))
            driver.close()
        assert len(opened.arrivals) == reception.ATTEMPTS + 2


async def test_what_is_sent_behind_the_greeting_is_not_read_before_the_key_is_known(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        heard = await sent_away(opened, hello("wrong") + frame(1, 1, "storage.get", {"key": "a"}, 0))
        assert heard.endswith(b"invalid key")
        assert b"no method" not in heard


@pytest.mark.feature("J24")
async def test_a_frame_that_makes_no_sense_ends_the_link_of_one_who_is_in(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        connection = knock(opened)
        connection.sendall(hello(opened.new_key("echo")))
        await until(lambda: opened.connections)
        connection.sendall(b"\x01\x00\x00\x00\xc1")
        await until(lambda: opened.connections[0].ended)
        assert b"a frame is no message" in await asyncio.to_thread(said, connection)
        connection.close()


async def test_a_program_that_goes_away_while_its_key_is_looked_at_leaves_nothing(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        for _ in range(5):
            connection = knock(opened)
            connection.sendall(hello("wrong"))
            connection.close()
        await until(lambda: not opened.reception.unknown)
        driver, _ = await asyncio.to_thread(lambda: greeted(knock(opened), opened.new_key("echo")))
        await until(lambda: opened.arrivals)
        driver.close()
        with pytest.raises(LinkClosed):
            driver.notify("anything", {})
