"""How calls on an event loop end: given up, cancelled, with the connection, held back by who does not read."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from jackfield.errors import (
    CallTimeout,
    LinkClosed,
    ProtocolViolation,
)
from jackfield.rpc import BlockingConnection, Limits, Link, Served
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, ONE, SIZE, link
from tests.support.waiting import until


async def test_a_cancelled_task_cancels_the_call_on_the_other_side() -> None:
    ours, theirs = socket.socketpair()
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    host = LoopConnection(link(ours))
    other = LoopConnection(link(theirs, {"wait": Served(wait, CODECS["until_cancelled"])}))
    await asyncio.gather(host.greet(), other.greet())
    task = asyncio.create_task(host.call("wait", {}, CODECS["until_cancelled"]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: ended == ["cancelled"])
    with pytest.raises(CallTimeout):
        await host.call("wait", {}, CODECS["until_cancelled"], timeout_seconds=0.2)
    await until(lambda: ended == ["cancelled", "cancelled"])
    host.close()
    await other.wait_closed()


async def test_what_runs_for_the_other_side_ends_with_the_connection() -> None:
    ours, theirs = socket.socketpair()
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    host = LoopConnection(link(ours))
    other = LoopConnection(link(theirs, {"wait": Served(wait, CODECS["until_cancelled"])}))
    await asyncio.gather(host.greet(), other.greet())
    task = asyncio.create_task(host.call("wait", {}, CODECS["until_cancelled"]))
    await asyncio.sleep(0.05)
    host.close("enough")
    with pytest.raises(LinkClosed, match="enough"):
        await task
    await until(lambda: ended == ["ended"])
    assert "enough" in str(other.ended)


async def test_who_does_not_read_is_not_sent_to_for_ever() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        limits = Limits(send_seconds=0.1)
        host, other = LoopConnection(link(ours, limits=limits)), BlockingConnection(link(theirs))
        other.send_hello()
        await host.greet()

        async def send() -> None:
            while True:
                await host.notify("size", {"data": bytes(500_000)})

        with pytest.raises(LinkClosed, match="does not read"):
            await send()
        assert host.ended is not None


async def test_senders_wait_where_the_other_side_reads_slowly() -> None:
    ours, theirs = socket.socketpair()
    got: list[int] = []

    def take(data: bytes) -> int:
        got.append(len(data))
        return 0

    host = LoopConnection(link(ours))
    reader = BlockingConnection(link(theirs, {"size": Served(take, SIZE)}))
    reader.send_hello()
    await host.greet()
    reader.receive_hello()
    serving = threading.Thread(target=reader.serve)
    threading.Timer(0.1, serving.start).start()
    for _ in range(30):
        await host.notify("size", {"data": bytes(500_000)})
    await until(lambda: len(got) == 30)
    host.close()
    serving.join(20)


async def test_the_death_of_a_child_ends_every_call() -> None:
    ours, theirs = socket.socketpair()
    host, other = LoopConnection(link(ours)), LoopConnection(link(theirs))
    await asyncio.gather(host.greet(), other.greet())
    theirs.shutdown(socket.SHUT_RDWR)
    with pytest.raises(LinkClosed, match="went away"):
        await host.call("anything", {}, ONE)
    await host.wait_closed()
    with pytest.raises(LinkClosed, match="went away"):
        await host.call("anything", {}, ONE)
    await other.wait_closed()


async def test_a_flood_leaves_the_rest_of_the_program_its_turns() -> None:
    ours, theirs = socket.socketpair()
    turns, heard = 0, 0

    def hear() -> int:
        nonlocal heard
        heard += 1
        return 0

    host = LoopConnection(Link(ours, {"one": Served(hear, ONE)}.get, peer="the worker"))
    other = LoopConnection(link(theirs))
    await asyncio.gather(host.greet(), other.greet())
    for _ in range(2000):
        await other.notify("one", {})
    while heard < 2000:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 2000 // 100
    host.close()
    await other.wait_closed()


async def test_a_violation_ends_the_connection_and_names_it() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        host = LoopConnection(link(ours))
        theirs.sendall(b"\x01\0\0\0\xc1")
        with pytest.raises(ProtocolViolation, match="the worker: a frame is no message"):
            await host.greet()
        assert b"no message" in theirs.recv(4096)
