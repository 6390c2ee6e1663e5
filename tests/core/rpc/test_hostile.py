"""A worker that means harm: each attack is a test over both drivers; its cost to the host is bounded and measured."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import tracemalloc

import msgspec
import pytest
from jackfield.errors import CannotCross, JackfieldError, LinkClosed, ProtocolViolation
from jackfield.rpc import FRAME_BYTES, BlockingConnection, Hello, Served
from jackfield.rpc.applying import Applied
from jackfield.rpc.framing import LENGTH
from jackfield.rpc.loop import LoopConnection
from jackfield.rpc.messages import (
    BATCH_CALLS,
    Batch,
    BatchResponse,
    Cancel,
    Failure,
    Goodbye,
    Message,
    Notification,
    Request,
    Response,
    raw,
)

from tests.core.rpc.attacker import DRIVERS, MEMORY_BYTES, Attack, act, body, frame, run, sending
from tests.core.rpc.child import CODECS, ONE, link, one

VIOLATIONS: dict[str, tuple[str, Attack, str]] = {
    "oversize_frame": ("anything", sending(LENGTH.pack(FRAME_BYTES + 1)), "beyond the 1048576 that are taken"),
    "huge_frame": ("anything", sending(b"\xff\xff\xff\xff"), "4294967295 bytes is beyond"),
    "empty_frame": ("anything", sending(LENGTH.pack(0)), "an empty frame"),
    "frame_out_of_grammar": ("anything", sending(body(b"\xc1")), "no message"),
    "nesting_bomb": ("anything", sending(body(b"\x93\x02\x01" + b"\x91" * 1_000_000 + b"\xc0")), "no message"),
    "nesting_bomb_of_maps": ("anything", sending(body(b"\x93\x02\x01" + b"\x81\x01" * 20_000 + b"\xc0")), "no message"),
    "moderate_nesting": (
        "anything", sending(body(b"\x93\x02\x01\x92\xc5\x27\x10" + bytes(10_000) + b"\x91" * 200 + b"\xc0")), "deep",
    ),
    "unknown_kind": ("anything", sending(body(b"\x92\x63\x01")), "no message"),
    "wrong_type_in_envelope": ("anything", sending(body(b"\x93\x02\xa1x\x01")), "no message"),
    "wrong_type_of_answer": ("double", sending(frame(Response(1, raw("no number")))), "Expected `int`, got `str`"),
    "unknown_id": ("anything", sending(frame(Response(77, raw(1)))), "answered call 77 which was never made"),
    "batch_answer_to_a_call": ("anything", sending(frame(BatchResponse(1, raw([1]), []))), "answers a batch"),
    "greeting_twice": ("anything", sending(frame(Hello())), "did not begin with one greeting"),
    "id_used_twice": (
        "anything",
        sending(frame(Request(5, "one", raw({}), 0)) + frame(Request(5, "one", raw({}), 0))),
        "used the id 5 after 5",
    ),
    "ids_that_fall": (
        "anything",
        sending(frame(Request(5, "one", raw({}), 0)) + frame(Request(4, "one", raw({}), 0))),
        "used the id 4 after 5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_ends_the_connection_and_names_it(driver: str, name: str) -> None:
    method, attack, sentence = VIOLATIONS[name]
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(ProtocolViolation, match=sentence) as violation:
            run(driver, attack, method)
        seconds, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "the worker" in str(violation.value)
    assert peak < MEMORY_BYTES
    assert seconds < 5


@pytest.mark.parametrize("driver", DRIVERS)
def test_answering_twice_ends_the_connection(driver: str) -> None:
    ours, theirs = socket.socketpair()
    twice = sending(frame(Response(1, raw(1))) * 2)
    worker = threading.Thread(target=act, args=(theirs, twice), daemon=True)
    worker.start()
    if driver == "blocking":
        host = BlockingConnection(link(ours))
        host.greet()
        assert host.call("double", {}, ONE, timeout_seconds=5) == 1
        with pytest.raises(ProtocolViolation, match="answered call 1 a second time"):
            host.call("double", {}, ONE, timeout_seconds=5)
    else:
        asyncio.run(answered_twice(ours))
    worker.join(20)


async def answered_twice(ours: socket.socket) -> None:
    host = LoopConnection(link(ours))
    await host.greet()
    assert await host.call("double", {}, ONE, timeout_seconds=5) == 1
    await host.wait_closed()
    assert "answered call 1 a second time" in str(host.ended)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Response(1, raw(1)), "answers one call, and a batch was sent"),
        (BatchResponse(1, raw([1]), []), "answers 1 calls, and 3 were sent"),
        (BatchResponse(1, raw([1, 2, "x"]), []), "Expected `int | null`, got `str`"),
    ],
    ids=["one answer", "too few", "wrong type"],
)
def test_a_batch_answered_wrongly_ends_the_connection(driver: str, answer: Message, sentence: str) -> None:
    with pytest.raises(ProtocolViolation) as violation:
        run(driver, sending(frame(answer)), "double", many=3)
    assert sentence in str(violation.value)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "LinkClosed", "GeneratorExit", "os.system"])
def test_an_error_cannot_be_more_than_an_error(driver: str, kind: str) -> None:
    with pytest.raises(JackfieldError) as told:
        run(driver, sending(frame(Failure(1, kind, "go away", {"column": "9" * 100}))))
    assert type(told.value).__name__ == "RemoteError"


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_the_other_side_says_moves_no_cursor_and_begins_no_line(driver: str) -> None:
    evil, plain = "a\x1b[2J\x07\u202e\u2028b\nc", r"a\x1b[2J\x07\u202e\u2028b"
    told = {"hint": evil, "traceback": evil}
    for kind in ("ValueError", "Odd\x1b\n"):
        with pytest.raises(Exception, match="a") as raised:
            run(driver, sending(frame(Failure(1, kind, evil, told))))
        assert plain + "\n    c" in str(raised.value)
        notes = "".join(raised.value.__notes__)
        assert plain + "\n    c" in notes
        assert not any(one in repr(vars(raised.value)) + notes for one in "\x1b\x07\u202e\u2028")
        assert "\n" not in getattr(raised.value, "kind", "") + (getattr(raised.value, "hint", None) or "")
    with pytest.raises(LinkClosed) as ended:
        run(driver, sending(frame(Goodbye(evil))))
    assert plain + " c" in str(ended.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_cancelling_what_was_never_asked_and_notifying_nobody_harms_nothing(driver: str) -> None:
    noise = frame(Cancel(9)) + frame(Notification("nothing", raw({}))) + frame(Notification("one", raw([1])))
    assert run(driver, sending(noise * 50, frame(Response(1, raw(7))))) == 7


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_batch_of_callbacks_may_be_large(driver: str) -> None:
    assert run(driver, sending(frame(Batch(1, "one", raw([{}] * 5000), 0)), frame(Response(1, raw(7))))) == 7


@pytest.mark.parametrize("driver", DRIVERS)
def test_before_its_greeting_nobody_may_send_much_or_ask_anything(driver: str) -> None:
    for first, sentence in (
        (LENGTH.pack(5000), "beyond the 4096"),
        (frame(Request(1, "one", raw({}), 0)), "before its greeting"),
        (frame(Hello(protocol="other")), "did not begin with one greeting"),
    ):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(first)
            with pytest.raises(ProtocolViolation, match=sentence):
                greet(driver, ours)


def greet(driver: str, ours: socket.socket) -> None:
    if driver == "blocking":
        BlockingConnection(link(ours)).greet()
        return

    async def meet() -> None:
        await LoopConnection(link(ours)).greet()

    asyncio.run(meet())


def test_a_hostile_value_in_the_arguments_of_a_callback_is_the_callers_error() -> None:
    codec = CODECS["double"]
    with pytest.raises(CannotCross):
        codec.arguments(msgspec.Raw(b"\x81\xa6number\xa3two"))


def test_a_batch_of_more_calls_than_there_may_be_is_read_by_nobody() -> None:
    """A byte for each: a frame would hold a million of them, and each is a map of its own where it is read."""
    applied = Applied("one", Served(one, ONE))
    for read in (ONE.many_arguments, ONE.read_many, applied.decode_many):
        assert len(read(msgspec.msgpack.encode([{}] * BATCH_CALLS))) == BATCH_CALLS
        with pytest.raises(CannotCross, match="length <= 10000"):
            read(msgspec.msgpack.encode([{}] * (BATCH_CALLS + 1)))
