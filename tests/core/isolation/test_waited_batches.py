"""A batch that a plugin sends while its host waits without a loop ends with the time of who waits."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time

import pytest
from jackfield.errors import CallTimeout
from jackfield.isolation import Line
from jackfield.rpc import BlockingConnection, CallCodec, Link, Served

CALL_SECONDS = 0.5
MANY = 10_000


def toil(number: int) -> int: ...


TOIL = CallCodec(inspect.signature(toil, eval_str=True))


@pytest.mark.feature("J25")
def test_who_waits_has_its_time_back_from_a_batch_of_slow_calls() -> None:
    ours, theirs = socket.socketpair()
    made: list[int] = []

    def slow(number: int) -> int:
        made.append(number)
        time.sleep(0.02)
        return number

    def ask(number: int) -> int:
        batch = [{"number": number}] * MANY
        return len(asking.call_batch("toil", batch, TOIL, timeout_seconds=60))

    asking = BlockingConnection(Link(theirs, {"ask": Served(ask, TOIL)}.get, peer="the host"))

    def play() -> None:
        asking.greet()
        asking.serve()

    plugin = threading.Thread(target=play)
    plugin.start()

    async def begun() -> Line:
        line = Line(Link(ours, {"toil": Served(slow, TOIL)}.get, peer="the plugin"), plugin="a")
        await line.greet()
        return line

    async def ended(line: Line) -> None:
        line.close()
        await line.wait_closed()

    with asyncio.Runner() as runner:
        line = runner.run(begun())
        began = time.monotonic()
        with pytest.raises(CallTimeout):
            line.call_now("ask", {"number": 1}, TOIL, CALL_SECONDS)
        assert time.monotonic() - began < 60
        assert len(made) < MANY / 10
        runner.run(ended(line))
    plugin.join(60)
