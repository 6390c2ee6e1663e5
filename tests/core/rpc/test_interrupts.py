"""Whoever is interrupted while a call is on its way does not wait for it, and the other side is blamed for nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jackfield.errors import LinkClosed
from jackfield.rpc import BlockingConnection, connected_pair
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, child, link

DOUBLE = CODECS["double"]
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
    """A signal comes in the moment in which something has left, or has come."""

    sending = receiving = False

    def send(self, *arguments: Any) -> int:
        sent = super().send(*arguments)
        if self.sending:
            self.sending = False
            raise Interrupted
        return sent

    def recv_into(self, *arguments: Any) -> int:
        if self.receiving:
            self.receiving = False
            raise Interrupted
        return super().recv_into(*arguments)


def caller(host: BlockingConnection, *, held: bool) -> Callable[..., Any]:
    def call(method: str, **arguments: Any) -> Any:
        if not held:
            return host.call(method, arguments, CODECS[method], timeout_seconds=20)
        host.is_held = True
        made, _ = host.held(method, CODECS[method], 20, dict, lambda error: error)
        return made(arguments, time.perf_counter_ns(), True)

    return call


@pytest.mark.slow
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
        impatient.sending = True
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
        impatient = Impatient(fileno=connection.detach())
        host = LoopConnection(link(impatient))
        await host.greet()
        # Where the loop receives, its reader is interrupted, which is not what this is about: it reads again.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)

        async def call() -> Any:
            return await host.call("double", {"number": 3}, DOUBLE, timeout_seconds=20)

        def otherwise(_: object) -> Awaitable[Any]:
            return call()

        made, _ = host.quick("double", DOUBLE, 20, otherwise, host.finish, lambda error: error)

        async def until_interrupted() -> None:
            while True:
                for _ in range(ROW):
                    assert await call() == 6
                impatient.receiving = True
                answer = made({"number": 3}, time.perf_counter_ns()) if quick else call()
                if answer != 6:
                    assert await answer == 6

        with pytest.raises(Interrupted):
            await asyncio.wait_for(until_interrupted(), 60)
        for _ in range(ROW):
            assert await call() == 6
        assert host.ended is None
        host.close()
