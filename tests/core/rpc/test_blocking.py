"""Calls over a real socket into a real child process, by a caller who waits."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jackfield.errors import (
    CallTimeout,
    CannotCross,
    LinkClosed,
    PermissionDenied,
    ProtocolViolation,
    RemoteError,
    UsageError,
)
from jackfield.rpc import BlockingConnection, Limits, Served, connected_pair

from tests.core.rpc.child import CODECS, ONE, PING_PONG, SIZE, Colour, Message, child, link, one

pytestmark = pytest.mark.slow


class Host:
    """A host that waits, with the methods that the child calls back.

    Args:
        connection: to the child.
        holds: whether it calls as a thread does that has the connection to itself.
    """

    def __init__(self, connection: socket.socket, *, holds: bool = False) -> None:
        self.owner = threading.get_ident() if holds else None
        table = {"one": Served(one, ONE), "size": Served(len_of, SIZE), "ping_pong": Served(self.ping_pong, PING_PONG)}
        self.connection = BlockingConnection(link(connection, table))
        self.connection.greet()
        self.connection.is_held = holds

    def ping_pong(self, depth: int) -> int:
        return int(self.connection.call("ping_pong", {"depth": depth - 1}, PING_PONG)) + 1 if depth else 0

    def call(self, method: str, timeout_seconds: float = 20, **arguments: Any) -> Any:
        codec = CODECS[method]

        def otherwise(given: Mapping[str, Any]) -> Any:
            return self.connection.call(method, given, codec, timeout_seconds=timeout_seconds)

        if self.owner != threading.get_ident():
            return otherwise(arguments)
        held, _ = self.connection.held(method, codec, timeout_seconds, otherwise, told)
        return held(arguments, time.perf_counter_ns(), True)


def told(error: CallTimeout | LinkClosed) -> Exception:
    return type(error)(f"told: {error.message}")


def len_of(data: bytes) -> int:
    return len(data)


@pytest.fixture(scope="module", params=[False, True], ids=["any thread", "held"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with child() as connection:
        yield Host(connection, holds=request.param)


def test_values_arrive_as_what_they_are(host: Host) -> None:
    message = Message("lobby", "hällo", Colour.BLUE, bytes(range(256)))
    assert host.call("echo", message=message) == message


def test_large_values_cross_in_both_directions(host: Host) -> None:
    assert host.call("size", data=bytes(1_000_000)) == 1_000_000
    assert host.call("fill", count=1_000_000) == bytes(1_000_000)


def test_an_argument_beyond_the_limit_is_not_sent_and_an_answer_beyond_it_is_an_error(host: Host) -> None:
    with pytest.raises(CannotCross, match="beyond the 1048576"):
        host.call("size", data=bytes(2_000_000))
    with pytest.raises(CannotCross, match="beyond the 1048576"):
        host.call("fill", count=2_000_000)
    assert host.call("double", number=1) == 2


def test_both_sides_may_send_much_at_the_same_time(host: Host) -> None:
    calls = [host.connection.begin("exchange", {"data": bytes(900_000)}, SIZE, timeout_seconds=60) for _ in range(4)]
    assert [host.connection.finish(call) for call in calls] == [1_800_000] * 4


def test_errors_arrive_as_what_they_were_and_say_where(host: Host) -> None:
    with pytest.raises(PermissionDenied, match="may not") as denied:
        host.call("refuse")
    assert (denied.value.plugin, denied.value.hint) == ("weather", "grant it")
    with pytest.raises(ZeroDivisionError) as divided:
        host.call("divide", number=0)
    assert "return 1 / number" in divided.value.__notes__[0]


def test_an_error_that_only_the_other_side_knows_is_told_by_its_kind(host: Host) -> None:
    with pytest.raises(RemoteError, match="Oddity: odd") as odd:
        host.call("be_odd")
    assert odd.value.kind == "Oddity"
    assert "be_odd" in odd.value.remote_traceback


def test_a_method_cannot_end_either_process(host: Host) -> None:
    with pytest.raises(RemoteError, match="SystemExit: bye"):
        host.call("leave")
    assert host.call("double", number=1) == 2


def test_an_answer_that_is_not_what_was_declared_is_the_methods_error(host: Host) -> None:
    with pytest.raises(CannotCross, match=r"what Methods.lie returned .*Expected `int`, got `str`"):
        host.call("lie")
    assert host.call("double", number=1) == 2


def test_arguments_that_do_not_fit_and_unknown_methods_are_the_callers_errors(host: Host) -> None:
    with pytest.raises(TypeError, match="arguments of double"):
        host.call("double", number="two")
    with pytest.raises(UsageError, match="no method nothing"):
        host.connection.call("nothing", {}, ONE)


def test_a_batch_answers_each_call_or_tells_its_error(host: Host) -> None:
    numbers = [{"number": number} for number in (2, 0, 4)]
    first, second, third = host.connection.call_batch("divide", numbers, CODECS["divide"], timeout_seconds=20)
    assert (first, third) == (0.5, 0.25)
    assert isinstance(second, ZeroDivisionError)
    lies = host.connection.call_batch("lie", [{}, {}], CODECS["lie"])
    assert all(isinstance(one_of, CannotCross) for one_of in lies)
    assert host.connection.call_batch("divide", [], CODECS["divide"]) == []
    with pytest.raises(CannotCross, match="more than the 10000"):
        host.connection.call_batch("divide", [{"number": 1}] * 10_001, CODECS["divide"])


def test_a_child_calls_back_while_its_host_waits(host: Host) -> None:
    assert host.call("call_back", times=50) == 50


def test_calls_back_and_forth_nest_and_are_bounded(host: Host) -> None:
    assert host.call("ping_pong", depth=40) == 40
    with pytest.raises(UsageError, match="more than 32 deep"):
        host.call("ping_pong", depth=200)
    assert host.call("double", number=1) == 2


def test_answers_come_in_any_order(host: Host) -> None:
    calls = [host.connection.begin("later", {"number": number}, ONE, timeout_seconds=20) for number in (9, 1, 5)]
    assert [host.connection.finish(call) for call in calls] == [9, 1, 5]


def test_a_batch_of_deferred_calls_is_answered_in_its_order(host: Host) -> None:
    assert host.connection.call_batch("later", [{"number": n} for n in (5, 1, 3)], ONE) == [5, 1, 3]


def test_of_many_threads_each_gets_its_own_answers(host: Host) -> None:
    answers: dict[int, list[int]] = {}

    def ask(thread: int) -> None:
        answers[thread] = [host.call("double", number=thread * 1000 + number) for number in range(100)]

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {thread: [2 * (thread * 1000 + number) for number in range(100)] for thread in range(6)}


def test_a_call_that_takes_too_long_is_given_up_and_its_late_answer_left_out(host: Host) -> None:
    begun = time.monotonic()
    with pytest.raises(CallTimeout, match="did not answer sleep in time"):
        host.call("sleep", seconds=3, timeout_seconds=0.05)
    assert time.monotonic() - begun < 3
    assert host.call("double", number=4) == 8


def test_a_call_that_is_given_up_is_cancelled_there(host: Host) -> None:
    call = host.connection.begin("until_cancelled", {}, CODECS["until_cancelled"], timeout_seconds=0.05)
    with pytest.raises(CallTimeout):
        host.connection.finish(call)
    assert host.call("double", number=4) == 8  # its "cancelled" was awaited by nobody, and broke nothing


def test_a_held_connection_is_left_to_the_general_way_when_it_is_let_go(host: Host) -> None:
    ways = []

    def otherwise(given: Mapping[str, Any]) -> Any:
        ways.append("otherwise")
        return host.connection.call("double", given, ONE)

    held, direct = host.connection.held("double", ONE, 20, otherwise, told)
    for may, free in ((True, True), (False, True), (True, False)):
        direct(may)
        assert held({"number": 4}, time.perf_counter_ns(), free) == 8
    assert len(ways) == (2 if host.connection.is_held else 3)


def test_the_time_of_a_held_call_runs_from_when_its_hook_began(host: Host) -> None:
    held, _ = host.connection.held("call_back", CODECS["call_back"], 20, dict, told)
    host.connection.is_held = True
    with pytest.raises(CallTimeout, match="told: the worker did not answer call_back in time"):
        held({"times": 1}, time.perf_counter_ns() - 20 * 10**9, True)
    host.connection.is_held = host.owner is not None
    assert host.call("double", number=4) == 8


def test_who_interrupts_a_held_call_may_call_again(host: Host) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        held, _ = host.connection.held("sleep", CODECS["sleep"], 20, dict, told)
        host.connection.is_held = True
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            held({"seconds": 0.3}, time.perf_counter_ns(), True)
    finally:
        signal.signal(signal.SIGALRM, before)
        host.connection.is_held = host.owner is not None
    assert host.call("double", number=4) == 8


@pytest.mark.parametrize("holds", [False, True])
def test_the_end_of_the_other_side_is_told_to_who_holds_the_connection(holds: bool) -> None:
    ours, theirs = connected_pair()
    host, other = BlockingConnection(link(ours)), BlockingConnection(link(theirs))
    host.send_hello()
    other.greet()
    host.receive_hello()
    host.is_held = holds
    held, _ = host.held("one", ONE, 20, lambda given: host.call("one", given, ONE), told)
    threading.Timer(0.05, theirs.shutdown, [socket.SHUT_RDWR]).start()
    for _ in range(2):  # while it waits, and before it sends
        with pytest.raises(LinkClosed, match="told: the worker went away" if holds else "^the worker went away"):
            held({}, time.perf_counter_ns(), True)
    assert isinstance(host.ended, LinkClosed)
    other.close()


def test_the_death_of_a_child_ends_what_waits_for_it() -> None:
    ours, theirs = socket.socketpair()
    host, other = BlockingConnection(link(ours)), BlockingConnection(link(theirs))
    host.send_hello()
    other.greet()
    host.receive_hello()
    threading.Timer(0.05, theirs.shutdown, [socket.SHUT_RDWR]).start()
    with pytest.raises(LinkClosed, match="went away"):
        host.call("sleep", {"seconds": 1}, ONE)
    with pytest.raises(LinkClosed, match="went away"):
        host.call("double", {"number": 1}, ONE)
    assert isinstance(host.ended, LinkClosed)
    other.close()


def test_closing_wakes_a_thread_that_waits_and_tells_the_other_side() -> None:
    ours, theirs = socket.socketpair()
    host, other = BlockingConnection(link(ours)), BlockingConnection(link(theirs))
    host.send_hello()
    other.greet()
    host.receive_hello()
    threading.Timer(0.05, host.close, ["the plugin was disabled"]).start()
    with pytest.raises(LinkClosed, match="was closed: the plugin was disabled"):
        host.call("sleep", {"seconds": 1}, ONE)
    with pytest.raises(LinkClosed, match=r"went away and said: .*the plugin was disabled"):
        other.call("anything", {}, ONE)


def test_notifications_arrive_in_order_and_are_never_answered() -> None:
    ours, theirs = socket.socketpair()
    heard: list[int] = []

    def hear(number: int) -> int:
        heard.append(number)
        if number == 1:
            raise ValueError(number)
        return number

    hearing = BlockingConnection(link(theirs, {"double": Served(hear, CODECS["double"])}))
    host = BlockingConnection(link(ours))
    host.send_hello()
    hearing.greet()
    host.receive_hello()
    for number in range(3):
        host.notify("double", {"number": number})
    host.close()
    hearing.serve()
    assert heard == [0, 1, 2]


@pytest.mark.parametrize(("oldest", "newest"), [(2, 3), (3, 2)])
def test_no_common_version_is_told_to_both(oldest: int, newest: int) -> None:
    from jackfield.rpc import FrameWriter, Hello

    ours, theirs = socket.socketpair()
    with theirs:
        host = BlockingConnection(link(ours))
        theirs.sendall(FrameWriter().frame(Hello(oldest=oldest, newest=newest)))
        with pytest.raises(ProtocolViolation, match=f"speaks the versions {oldest} to {newest}"):
            host.greet()
        assert b"speaks the versions" in theirs.recv(4096)


def test_who_does_not_greet_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(CallTimeout, match="did not greet"):
        BlockingConnection(link(ours)).greet(timeout_seconds=0.02)


def test_the_smaller_limit_of_the_two_sides_holds() -> None:
    ours, theirs = socket.socketpair()
    host = BlockingConnection(link(ours))
    other = BlockingConnection(link(theirs, limits=Limits(frame_bytes=2000)))
    host.send_hello({"key": "secret"})
    assert other.greet().details == {"key": "secret"}
    host.receive_hello()
    with pytest.raises(CannotCross, match="beyond the 2000"):
        host.notify("size", {"data": bytes(3000)})
    host.close()
    other.close()
