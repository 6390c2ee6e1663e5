"""Floods: lines of log are dropped and counted, requests are counted over a window."""

import asyncio
import inspect
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.isolation import Flow, LineRate
from jackfield.isolation.limits import FLOW_WINDOW_SECONDS
from jackfield.rpc import CallCodec, Link, Served
from jackfield.rpc.loop import LoopConnection


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_within_the_rate_are_let_through() -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: 3, said.append, clock=clock)
    for _ in range(20):
        assert [rate.admit() for _ in range(3)] == [True] * 3
        clock.now += 1.0
    rate.close()
    assert said == []


@pytest.mark.feature("C27")
def test_of_a_flood_the_rest_is_dropped_and_two_lines_say_so() -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: 3, said.append, clock=clock)
    for _ in range(4):
        assert [rate.admit() for _ in range(100)] == [True] * 3 + [False] * 97
        clock.now += 1.0
    assert said == ["weather writes more than 3 lines of log a second; the rest is dropped"]
    clock.now += 2.0
    assert rate.admit()
    assert said[1:] == ["388 lines of log of weather were dropped"]
    rate.close()
    assert len(said) == 2


def test_a_rate_that_is_raised_holds_at_once() -> None:
    clock, said, most = Clock(), list[str](), [1]
    rate = LineRate("weather", lambda: most[0], said.append, clock=clock)
    assert [rate.admit(), rate.admit()] == [True, False]
    most[0] = 5
    assert rate.admit()


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), max_size=40), st.integers(1, 20))
def test_no_line_is_lost_without_being_counted(bursts: list[tuple[float, int]], most: int) -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: most, said.append, clock=clock)
    admitted, dropped = [], 0
    for pause, lines in bursts:
        clock.now += pause
        for _ in range(lines):
            if rate.admit():
                admitted.append(clock.now)
            else:
                dropped += 1
    rate.close()
    assert sum(int(one.split()[0]) for one in said if "were dropped" in one) == dropped
    for first, later in zip(admitted, admitted[2 * most :], strict=False):
        assert later - first >= 1.0 - 1e-6, "twice as many in a second, where two seconds meet, and never more"


@pytest.mark.feature("C27")
def test_requests_are_counted_over_the_window() -> None:
    flow, now, rate = Flow("weather", 50.0), 50.0, 0.0
    assert flow.per_second(now) == (0, 0)
    for _ in range(40):
        now += 0.25
        flow.requests += 25
        rate, _ = flow.per_second(now)
    assert rate == pytest.approx(100)
    flow.requests += 10_000
    assert flow.per_second(now + 0.25)[0] > 10_000 / FLOW_WINDOW_SECONDS
    assert flow.per_second(now + 10)[0] == 0


@pytest.mark.feature("C27")
def test_a_flood_before_the_first_look_is_seen() -> None:
    flow = Flow("weather", 50.0)
    flow.requests = 1000
    flow.sent_bytes = lambda: 4000
    assert flow.per_second(50.1) == (1000 / FLOW_WINDOW_SECONDS, 4000 / FLOW_WINDOW_SECONDS)
    assert flow.per_second(52.2)[0] < 500


@pytest.mark.feature("C27")
def test_who_connects_anew_is_counted_on() -> None:
    flow = Flow("weather", 50.0)
    flow.requests = 1000
    flow.sent_bytes = lambda: 4000
    again = Flow("weather", 50.1, before=flow)
    again.requests += 1000
    again.sent_bytes = lambda: 2000
    assert again.per_second(50.2) == (2000 / FLOW_WINDOW_SECONDS, 6000 / FLOW_WINDOW_SECONDS)
    assert again.sent == 6000
    assert again.per_second(60.0) == (0, 0)


def forecast(place: str) -> str:
    return f"sun in {place}"


async def slowly() -> int:
    return 1


@pytest.mark.feature("C27")
async def test_what_a_worker_asks_over_a_real_link_is_counted() -> None:
    served = {one.__name__: Served(one, CallCodec(inspect.signature(one))) for one in (forecast, slowly)}
    ours, theirs = socket.socketpair()
    flow = Flow("weather")
    host = Link(ours, flow.counting(served.get, 1000), peer="the worker")
    flow.sent_bytes = lambda: host.reader.received_bytes
    connection, worker = LoopConnection(host), LoopConnection(Link(theirs, lambda _: None, peer="the host"))
    await asyncio.gather(connection.greet(), worker.greet())
    before = flow.sent_bytes()
    text, number = (CallCodec(inspect.signature(one)) for one in (forecast, slowly))
    assert await worker.call("forecast", {"place": "Graz"}, text) == "sun in Graz"
    assert await worker.call("slowly", {}, number) == 1
    assert await worker.call_batch("forecast", [{"place": "Wien"}] * 7, text) == ["sun in Wien"] * 7
    await worker.notify("forecast", {"place": "x" * 1000})
    with pytest.raises(UsageError):
        await worker.call("missing", {}, number)
    assert flow.requests >= 1 + 1 + 7 + 1 + 1
    assert flow.sent_bytes() - before > 1000
    worker.close()
    connection.close()
