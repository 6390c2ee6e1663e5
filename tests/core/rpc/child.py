"""What the tests' child processes serve, and the child itself: `python -m tests.core.rpc.child DESCRIPTOR`."""

from __future__ import annotations

import inspect
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from subprocess import Popen
from typing import Any

from jackfield.errors import PermissionDenied
from jackfield.rpc import BlockingConnection, CallCodec, Limits, Link, Reply, Served, connected_pair

ROOT = Path(__file__).parents[3]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Message:
    room: str
    text: str
    colour: Colour = Colour.RED
    picture: bytes = b""


class Oddity(Exception):
    """Nobody but the child knows it."""


class Methods:
    """Each takes and gives data; `call_back` and `ping_pong` call the host while it waits."""

    connection: BlockingConnection

    def echo(self, message: Message) -> Message | None:
        return message

    def double(self, number: int) -> int:
        return number * 2

    def size(self, data: bytes) -> int:
        return len(data)

    def fill(self, count: int) -> bytes:
        return bytes(count)

    def sleep(self, seconds: float) -> str:
        time.sleep(seconds)
        return "slept"

    def refuse(self) -> None:
        raise PermissionDenied("weather may not messages:send", plugin="weather", hint="grant it")

    def divide(self, number: int) -> float:
        return 1 / number

    def be_odd(self) -> None:
        raise Oddity("odd")

    def leave(self) -> None:
        raise SystemExit("bye")

    def lie(self) -> int:
        return "no number"  # type: ignore[return-value]  # what a plugin may do

    def anything(self, value: Any) -> Any:
        return value

    def call_back(self, times: int) -> int:
        return sum(self.connection.call("one", {}, ONE, timeout_seconds=10) for _ in range(times))

    def ping_pong(self, depth: int) -> int:
        return int(self.connection.call("ping_pong", {"depth": depth - 1}, PING_PONG)) + 1 if depth else 0

    def exchange(self, data: bytes) -> int:
        """Send as much as came, while more comes."""
        return int(self.connection.call("size", {"data": data}, SIZE)) + len(data)


def codec(function: Callable[..., Any]) -> CallCodec:
    return CallCodec(inspect.signature(function, eval_str=True))


def one() -> int:
    return 1


ONE = codec(one)
METHODS = Methods()
SIZE = codec(METHODS.size)
PING_PONG = codec(METHODS.ping_pong)


def later(reply: Reply, number: int) -> None:
    """Answer from another thread, the larger the number the later."""
    threading.Timer(number / 100, reply.give, [number]).start()


def until_cancelled(reply: Reply) -> None:
    reply.on_cancel(lambda: reply.fail(RuntimeError("cancelled")))


def later_signature(number: int) -> int: ...


def until_signature() -> None: ...


def served(methods: Methods) -> dict[str, Served]:
    table = {
        name: Served(getattr(methods, name), codec(getattr(methods, name)))
        for name in vars(Methods)
        if not name.startswith("_") and callable(getattr(methods, name))
    }
    table["later"] = Served(later, codec(later_signature), deferred=True)
    table["until_cancelled"] = Served(until_cancelled, codec(until_signature), deferred=True)
    return table


CODECS = {name: one_of.codec for name, one_of in served(METHODS).items()}


@contextmanager
def child() -> Iterator[socket.socket]:
    """Start a child that serves the methods; yields the host's end of the socket."""
    ours, theirs = connected_pair()
    with ours:
        command = [sys.executable, "-m", "tests.core.rpc.child", str(theirs.fileno())]
        with Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT) as process:
            theirs.close()
            try:
                yield ours
            finally:
                ours.close()
                process.wait(timeout=30)
    assert process.returncode == 0


def link(connection: socket.socket, table: dict[str, Served] | None = None, limits: Limits | None = None) -> Link:
    return Link(connection, (table or {}).get, peer="the worker", limits=limits)


def main(descriptor: int) -> None:
    connection = BlockingConnection(
        Link(
            socket.socket(fileno=descriptor), served(METHODS).get, peer="the host", tell_tracebacks=True,
        )
    )  # fmt: skip
    METHODS.connection = connection
    connection.greet()
    connection.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
    os._exit(0)  # timers of tests may still run
