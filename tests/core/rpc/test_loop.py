"""Calls driven by an event loop: many at once, answers in any order, no threads."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any

import pytest
from jackfield.errors import (
    CallTimeout,
    CannotCross,
    LinkClosed,
    PermissionDenied,
)
from jackfield.rpc import BlockingConnection, OpenCall, Served
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, ONE, PING_PONG, SIZE, Message, child, link, one
from tests.support.waiting import until


class Later:
    """A call that is awaited, as no answer of the child's is one."""

    def __init__(self, answer: Awaitable[Any]) -> None:
        self.answer = answer


class Host:
    """A host with an event loop; what the child calls back is partly asynchronous.

    Args:
        connection: to the child.
        quick: whether it calls as who calls the same methods again and again.
    """

    def __init__(self, connection: socket.socket, *, quick: bool = False) -> None:
        self.quick = quick
        table = {"one": Served(self.one, ONE), "size": Served(self.size, SIZE)}
        self.link = link(connection, table | {"ping_pong": Served(self.ping_pong, PING_PONG)})
        self.connection = LoopConnection(self.link)

    async def one(self) -> int:
        await asyncio.sleep(0)
        return 1

    def size(self, data: bytes) -> int:
        return len(data)

    async def ping_pong(self, depth: int) -> int:
        return int(await self.connection.call("ping_pong", {"depth": depth - 1}, PING_PONG)) + 1 if depth else 0

    async def call(self, method: str, timeout_seconds: float = 20, **arguments: Any) -> Any:
        codec = CODECS[method]

        def otherwise(given: Mapping[str, Any]) -> Later:
            return Later(self.connection.call(method, given, codec, timeout_seconds=timeout_seconds))

        def later(sent: OpenCall) -> Later:
            return Later(self.connection.finish(sent))

        if self.quick:
            call, _ = self.connection.quick(method, codec, timeout_seconds, otherwise, later, told)
            answer = call(arguments, time.perf_counter_ns())
        else:
            answer = otherwise(arguments)
        return await answer.answer if type(answer) is Later else answer


def told(error: LinkClosed) -> LinkClosed:
    return type(error)(f"told: {error.message}")


