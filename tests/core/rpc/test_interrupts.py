"""Whoever is interrupted while a call is on its way does not wait for it, and the other side is blamed for nothing."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jackfield.errors import LinkClosed
from jackfield.rpc import BlockingConnection, Served, connected_pair
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, ONE, child, link

DOUBLE, SLEEP = CODECS["double"], CODECS["sleep"]
#: So many quick answers that the next is looked for without a turn of the loop.
ROW = 200


class Interrupted(Exception):
    """What a signal raises in these tests: an event loop hands it to who waits, as it does not with Ctrl-C."""


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        with pytest.raises(Interrupted):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Impatient(socket.socket):
    """A signal comes in the moment in which something has left."""

    comes = False

    def send(self, *arguments: Any) -> int:
        sent = super().send(*arguments)
        if self.comes:
            self.comes = False
            raise Interrupted
        return sent


def caller(host: BlockingConnection, *, held: bool) -> Callable[..., Any]:
    def call(method: str, **arguments: Any) -> Any:
        if not held:
            return host.call(method, arguments, CODECS[method], timeout_seconds=20)
        host.is_held = True
        made, _ = host.held(method, CODECS[method], 20, dict, lambda error: error)
        return made(arguments, time.perf_counter_ns(), True)

    return call


@pytest.mark.parametrize("held", [False, True])
def test_one_who_waits_may_call_again(held: bool) -> None:
    with child() as connection:
        host = BlockingConnection(link(connection))
        host.greet()
        call = caller(host, held=held)
        with interrupted(0.1):
            call("sleep", seconds=0.3)
        assert call("double", number=4) == 8
        host.close()


@pytest.mark.parametrize("held", [False, True])
def test_one_whose_call_has_just_left_may_call_again(held: bool) -> None:
    with child() as connection:
        impatient = Impatient(fileno=connection.detach())
        host = BlockingConnection(link(impatient))
        host.greet()
        call = caller(host, held=held)
        impatient.comes = True
        with pytest.raises(Interrupted):
            call("double", number=3)
        assert call("double", number=4) == 8
        host.close()


@pytest.mark.parametrize("held", [False, True])
def test_a_message_that_is_interrupted_half_way_is_followed_by_none(held: bool) -> None:
    ours, theirs = connected_pair()
    host, other = BlockingConnection(link(ours)), BlockingConnection(link(theirs))
    host.send_hello()
    other.greet()
    host.receive_hello()
    call = caller(host, held=held)
    with interrupted(0.1):
        call("size", data=bytes(1_000_000))  # nobody reads
    with pytest.raises(LinkClosed, match="a message to the worker was interrupted half way"):
        host.call("double", {"number": 4}, DOUBLE)
    other.close()


@pytest.mark.parametrize("quick", [False, True])
async def test_one_that_looks_for_an_answer_on_the_loop_may_call_again(quick: bool) -> None:
    with child() as connection:
        host = LoopConnection(link(connection, {"one": Served(lambda: 1, ONE)}))
        await host.greet()

        async def double(number: int) -> Any:
            return await host.call("double", {"number": number}, DOUBLE, timeout_seconds=20)

        async def sleep(seconds: float) -> Any:
            if not quick:
                return await host.call("sleep", {"seconds": seconds}, SLEEP, timeout_seconds=20)
            made, _ = host.quick("sleep", SLEEP, 20, dict, lambda _: None, lambda error: error)
            return made({"seconds": seconds}, time.perf_counter_ns())

        with interrupted(0.5):
            while True:  # until it comes while an answer is looked for, and not in between
                for number in range(ROW):
                    assert await double(number) == 2 * number
                await sleep(0.003)
        for number in range(ROW):
            assert await double(number) == 2 * number
        assert host.ended is None
        host.close()
