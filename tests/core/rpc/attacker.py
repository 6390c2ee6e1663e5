"""A worker that means harm: it greets, waits for the first request, and does what an attack says."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jackfield.errors import LinkClosed
from jackfield.rpc import BlockingConnection, FrameReader, FrameWriter, Hello, Limits, Served
from jackfield.rpc.framing import LENGTH
from jackfield.rpc.loop import LoopConnection
from jackfield.rpc.messages import Message

from tests.core.rpc.child import CODECS, ONE, link, one

DRIVERS = ["blocking", "loop"]
SECONDS = 0.3  # the time of each call
#: A frame of a megabyte decoded as plain data, and the buffers for it.
MEMORY_BYTES = 120 << 20

#: What an attacker does with its end of the socket when it has greeted and the first request has come.
Attack = Callable[[socket.socket], None]


def frame(message: Message) -> bytes:
    return bytes(FrameWriter(1 << 30).frame(message))


def body(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


def run(driver: str, attack: Attack, method: str = "anything", *, limits: Limits | None = None, many: int = 0) -> Any:
    """Call a worker that answers with an attack; returns or raises what the host's caller gets."""
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=act, args=(theirs, attack), daemon=True)
    worker.start()
    the_link = link(ours, {"one": Served(one, ONE)}, limits)
    arguments: list[dict[str, Any]] = [{}] * many
    try:
        if driver == "blocking":
            host = BlockingConnection(the_link)
            host.greet()
            if many:
                return host.call_batch(method, arguments, CODECS[method], timeout_seconds=SECONDS)
            return host.call(method, {}, CODECS[method], timeout_seconds=SECONDS)

        async def call() -> Any:
            connection = LoopConnection(the_link)
            await connection.greet()
            if many:
                return await connection.call_batch(method, arguments, CODECS[method], timeout_seconds=SECONDS)
            return await connection.call(method, {}, CODECS[method], timeout_seconds=SECONDS)

        return asyncio.run(call())
    finally:
        the_link.close(LinkClosed("the test is over"))
        worker.join(20)
        assert not worker.is_alive()


def act(theirs: socket.socket, attack: Attack) -> None:
    with theirs, suppress(OSError):
        theirs.sendall(frame(Hello()))
        reader = FrameReader()
        frames = 0
        while frames < 2:  # the greeting and the request
            reader.received(theirs.recv_into(reader.room()))
            while reader.next_frame() is not None:
                frames += 1
        attack(theirs)
        while theirs.recv(1 << 16):
            pass


def sending(*parts: bytes) -> Attack:
    return lambda theirs: theirs.sendall(b"".join(parts))


def drain(theirs: socket.socket) -> None:
    with suppress(OSError):
        while theirs.recv(1 << 16):
            pass
