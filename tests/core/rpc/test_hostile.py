"""A worker that means harm: each attack is a test over both drivers; its cost to the host is bounded and measured."""

from __future__ import annotations

import array
import asyncio
import gc
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jackfield.errors import CallTimeout, CannotCross, JackfieldError, LinkClosed, ProtocolViolation
from jackfield.rpc import FRAME_BYTES, BlockingConnection, FrameReader, FrameWriter, Hello, Limits, Served
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
    raw,
)

from tests.core.rpc.child import CODECS, ONE, link, one

DRIVERS = ["blocking", "loop"]
SECONDS = 0.3  # the time of each call
#: A frame of a megabyte decoded as plain data, and the buffers for it.
MEMORY_BYTES = 120 << 20

#: What an attacker does with its end of the socket when it has greeted and the first request has come.
Attack = Callable[[socket.socket], None]


def frame(message: Message) -> bytes:
    return bytes(FrameWriter(1 << 30).frame(message))


def body(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


def run(driver: str, attack: Attack, method: str = "anything", *, limits: Limits | None = None, many: int = 0) -> Any:
    """Call a worker that answers with an attack; returns or raises what the host's caller gets."""
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=act, args=(theirs, attack), daemon=True)
    worker.start()
    the_link = link(ours, {"one": Served(one, ONE)}, limits)
    arguments: list[dict[str, Any]] = [{}] * many
    try:
        if driver == "blocking":
            host = BlockingConnection(the_link)
            host.greet()
            if many:
                return host.call_batch(method, arguments, CODECS[method], timeout_seconds=SECONDS)
            return host.call(method, {}, CODECS[method], timeout_seconds=SECONDS)

        async def call() -> Any:
            connection = LoopConnection(the_link)
            await connection.greet()
            if many:
                return await connection.call_batch(method, arguments, CODECS[method], timeout_seconds=SECONDS)
            return await connection.call(method, {}, CODECS[method], timeout_seconds=SECONDS)

        return asyncio.run(call())
    finally:
        the_link.close(LinkClosed("the test is over"))
        worker.join(20)
        assert not worker.is_alive()


def act(theirs: socket.socket, attack: Attack) -> None:
    with theirs, suppress(OSError):
        theirs.sendall(frame(Hello()))
        reader = FrameReader()
        frames = 0
        while frames < 2:  # the greeting and the request
            reader.received(theirs.recv_into(reader.room()))
            while reader.next_frame() is not None:
                frames += 1
        attack(theirs)
        while theirs.recv(1 << 16):
            pass


def sending(*parts: bytes) -> Attack:
    return lambda theirs: theirs.sendall(b"".join(parts))


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
def test_an_answer_that_never_comes_costs_the_time_of_the_call(driver: str) -> None:
    with pytest.raises(CallTimeout, match="did not answer anything in time"):
        run(driver, sending())


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_slow_drip_does_not_outlive_the_time_of_the_call(driver: str) -> None:
    def drip(theirs: socket.socket) -> None:
        for byte in frame(Response(1, raw("x" * 1000))):
            theirs.send(bytes([byte]))
            time.sleep(0.02)

    begun = time.monotonic()
    with pytest.raises(CallTimeout):
        run(driver, drip)
    assert time.monotonic() - begun < 15  # the whole drip would take twenty seconds


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_flood_of_callbacks_does_not_outlive_the_time_of_the_call(driver: str) -> None:
    def flood(theirs: socket.socket) -> None:
        reading = threading.Thread(target=drain, args=(theirs,), daemon=True)
        reading.start()
        number = 0
        while True:
            part = b"".join(frame(Request(number + n + 1, "one", raw({}), 0)) for n in range(100))
            number += 100
            theirs.sendall(part)

    with pytest.raises(CallTimeout):
        run(driver, flood)


@pytest.mark.parametrize("driver", DRIVERS)
def test_callbacks_whose_answers_nobody_reads_end_the_connection(driver: str) -> None:
    def flood(theirs: socket.socket) -> None:
        number = 0
        while True:
            number += 1
            theirs.sendall(frame(Request(number, "one", raw({}), 0)))

    tracemalloc.start()
    try:
        with pytest.raises(JackfieldError):  # late, or ended: whichever comes first
            run(driver, flood, limits=Limits(send_seconds=0.2))
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()


def test_what_costs_much_time_leaves_most_of_it_to_the_others() -> None:
    ours, theirs = socket.socketpair()
    flood = sending(*(frame(Request(number, "toil", raw({}), 0)) for number in range(1, 200)))
    worker = threading.Thread(target=act, args=(theirs, flood), daemon=True)
    worker.start()
    toiled: list[float] = []

    def toil() -> None:
        begun = time.perf_counter()
        while time.perf_counter() - begun < 0.015:
            pass
        toiled.append(time.perf_counter() - begun)

    async def call() -> float:
        host = LoopConnection(link(ours, {"toil": Served(toil, CODECS["until_cancelled"])}))
        await host.greet()
        waiting = asyncio.ensure_future(host.call("anything", {}, CODECS["anything"], timeout_seconds=20))
        while not toiled:  # noqa: ASYNC110 (nothing but the time passes)
            await asyncio.sleep(0.001)
        begun, before = time.perf_counter(), sum(toiled)
        while len(toiled) < 20:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.001)
        share = (sum(toiled) - before) / (time.perf_counter() - begun)
        waiting.cancel()
        host.close()
        return share

    assert asyncio.run(call()) < 0.4
    worker.join(20)


