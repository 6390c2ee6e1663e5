"""Whatever the other side sends, over either driver: an answer or an error of ours, and an end; nothing else."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import JackfieldError
from jackfield.rpc import BlockingConnection, FrameWriter, Hello, Served
from jackfield.rpc.framing import LENGTH
from jackfield.rpc.loop import LoopConnection
from jackfield.rpc.messages import (
    Batch,
    BatchResponse,
    Cancel,
    Failure,
    Goodbye,
    Message,
    Notification,
    Request,
    Response,
)

from tests.core.rpc.child import CODECS, ONE, link, one
from tests.core.rpc.test_messages import details, failures, messages, raws, texts
from tests.support.examples import examples

NUMBERS = st.integers(1, 3)
"""Ids that are in use most often: what is answered, asked and cancelled meets."""

METHODS = st.sampled_from(["one", "later", "nothing"])

likely: st.SearchStrategy[Message] = st.one_of(
    st.builds(Request, NUMBERS, METHODS, raws, st.just(0)),
    st.builds(Response, NUMBERS, raws),
    st.builds(Failure, NUMBERS, texts, texts, details),
    st.builds(Notification, METHODS, raws),
    st.builds(Batch, NUMBERS, METHODS, raws, st.just(0)),
    st.builds(BatchResponse, NUMBERS, raws, st.lists(failures, max_size=2)),
    st.builds(Cancel, NUMBERS),
    st.builds(Goodbye, texts),
    messages,
)


def framed(message: Message) -> bytes:
    return bytes(FrameWriter(1 << 20).frame(message))


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Messages in any order, some of them damaged or cut off, and bytes that are none."""
    parts = draw(
        st.lists(
            st.one_of(
                likely.map(framed),
                st.binary(min_size=1, max_size=40).map(lambda body: LENGTH.pack(len(body)) + body),
                st.binary(max_size=8),
            ),
            max_size=8,
        )
    )
    stream = bytearray(b"".join(parts))
    for _ in range(draw(st.integers(0, 2)) if stream else 0):
        stream[draw(st.integers(0, len(stream) - 1))] = draw(st.integers(0, 255))
    return bytes(stream[: draw(st.integers(0, len(stream)))] if draw(st.booleans()) else stream)


async def later() -> int:
    await asyncio.sleep(0)
    return 1


def answered(stream: bytes, *, blocking: bool, batch: bool) -> tuple[Any, Any]:
    """Call somebody who has sent all this before it goes away; what came, and how the link ended."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(framed(Hello()) + stream)
        theirs.shutdown(socket.SHUT_WR)
        served = {"one": Served(one, ONE), "later": Served(one if blocking else later, ONE)}
        the_link = link(ours, served)
        outcome = None
        if blocking:
            host = BlockingConnection(the_link)
            with suppress(JackfieldError):
                host.greet()
                if batch:
                    outcome = host.call_batch("double", [{}, {}], CODECS["anything"], timeout_seconds=5)
                else:
                    outcome = host.call("double", {}, CODECS["anything"], timeout_seconds=5)
            with suppress(JackfieldError):
                host.serve()
        else:
            outcome = asyncio.run(_answered_on_loop(the_link, batch=batch))
        return outcome, the_link.ended


async def _answered_on_loop(the_link: Any, *, batch: bool) -> Any:
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    host = LoopConnection(the_link)
    outcome = None
    with suppress(JackfieldError):
        await host.greet()
        if batch:
            outcome = await host.call_batch("double", [{}, {}], CODECS["anything"], timeout_seconds=5)
        else:
            outcome = await host.call("double", {}, CODECS["anything"], timeout_seconds=5)
    async with asyncio.timeout(10):
        await host.wait_closed()
    for _ in range(3):
        await asyncio.sleep(0)
    assert problems == [], "nothing is left to the loop"
    assert len(asyncio.all_tasks()) == 1
    return outcome


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "loop"])
@settings(deadline=None, max_examples=examples(150))
@given(stream=streams(), batch=st.booleans())
def test_whatever_comes_ends_in_an_answer_or_an_error_of_ours(blocking: bool, stream: bytes, batch: bool) -> None:
    _, ended = answered(stream, blocking=blocking, batch=batch)
    assert ended is not None
    assert ended.message


@settings(deadline=None, max_examples=examples(150))
@given(stream=streams())
def test_both_drivers_understand_the_same(stream: bytes) -> None:
    first, second = (answered(stream, blocking=blocking, batch=False)[0] for blocking in (True, False))
    if first is not None and second is not None:  # what comes before the call is made is read by one of them only
        assert repr(first) == repr(second)
