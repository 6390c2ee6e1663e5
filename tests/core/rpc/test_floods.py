"""What a worker that means harm can cost its host is bounded and measured: time, memory, descriptors, tasks."""

from __future__ import annotations

import array
import asyncio
import gc
import socket
import threading
import time
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from jackfield.errors import CallTimeout, JackfieldError, ProtocolViolation
from jackfield.rpc import FRAME_BYTES, Limits, Served
from jackfield.rpc.loop import LoopConnection
from jackfield.rpc.messages import (
    Notification,
    Request,
    Response,
    raw,
)

from tests.core.rpc.attacker import DRIVERS, MEMORY_BYTES, act, body, drain, frame, run, sending
from tests.core.rpc.child import CODECS, link
from tests.support.waiting import until

pytestmark = pytest.mark.slow


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
        await until(lambda: len(asyncio.all_tasks()) == 1)  # what it started ends with it

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
    assert time.process_time() - begun < 10
    assert len(msgspec.msgpack.decode(bomb[7:])) == count, "a decoder without bounds takes it"
    assert resident_peak() - before > 8 * count, "and pays for it"


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_announced_array_of_billions_is_refused(driver: str) -> None:
    with pytest.raises(ProtocolViolation):
        run(driver, sending(body(b"\x93\x02\x01\xdd\xff\xff\xff\xff\x01")))


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_flood_of_descriptors_leaves_none_in_the_host(driver: str) -> None:
    def flood(theirs: socket.socket) -> None:
        for byte in frame(Response(1, raw("done"))):
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 100))]
            try:
                theirs.sendmsg([bytes([byte])], rights)
            except PermissionError:  # since Linux 6.16 the host's socket refuses them
                theirs.send(bytes([byte]))

    before = open_descriptors()
    assert run(driver, flood) == "done"
    assert open_descriptors() <= before


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_peak() -> int:
    """The most memory that this process has occupied, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
