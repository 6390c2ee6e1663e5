"""What a side asks for holds no more of the other one's memory than it may: answers to batches, open calls."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from jackfield.errors import CannotCross, UsageError
from jackfield.rpc import BlockingConnection, CallCodec, Limits, Link, Served
from jackfield.rpc.batches import CALLS_A_TURN
from jackfield.rpc.burden import LIGHT_BYTES
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.attacker import DRIVERS
from tests.support.waiting import until

pytestmark = pytest.mark.slow


HALF_A_MEBIBYTE = 512 << 10
MANY = 400
EMPTY_LISTS = 100_000


async def anything(value: Any) -> Any: ...
def fill(number: int) -> bytes: ...


ANYTHING = CallCodec(inspect.signature(anything, eval_str=True))
FILL = CallCodec(inspect.signature(fill, eval_str=True))


def ask_many(link: Link) -> str:
    """Ask for more than half a MiB for each of a few bytes; return why it is refused."""
    asking = BlockingConnection(link)
    asking.greet()
    with pytest.raises(CannotCross) as caught:
        asking.call_batch("fill", [{"number": 1}] * MANY, FILL, timeout_seconds=60)
    assert asking.call_batch("fill", [{"number": 1}], FILL, timeout_seconds=60) == [b"1" * HALF_A_MEBIBYTE]
    asking.close()
    return caught.value.message


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_batch_ends_where_its_answers_do_not_fit_into_a_message(driver: str) -> None:
    ours, theirs = socket.socketpair()
    made: list[int] = []

    def filled(number: int) -> bytes:
        made.append(number)
        return b"%d" % number * HALF_A_MEBIBYTE

    host, said = Link(ours, {"fill": Served(filled, FILL)}.get, peer="the plugin"), list[str]()
    asking = threading.Thread(target=lambda: said.append(ask_many(Link(theirs, lambda _: None, peer="the host"))))
    tracemalloc.start()
    asking.start()
    if driver == "loop":

        async def serve() -> None:
            connection = LoopConnection(host)
            await connection.greet()
            await asyncio.to_thread(asking.join)
            connection.close()

        asyncio.run(serve())
    else:
        connection = BlockingConnection(host)
        connection.greet()
        connection.serve()
    asking.join(60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == ["the answers to a batch are beyond the 1048576 bytes of one message"]
    assert len(made) <= CALLS_A_TURN + 1, "the calls that are left are not made"
    assert peak < (CALLS_A_TURN * 2 + 20) * HALF_A_MEBIBYTE


@pytest.mark.parametrize("kind", ["call", "batch", "notification"])
async def test_what_open_calls_carry_is_counted_as_it_lies_in_memory(kind: str) -> None:
    ours, theirs = socket.socketpair()
    open_calls: list[Any] = []
    may_end = asyncio.Event()

    async def hold(value: Any) -> Any:
        open_calls.append(value)
        await may_end.wait()

    most = EMPTY_LISTS * 64 * 5 // 2
    host = LoopConnection(
        Link(ours, {"hold": Served(hold, ANYTHING)}.get, peer="the plugin", limits=Limits(held_bytes=most))
    )
    # Both ends share one loop: who asks is patient while the other one works off what was sent.
    asking = LoopConnection(Link(theirs, lambda _: None, peer="the host", limits=Limits(send_seconds=60)))
    await asyncio.gather(host.greet(), asking.greet())
    lists: list[Any] = [[]] * EMPTY_LISTS

    async def ask() -> Any:
        if kind == "batch":
            return await asking.call_batch("hold", [{"value": lists}], ANYTHING)
        if kind == "notification":
            return await asking.notify("hold", {"value": lists})
        return await asking.call("hold", {"value": lists}, ANYTHING)

    asked = [asyncio.ensure_future(ask()) for _ in range(10)]
    await until(lambda: len(open_calls) == 2)
    with pytest.raises(UsageError, match="the plugin asks for more while what it asked before takes 12 of 15 MiB"):
        await asking.call("hold", {"value": lists}, ANYTHING)
    small = asyncio.ensure_future(asking.call("hold", {"value": "x" * (LIGHT_BYTES // 2)}, ANYTHING))
    await until(lambda: len(open_calls) == 3)  # two that are heavy, and what is light
    may_end.set()
    await asyncio.gather(small, *asked, return_exceptions=True)
    await asyncio.sleep(0)
    open_calls.clear()
    assert await asking.call("hold", {"value": lists}, ANYTHING) is None, "what was answered makes room"
    asking.close()
    host.close()
    await asyncio.gather(host.wait_closed(), asking.wait_closed())


@asynccontextmanager
async def toiling(*, asynchronous: bool) -> AsyncIterator[tuple[LoopConnection, list[float]]]:
    """A connection to a host whose `toil` takes 15 ms of its loop, and how long each took; both sides are closed."""
    ours, theirs = socket.socketpair()
    toiled: list[float] = []

    def toil(value: Any) -> Any:
        begun = time.perf_counter()
        while time.perf_counter() - begun < 0.015:
            pass
        toiled.append(time.perf_counter() - begun)

    async def toil_awaited(value: Any) -> Any:
        toil(value)

    served = Served(toil_awaited if asynchronous else toil, ANYTHING)
    host = LoopConnection(Link(ours, {"toil": served}.get, peer="the plugin"))
    asking = LoopConnection(Link(theirs, lambda _: None, peer="the host"))
    await asyncio.gather(host.greet(), asking.greet())
    try:
        yield asking, toiled
    finally:
        asking.close()
        host.close()
        await asyncio.gather(host.wait_closed(), asking.wait_closed(), return_exceptions=True)


async def test_a_batch_of_slow_calls_leaves_most_of_the_time_to_the_others() -> None:
    async with toiling(asynchronous=False) as (asking, toiled):
        asked = asyncio.ensure_future(asking.call_batch("toil", [{"value": 1}] * 40, ANYTHING))
        await until(lambda: bool(toiled))
        begun, before = time.perf_counter(), sum(toiled)
        await until(lambda: len(toiled) > 20)
        assert (sum(toiled) - before) / (time.perf_counter() - begun) < 0.4
    await asyncio.gather(asked, return_exceptions=True)


async def test_a_batch_of_slow_asynchronous_calls_leaves_most_of_the_time_to_the_others() -> None:
    """What is awaited may keep the loop as what is called does."""
    async with toiling(asynchronous=True) as (asking, toiled):
        asked = asyncio.ensure_future(asking.call_batch("toil", [{"value": 1}] * 40, ANYTHING))
        seen, begun = [0], time.perf_counter()
        while len(toiled) < 20:
            await asyncio.sleep(0.001)
            seen.append(len(toiled))
        assert max(after - before for before, after in pairwise(seen)) <= 3, "others have their turn in between"
        assert sum(toiled) / (time.perf_counter() - begun) < 0.5
    await asyncio.gather(asked, return_exceptions=True)


async def test_what_requests_lead_to_leaves_most_of_the_time_to_the_others() -> None:
    """Each is read at once, and then a task of its own."""
    async with toiling(asynchronous=True) as (asking, toiled):
        asked = [asyncio.ensure_future(asking.call("toil", {"value": 1}, ANYTHING)) for _ in range(60)]
        seen = [0]
        while len(toiled) < 20:
            await asyncio.sleep(0.001)
            seen.append(len(toiled))
        assert max(after - before for before, after in pairwise(seen)) <= 3, "others have their turn in between"
    await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("ends", ["answers", "raises", "is cancelled", "ignores that"])
async def test_what_is_counted_in_steps_ends_as_ever(ends: str) -> None:
    ours, theirs = socket.socketpair()
    seen: list[str] = []

    async def end(value: Any) -> Any:
        try:
            await asyncio.sleep(0)
            if ends == "raises":
                raise UsageError("no")
            if ends != "answers":
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            if ends == "is cancelled":
                raise
        return value

    host = LoopConnection(Link(ours, {"end": Served(end, ANYTHING)}.get, peer="the plugin"))
    asking = LoopConnection(Link(theirs, lambda _: None, peer="the host"))
    await asyncio.gather(host.greet(), asking.greet())
    asked = asyncio.ensure_future(asking.call("end", {"value": 7}, ANYTHING))
    if ends == "answers":
        assert await asked == 7
    elif ends == "raises":
        with pytest.raises(UsageError, match="no"):
            await asked
    else:
        await asyncio.sleep(0.05)
        asked.cancel()
        await until(lambda: seen == ["cancelled"])
    asking.close()
    host.close()
    await asyncio.gather(asked, host.wait_closed(), asking.wait_closed(), return_exceptions=True)
    await until(lambda: not host._tasks)
