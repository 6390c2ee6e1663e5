"""What text takes in memory is known before it is decoded: one wide character makes all others as wide."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.rpc import wide_text_bytes
from jackfield.rpc.plain import VALUES

LENGTH = 100_000
MOST_HEADER_BYTES = sys.getsizeof("\U0001f600")
"""Of a text in memory, with one character and the end."""


@pytest.mark.parametrize(("last", "width"), [("a", 1), ("Ł", 2), ("\U0001f600", 4)])
@pytest.mark.parametrize("place", ["alone", "in a list", "as a key"])
def test_it_is_what_python_takes(last: str, width: int, place: str) -> None:
    text = "a" * LENGTH + last
    value: Any = {"alone": text, "in a list": {"key": [1, b"\xf0", text]}, "as a key": {text: 1}}[place]
    assert sys.getsizeof(text) // LENGTH == width, "before anybody has asked it for its UTF-8, which it keeps"
    counted = LENGTH + wide_text_bytes(msgspec.msgpack.encode(value))
    assert counted // LENGTH == width


def test_bytes_are_no_text() -> None:
    assert wide_text_bytes(msgspec.msgpack.encode(["a", b"\xf0\x9f\x98\x80" * LENGTH, -16, 1.5, None])) == 0


plain = st.recursive(
    st.none() | st.integers(-(2**63), 2**63) | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts(one)]
    return [text for one in value for text in texts(one)] if isinstance(value, list) else []


@given(plain)
def test_no_text_takes_more_than_is_counted(value: Any) -> None:
    encoded = msgspec.msgpack.encode(value)
    made = texts(msgspec.msgpack.decode(encoded))
    taken = sum(sys.getsizeof(text) - MOST_HEADER_BYTES for text in made)
    sent = sum(len(text.encode()) for text in made)
    assert taken <= sent + wide_text_bytes(encoded)


@given(st.binary())
def test_what_is_no_msgpack_is_looked_at_without_harm(data: bytes) -> None:
    assert wide_text_bytes(data) >= 0


def test_what_nobody_decodes_is_not_looked_at_to_its_end() -> None:
    assert wide_text_bytes(b"\x90" * (VALUES + 1) + msgspec.msgpack.encode("\U0001f600" * LENGTH)) == 0
