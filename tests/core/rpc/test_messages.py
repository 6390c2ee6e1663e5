"""Every message comes back as it went; anything else is a violation of the protocol, and nothing worse."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ProtocolViolation
from jackfield.rpc import Hello, read_message
from jackfield.rpc.messages import (
    Batch,
    BatchFailure,
    BatchResponse,
    Cancel,
    Failure,
    Goodbye,
    Message,
    Notification,
    Request,
    Response,
)

encode = msgspec.msgpack.encode
ids = st.integers(1, 2**53 - 1)
texts = st.text(max_size=50)
methods = st.text(min_size=1, max_size=50)
raws = st.builds(
    lambda value: msgspec.Raw(encode(value)),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=10,
    ),
)  # fmt: skip
details = st.dictionaries(texts, texts, max_size=4)
milliseconds = st.integers(0, 2**31 - 1)
failures = st.builds(BatchFailure, st.integers(0, 9999), texts, texts, details)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, st.just("jackfield"), st.integers(1, 9), st.integers(1, 9), st.integers(1024, 1 << 20), details),
    st.builds(Request, ids, methods, raws, milliseconds),
    st.builds(Response, ids, raws),
    st.builds(Failure, ids, texts, texts, details),
    st.builds(Notification, methods, raws),
    st.builds(Batch, ids, methods, raws, milliseconds),
    st.builds(BatchResponse, ids, raws, st.lists(failures, max_size=3)),
    st.builds(Cancel, ids),
    st.builds(Goodbye, texts),
)


@given(messages)
def test_every_message_comes_back_as_it_went(message: Message) -> None:
    assert encode(read_message(encode(message))) == encode(message)


@given(st.binary(max_size=300))
def test_no_bytes_are_worse_than_a_violation(body: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        read_message(body)


@given(messages, st.data())
def test_no_damage_to_a_message_is_worse_than_a_violation(message: Message, data: st.DataObject) -> None:
    body = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolViolation):
        read_message(bytes(body))


REFUSED: dict[str, Any] = {
    "a map": {"id": 1},
    "an unknown kind": [99, 1],
    "a kind that is no number": ["request", 1],
    "an id of nothing": [7, 0],
    "an id beyond JavaScript": [7, 2**53],
    "a field too few": [2, 1],
    "a field too many": [7, 1, 1],
    "an id as text": [7, "1"],
    "a method without a name": [4, "", {}],
    "a method with an endless name": [4, "x" * 201, {}],
    "a time below nothing": [1, 1, "x", {}, -1],
    "a place below nothing": [6, 1, [], [[-1, "", "", {}]]],
    "details that are no text": [3, 1, "", "", {"a": 1}],
    "endless details": [3, 1, "", "", {str(place): "" for place in range(33)}],
    "an endless goodbye": [8, "x" * 16_385],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_is_refused(name: str) -> None:
    with pytest.raises(ProtocolViolation, match="no message"):
        read_message(encode(REFUSED[name]))


def test_more_than_one_message_in_a_frame_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="trailing"):
        read_message(encode(Cancel(1)) * 2)
