"""Frames come out as they went in, however the stream is cut; no bytes make the reader crash or grow without bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import CannotCross, ProtocolViolation
from jackfield.rpc import FrameReader, FrameWriter
from jackfield.rpc.framing import BUFFER_BYTES, HEADER_BYTES, LENGTH

LIMIT = 300_000


def framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


def fed(reader: FrameReader, data: bytes) -> list[bytes]:
    """Give the reader bytes as a socket would, as many as it has room for at a time, and take what frames there are."""
    frames = []
    while data:
        room = reader.room()
        part, data = data[: len(room)], data[len(room) :]
        room[: len(part)] = part
        reader.received(len(part))
        while (frame := reader.next_frame()) is not None:
            frames.append(bytes(frame))
    return frames


bodies = st.one_of(
    st.binary(min_size=1, max_size=200),
    st.integers(1, LIMIT).map(lambda size: bytes([size % 251]) * size),
)


@given(st.lists(bodies, max_size=12), st.lists(st.integers(1, 100_000), max_size=30))
def test_any_cutting_of_any_frames_gives_the_same_frames(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(framed, sent))
    reader = FrameReader(LIMIT)
    frames = []
    for cut in cuts:
        part, stream = stream[:cut], stream[cut:]
        frames += fed(reader, part)
    frames += fed(reader, stream)
    assert frames == sent
    assert reader.waiting_bytes == 0


@given(st.lists(st.binary(max_size=5000), max_size=20))
def test_no_bytes_make_the_reader_crash_or_grow_beyond_its_bound(parts: list[bytes]) -> None:
    reader = FrameReader(LIMIT)
    for part in parts:
        try:
            fed(reader, part)
        except ProtocolViolation:
            return
        assert reader.view.nbytes <= max(BUFFER_BYTES, 2 * (reader.waiting_bytes + BUFFER_BYTES))
        assert (reader.ready is reader.view) == (reader.is_small and not reader.waiting_bytes)


def test_an_announced_length_costs_nothing_before_its_bytes_come() -> None:
    reader = FrameReader(1 << 30)
    assert fed(reader, LENGTH.pack(1 << 30) + b"x") == []
    assert reader.view.nbytes == BUFFER_BYTES


def test_the_room_of_a_large_frame_is_given_back() -> None:
    reader = FrameReader(1 << 20)
    assert len(fed(reader, framed(bytes(1 << 20)))) == 1
    assert not reader.is_small
    assert reader.room() is reader.ready
    assert reader.view.nbytes == BUFFER_BYTES


def test_a_frame_at_the_limit_is_taken_and_one_beyond_it_refused_by_its_length_alone() -> None:
    assert fed(FrameReader(1000), framed(bytes(1000))) == [bytes(1000)]
    with pytest.raises(ProtocolViolation, match="1001 bytes is beyond the 1000"):
        fed(FrameReader(1000), LENGTH.pack(1001))


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="empty frame"):
        fed(FrameReader(), LENGTH.pack(0))


def test_what_the_other_side_would_refuse_is_not_sent() -> None:
    writer = FrameWriter(1000)
    with pytest.raises(CannotCross, match="beyond the 1000"):
        writer.frame(bytes(2000))
    assert bytes(writer.frame("short"))[HEADER_BYTES:] == b"\xa5short"


@pytest.mark.parametrize("value", [object(), 2**70, {1: open}, "\ud800"], ids=["object", "integer", "function", "text"])
def test_what_is_no_data_is_not_sent(value: object) -> None:
    writer = FrameWriter()
    with pytest.raises(CannotCross, match="cannot go to another process"):
        writer.frame([value])
    assert bytes(writer.frame(1)) == b"\x01\0\0\0\x01"


def test_a_value_that_holds_itself_is_not_sent() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(CannotCross):
        FrameWriter().frame(value)
