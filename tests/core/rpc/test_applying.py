"""Requests in a row and between others: each is called with its own arguments, whichever way they are read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jackfield.errors import ProtocolViolation, UsageError
from jackfield.rpc import BlockingConnection, CallCodec, FrameWriter, Hello, Served, connected_pair
from jackfield.rpc.express import ROW

from tests.core.rpc.child import codec, link

MANY = 3 * ROW


def join(left: str, right: int) -> str:
    return f"{left}{right}"


def greet(name: str, *, greeting: str = "hello") -> str:
    return f"{greeting} {name}"


def anything(value: Any) -> Any:
    return value


def nothing() -> str:
    return "nothing"


def private(_name: str) -> str:
    return _name


def refuse(number: int) -> int:
    if number % 2:
        raise UsageError(f"{number} is odd")
    return number


def other(left: str, right: int) -> str:
    return f"{right}{left}"


FUNCTIONS = (join, greet, anything, nothing, private, refuse)
CODECS: dict[str, CallCodec] = {function.__name__: codec(function) for function in FUNCTIONS}


@contextmanager
def served() -> Iterator[tuple[BlockingConnection, dict[str, Served]]]:
    """A connection to a thread that serves, and the table of what it serves."""
    table = {function.__name__: Served(function, CODECS[function.__name__]) for function in FUNCTIONS}
    ours, theirs = connected_pair()
    host, serving = BlockingConnection(link(ours)), BlockingConnection(link(theirs, table))
    host.send_hello()
    serving.greet()
    host.receive_hello()
    thread = threading.Thread(target=serving.serve)
    thread.start()
    try:
        yield host, table
    finally:
        host.close()
        thread.join(20)


def call(host: BlockingConnection, method: str, **arguments: Any) -> Any:
    return host.call(method, arguments, CODECS[method], timeout_seconds=20)


def test_rows_of_one_method_and_others_between_them_have_their_own_arguments() -> None:
    with served() as (host, _):
        for length in (1, ROW, ROW + 1, MANY):
            for number in range(length):
                assert call(host, "join", left="a", right=number) == f"a{number}"
            assert call(host, "greet", name="Ada") == "hello Ada"
            assert call(host, "greet", name="Ada", greeting="hi") == "hi Ada"
            assert call(host, "anything", value={"a": [1, None]}) == {"a": [1, None]}
            assert call(host, "nothing") == "nothing"
            assert call(host, "private", _name="x") == "x"


@pytest.mark.parametrize("method", ["greet", "anything", "nothing", "private"])
def test_every_kind_of_arguments_may_come_in_a_row(method: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "greet": {"name": "Ada"}, "anything": {"value": "Ada"}, "nothing": {}, "private": {"_name": "Ada"}
    }  # fmt: skip
    answer = {"greet": "hello Ada", "nothing": "nothing"}.get(method, "Ada")
    with served() as (host, _):
        assert [call(host, method, **given[method]) for _ in range(MANY)] == [answer] * MANY
        assert host.call_batch(method, [given[method]] * 3, CODECS[method]) == [answer] * 3


def test_what_does_not_fit_and_what_raises_is_told_in_a_row_too() -> None:
    with served() as (host, _):
        for number in range(MANY):
            assert call(host, "join", left="a", right=number) == f"a{number}"
        with pytest.raises(TypeError, match="the arguments of join"):
            call(host, "join", left="a", right="b")
        with pytest.raises(TypeError, match="the arguments of join"):
            call(host, "join", left="a")
        assert call(host, "join", left="a", right=1, more="left out") == "a1"
        for number in range(0, 2 * MANY, 2):
            assert call(host, "refuse", number=number) == number
        with pytest.raises(UsageError, match="3 is odd"):
            call(host, "refuse", number=3)
        assert call(host, "refuse", number=4) == 4
        first, second = host.call_batch("refuse", [{"number": 2}, {"number": 3}], CODECS["refuse"])
        assert (first, str(second)) == (2, "3 is odd")


def test_what_is_served_anew_under_a_name_is_what_is_called() -> None:
    with served() as (host, table):
        for number in range(MANY):
            assert call(host, "join", left="a", right=number) == f"a{number}"
        table["join"] = Served(other, CODECS["join"])
        assert call(host, "join", left="a", right=1) == "1a"
        assert host.call_batch("join", [{"left": "a", "right": 2}], CODECS["join"]) == ["2a"]
        del table["join"]
        with pytest.raises(UsageError, match="no method join"):
            call(host, "join", left="a", right=1)


def test_ids_rise_in_a_row_too() -> None:
    ours, theirs = connected_pair()
    with ours:
        serving = BlockingConnection(link(theirs, {"nothing": Served(nothing, CODECS["nothing"])}))
        writer = FrameWriter()
        ours.send(writer.frame(Hello()))
        serving.greet()
        ours.recv(1000)
        for number in (*range(1, MANY), MANY - 1):
            ours.send(writer.frame((1, number, "nothing", {}, 0)), socket.MSG_DONTWAIT)
        with pytest.raises(ProtocolViolation, match="ids rise"):
            serving.serve()
