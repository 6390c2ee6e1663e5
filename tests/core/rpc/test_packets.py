"""Frames over sockets that keep packets apart: whatever their size, they come whole, in order, to both drivers."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import threading
import time
from collections.abc import Awaitable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import CallTimeout, LinkClosed
from jackfield.rpc import BlockingConnection, CallCodec, FrameWriter, Hello, Served, connected_pair
from jackfield.rpc.framing import LEAST_ROOM_BYTES
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, link
from tests.support.examples import examples


def echo(data: bytes) -> bytes:
    return data


ECHO = CallCodec(inspect.signature(echo, eval_str=True))
TABLE = {"echo": Served(echo, ECHO)}
#: Around what is one packet, and what fills the buffers of the kernel.
SIZES = (0, 1, 255, 256, *(LEAST_ROOM_BYTES + more for more in (-40, -20, -10, 0, 1, 40)), 70_000, 900_000)


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = connected_pair()
    assert ours.type == socket.SOCK_SEQPACKET
    return ours, theirs


@pytest.fixture
def host() -> Iterator[BlockingConnection]:
    ours, theirs = pair()
    other = BlockingConnection(link(theirs, TABLE))
    connection = BlockingConnection(link(ours, TABLE))
    connection.send_hello()
    other.greet()
    connection.receive_hello()
    serving = threading.Thread(target=other.serve)
    serving.start()
    yield connection
    connection.close()
    serving.join()


@pytest.mark.parametrize("size", SIZES)
def test_frames_of_any_size_come_back(host: BlockingConnection, size: int) -> None:
    data = os.urandom(size)
    assert host.call("echo", {"data": data}, ECHO, timeout_seconds=20) == data
    assert host.call("echo", {"data": b"after"}, ECHO, timeout_seconds=20) == b"after"


@settings(max_examples=examples(30))
@given(st.lists(st.integers(0, 3 * LEAST_ROOM_BYTES), min_size=1, max_size=12))
def test_many_at_once_come_back_to_a_loop_in_order(sizes: list[int]) -> None:
    async def run() -> None:
        ours, theirs = pair()
        host, other = LoopConnection(link(ours)), LoopConnection(link(theirs, TABLE))
        await asyncio.gather(host.greet(), other.greet())
        sent = [bytes([place]) * size for place, size in enumerate(sizes)]
        calls = [host.begin("echo", {"data": data}, ECHO, timeout_seconds=20) for data in sent]
        assert [await host.finish(call) for call in calls] == sent
        host.close()
        await other.wait_closed()

    asyncio.run(run())


async def test_a_frame_that_fills_the_kernel_leaves_in_parts_while_the_loop_goes_on() -> None:
    ours, theirs = pair()
    host, other = LoopConnection(link(ours)), LoopConnection(link(theirs, TABLE))
    await asyncio.gather(host.greet(), other.greet())
    data = os.urandom(900_000)
    answers: list[Awaitable[bytes]] = [host.call("echo", {"data": data}, ECHO, timeout_seconds=20) for _ in range(3)]
    assert await asyncio.gather(*answers) == [data] * 3
    host.close()
    await other.wait_closed()


async def test_answers_that_wait_together_are_taken_in_one_turn_of_the_loop() -> None:
    ours, theirs = pair()
    host = LoopConnection(link(ours))
    writer = FrameWriter()
    theirs.send(writer.frame(Hello()))
    await host.greet()
    calls = [asyncio.create_task(host.call("double", {"number": number}, CODECS["double"])) for number in range(50)]
    await asyncio.sleep(0)
    for number in range(50):
        theirs.send(writer.frame((2, number + 1, number)))
    turns = 0
    while not all(call.done() for call in calls):
        await asyncio.sleep(0)
        turns += 1
    assert [call.result() for call in calls] == list(range(50))
    assert turns <= 3
    theirs.close()
    await host.wait_closed()


def test_who_waits_is_told_of_the_end_and_of_the_deadline() -> None:
    ours, theirs = pair()
    host = BlockingConnection(link(ours))
    theirs.send(FrameWriter().frame(Hello()))
    host.greet()
    with pytest.raises(CallTimeout):
        host.call("double", {"number": 1}, CODECS["double"], timeout_seconds=0.05)
    threading.Timer(0.05, theirs.close).start()
    with pytest.raises(LinkClosed, match="went away"):
        host.call("double", {"number": 1}, CODECS["double"], timeout_seconds=20)


HOSTILE = {
    "an empty packet": b"",
    "more than is read at once": (200_000).to_bytes(4, "little") + bytes(150_000),
    "a frame whose rest never comes": (100).to_bytes(4, "little") + bytes(10),
}


@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE)
def test_packets_that_break_the_rules_end_no_later_than_the_call(packet: bytes) -> None:
    ours, theirs = pair()
    host = BlockingConnection(link(ours))
    theirs.send(FrameWriter().frame(Hello()))
    host.greet()
    with theirs:
        theirs.send(packet)
        begun = time.monotonic()
        with pytest.raises((LinkClosed, CallTimeout)):
            host.call("double", {"number": 1}, CODECS["double"], timeout_seconds=0.2)
        assert time.monotonic() - begun < 20
    host.close()