def test_notifications_that_do_not_end_are_bounded_and_end_with_the_link() -> None:
    ours, theirs = socket.socketpair()
    flood = sending(*(frame(Notification("wait", raw({}))) for _ in range(300)))
    worker = threading.Thread(target=act, args=(theirs, flood), daemon=True)
    worker.start()

    async def wait() -> None:
        await asyncio.sleep(60)

    async def call() -> None:
        host = LoopConnection(link(ours, {"wait": Served(wait, CODECS["until_cancelled"])}))
        await host.greet()
        with pytest.raises(ProtocolViolation, match="more than 256 notifications that have not ended"):
            await host.call("anything", {}, CODECS["anything"], timeout_seconds=20)
        await asyncio.sleep(0)
        for _ in range(100):
            if len(asyncio.all_tasks()) == 1:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("what it started ends with it")

    asyncio.run(call())
    worker.join(20)


def test_too_many_open_callbacks_end_the_connection() -> None:
    ours, theirs = socket.socketpair()
    flood = sending(*(frame(Request(number, "wait", raw({}), 0)) for number in range(1, 300)))
    worker = threading.Thread(target=act, args=(theirs, flood), daemon=True)
    worker.start()

    async def wait() -> None:
        await asyncio.sleep(60)

    async def call() -> None:
        served = Served(wait, CODECS["until_cancelled"])
        host = LoopConnection(link(ours, {"wait": served}))
        await host.greet()
        with pytest.raises(ProtocolViolation, match="more than 256 calls open"):
            await host.call("anything", {}, CODECS["anything"], timeout_seconds=20)

    asyncio.run(call())
    worker.join(20)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_megabyte_of_empty_lists_costs_a_bounded_amount_of_memory(driver: str) -> None:
    count = FRAME_BYTES - 16
    bomb = body(b"\x93\x02\x01\xdd" + count.to_bytes(4, "big") + b"\x90" * count)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew (proc(5)); tracemalloc would slow it tenfold
    before, begun = resident_peak(), time.process_time()
    with pytest.raises(ProtocolViolation, match="holds more than 200000 others"):
        run(driver, sending(bomb))
    assert resident_peak() - before < 16 << 20
    assert time.process_time() - begun < 2
    assert len(msgspec.msgpack.decode(bomb[7:])) == count, "a decoder without bounds takes it"
    assert resident_peak() - before > 8 * count, "and pays for it"


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_announced_array_of_billions_is_refused(driver: str) -> None:
    with pytest.raises(ProtocolViolation):
        run(driver, sending(body(b"\x93\x02\x01\xdd\xff\xff\xff\xff\x01")))


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_flood_of_descriptors_leaves_none_in_the_host(driver: str) -> None:
    def flood(theirs: socket.socket) -> None:
        answer = frame(Response(1, raw("done")))
        for byte in answer:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 100))]
            theirs.sendmsg([bytes([byte])], rights)

    before = open_descriptors()
    assert run(driver, flood) == "done"
    assert open_descriptors() <= before


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "LinkClosed", "GeneratorExit", "os.system"])
def test_an_error_cannot_be_more_than_an_error(driver: str, kind: str) -> None:
    with pytest.raises(JackfieldError) as told:
        run(driver, sending(frame(Failure(1, kind, "go away", {"column": "9" * 100}))))
    assert type(told.value).__name__ == "RemoteError"


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_the_other_side_says_moves_no_cursor(driver: str) -> None:
    evil, shown = "a\x1b[2J\x07\u202eb\n\tc", r"a\x1b[2J\x07\u202eb" + "\n\tc"
    told = {"hint": evil, "traceback": evil}
    for kind in ("ValueError", "Odd\x1b"):
        with pytest.raises(Exception, match="a") as raised:
            run(driver, sending(frame(Failure(1, kind, evil, told))))
        assert shown in str(raised.value)
        assert not any(one in repr(vars(raised.value)) + "".join(raised.value.__notes__) for one in "\x1b\x07\u202e")
    with pytest.raises(LinkClosed) as ended:
        run(driver, sending(frame(Goodbye(evil))))
    assert shown in str(ended.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_cancelling_what_was_never_asked_and_notifying_nobody_harms_nothing(driver: str) -> None:
    noise = frame(Cancel(9)) + frame(Notification("nothing", raw({}))) + frame(Notification("one", raw([1])))
    assert run(driver, sending(noise * 50, frame(Response(1, raw(7))))) == 7


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_batch_of_callbacks_may_be_large_but_not_endless(driver: str) -> None:
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


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_peak() -> int:
    """The most memory that this process has occupied, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def drain(theirs: socket.socket) -> None:
    with suppress(OSError):
        while theirs.recv(1 << 16):
            pass


def test_a_hostile_value_in_the_arguments_of_a_callback_is_the_callers_error() -> None:
    codec = CODECS["double"]
    with pytest.raises(CannotCross):
        codec.arguments(msgspec.Raw(b"\x81\xa6number\xa3two"))