@pytest.fixture(params=[False, True], ids=["any method", "quick"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    with child() as connection:
        host = Host(connection, quick=request.param)
        await host.connection.greet()
        yield host
        host.connection.close()


async def test_calls_answers_and_errors_cross(host: Host) -> None:
    before = threading.active_count()  # other tests of this process may have left some
    assert await host.call("echo", message=Message("lobby", "hi")) == Message("lobby", "hi")
    with pytest.raises(PermissionDenied):
        await host.call("refuse")
    with pytest.raises(CannotCross, match="beyond"):
        await host.call("size", data=bytes(2_000_000))
    assert await host.call("size", data=bytes(1_000_000)) == 1_000_000
    assert threading.active_count() == before


@pytest.mark.slow
async def test_many_calls_are_open_at_once_and_answered_in_any_order(host: Host) -> None:
    order: list[int] = []

    async def ask(number: int) -> None:
        assert await host.call("later", number=number) == number
        order.append(number)

    await asyncio.gather(*(ask(number) for number in (30, 1, 15)))
    assert order == [1, 15, 30]
    assert await asyncio.gather(*(host.call("double", number=n) for n in range(500))) == [2 * n for n in range(500)]


async def test_a_batch_answers_each_call_or_tells_its_error(host: Host) -> None:
    numbers = [{"number": number} for number in (2, 0, 4)]
    first, second, third = await host.connection.call_batch("divide", numbers, CODECS["divide"])
    assert (first, third) == (0.5, 0.25)
    assert isinstance(second, ZeroDivisionError)


async def test_a_child_calls_back_while_its_host_waits(host: Host) -> None:
    assert await host.call("call_back", times=20) == 20
    assert await host.call("ping_pong", depth=20) == 20


async def test_both_sides_may_send_much_at_the_same_time(host: Host) -> None:
    sizes = await asyncio.gather(*(host.call("exchange", data=bytes(900_000)) for _ in range(6)))
    assert sizes == [1_800_000] * 6


async def test_a_call_that_takes_too_long_is_given_up_and_others_go_on(host: Host) -> None:
    slow = host.connection.begin("sleep", {"seconds": 0.3}, CODECS["sleep"], timeout_seconds=0.05)
    quick = host.connection.begin("double", {"number": 2}, CODECS["double"], timeout_seconds=20)
    with pytest.raises(CallTimeout, match="did not answer sleep in time"):
        await host.connection.finish(slow)
    assert await host.connection.finish(quick) == 4


async def test_quick_calls_in_a_row_leave_the_rest_of_the_program_its_turns(host: Host) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    began, number = time.monotonic(), 0
    while number < 500 or time.monotonic() - began < 0.3:
        assert await host.call("double", number=number) == 2 * number
        number += 1
    counting.cancel()
    assert turns >= 10  # of some hundreds: the machine may be busy


@pytest.mark.slow
async def test_a_slow_answer_after_many_quick_ones_does_not_hold_the_loop(host: Host) -> None:
    for number in range(200):
        await host.call("double", number=number)
    slow = asyncio.create_task(host.call("sleep", seconds=0.5))
    turns = 0
    while not slow.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert await slow == "slept"
    assert turns > 20  # of some hundreds: the machine may be busy


async def test_batches_in_a_row_and_calls_between_them_have_their_own_answers(host: Host) -> None:
    for size in (1, 100, 3000, 100):  # in one packet and in several
        numbers = [{"number": number} for number in range(size)]
        for _ in range(20):
            answers = await host.connection.call_batch("double", numbers, CODECS["double"], timeout_seconds=20)
            assert answers == [2 * number for number in range(size)]
            assert await host.call("double", number=size) == 2 * size
        first, second = await host.connection.call_batch("divide", [{"number": 2}, {"number": 0}], CODECS["divide"])
        assert first == 0.5
        assert isinstance(second, ZeroDivisionError)


@pytest.mark.slow
async def test_a_slow_batch_after_many_quick_ones_does_not_hold_the_loop(host: Host) -> None:
    for _ in range(50):
        await host.connection.call_batch("double", [{"number": 1}] * 10, CODECS["double"], timeout_seconds=20)
    batch = host.connection.call_batch("sleep", [{"seconds": 0.1}] * 5, CODECS["sleep"], timeout_seconds=20)
    slow = asyncio.create_task(batch)
    turns = 0
    while not slow.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert await slow == ["slept"] * 5
    assert turns > 20  # of some hundreds: the machine may be busy


async def test_batches_that_call_back_are_answered_while_they_are_waited_for(host: Host) -> None:
    for _ in range(20):
        await host.connection.call_batch("double", [{"number": 1}] * 10, CODECS["double"], timeout_seconds=20)
        assert await host.connection.call_batch("call_back", [{"times": 3}] * 4, CODECS["call_back"]) == [3] * 4
    doubled, batch, called = await asyncio.gather(
        host.call("double", number=1),
        host.connection.call_batch("call_back", [{"times": 3}] * 4, CODECS["call_back"]),
        host.call("double", number=2),
    )
    assert (doubled, batch, called) == (2, [3] * 4, 4)


async def test_large_arguments_and_answers_cross_between_quick_ones(host: Host) -> None:
    for size in (10, 300, 700, 20_000, 900_000):
        for _ in range(20):  # so that some are sent while answers are waited for
            assert await host.call("double", number=size) == 2 * size
        assert await host.call("size", data=bytes(size)) == size
        for _ in range(20):
            assert await host.call("double", number=size) == 2 * size
        assert await host.call("fill", count=size) == bytes(size)
    with pytest.raises(CannotCross, match="beyond the 1048576"):
        await host.call("size", data=bytes(2_000_000))


async def test_the_end_of_the_other_side_is_told_to_who_calls_quickly() -> None:
    with child() as connection:
        host = Host(connection, quick=True)
        await host.connection.greet()
        for number in range(200):
            await host.call("double", number=number)
        connection.shutdown(socket.SHUT_RDWR)
        for _ in range(2):  # as it is when the loop has not seen it, and has
            with pytest.raises(LinkClosed, match="went away"):
                await host.call("double", number=1)


async def test_what_comes_before_a_quick_answer_is_taken_too() -> None:
    ours, theirs = socket.socketpair()
    heard: list[int] = []

    def hear(number: int) -> int:
        heard.append(number)
        return number

    host = LoopConnection(link(ours, {"double": Served(hear, CODECS["double"])}))

    def answer() -> int:
        other.notify("double", {"number": 1})
        return 1

    other = BlockingConnection(link(theirs, {"one": Served(answer, ONE)}))
    other.send_hello()
    await host.greet()
    other.receive_hello()
    serving = threading.Thread(target=other.serve)
    serving.start()
    for _ in range(200):
        assert await host.call("one", {}, ONE, timeout_seconds=20) == 1
    await until(lambda: heard == [1] * 200)
    host.close()
    serving.join(20)


async def test_a_link_goes_from_one_driver_to_the_other_and_back(host: Host) -> None:
    assert await host.call("double", number=1) == 2
    waiting = BlockingConnection(host.connection.release())
    host.link.serve = {"one": Served(one, ONE)}.get
    assert waiting.call("double", {"number": 2}, ONE) == 4
    assert waiting.call("call_back", {"times": 2}, ONE) == 2
    host.connection = LoopConnection(host.link)
    assert await host.call("double", number=3) == 6


async def test_a_connection_in_use_is_not_given_away(host: Host) -> None:
    call = host.connection.begin("double", {"number": 1}, ONE)
    with pytest.raises(RuntimeError, match="in use"):
        host.connection.release()
    assert await host.connection.finish(call) == 2
