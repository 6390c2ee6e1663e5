"""Calls into another process, beside a bare socket pair and other libraries (performance.md, "Worker calls").

All processes stay on one core, so that a figure is what both ends cost and not how the kernel spreads them; only the
ten workers may use every core, since it is their working side by side that is measured. Contenders take turns in short
rounds; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from jackfield.rpc import BlockingConnection, CallCodec, Link, Served
from jackfield.rpc.loop import LoopConnection

from tests.benchmarks.peers.environment import PeersMissing, peer_script
from tests.benchmarks.table import Row
from tests.support.processes import clean_environment

ROUNDS = 40
CALLS_A_ROUND = 150
BATCH = 100
WORKERS = 10
#: The bytes of a whole frame of our request are as many.
FRAME_BYTES = 78
ARGUMENTS = {"room": "lobby", "text": "what will the weather be in Oslo today?"}
BARE = "bare socketpair"
PEERS = Path(__file__).parent / "peers" / "calls.py"


def echo(room: str, text: str) -> str | None:
    return text


CODEC = CallCodec(inspect.signature(echo, eval_str=True))


def measure() -> Iterable[Row]:
    """Measure a call by each contender, a batch, and ten workers, in turns."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield from _measure(cores)
    finally:
        os.sched_setaffinity(0, cores)


def _measure(cores: set[int]) -> Iterator[Row]:
    with ExitStack() as stack:
        bare = stack.enter_context(forked(serve_bare))
        worker = waiting(stack.enter_context(forked(serve)))
        workers = [waiting(stack.enter_context(forked(serve, cores))) for _ in range(WORKERS)]
        looping = link(stack.enter_context(forked(serve)))
        loop = asyncio.Runner()
        stack.callback(loop.close)
        looped = loop.run(greeted(looping))
        contenders: dict[str, Callable[[int], float]] = {
            BARE: lambda count: timed(bare_call(bare), count),
            "ours, host.hook's way": lambda count: timed(blocking_call(worker), count),
            "ours, await": lambda count: loop.run(awaited(looped, count)),
            "ours, a batch of 100, each": lambda count: timed(batch_call(worker), max(count // 15, 1)) / BATCH,
            "ours, ten workers one after another": lambda count: timed(one_by_one(workers), max(count // 10, 1)),
            "ours, ten workers, sent to all first": lambda count: timed(all_first(workers), max(count // 10, 1)),
            "ours, ten workers, one of them": lambda count: timed(blocking_call(workers[0]), count),
        }
        try:
            peers = stack.enter_context(Peers.started())
        except PeersMissing as error:
            yield Row.missing("calls, other libraries", str(error))
        else:
            yield from peers.missing
            contenders |= {name: peers.measured(name) for name in peers.names}
        taken = rounds(contenders)
        loop.run(closed(looped))
        for one in (worker, *workers):
            one.close()
    yield from rows(taken)


def rows(taken: dict[str, list[float]]) -> Iterator[Row]:
    """The figures, then the goals."""
    for name, figures in taken.items():
        yield Row(f"call, {name}", median(figures), "µs")
    hook, await_ = taken["ours, host.hook's way"], taken["ours, await"]
    yield Row.at_most("call, ours to a bare socketpair", ratio(hook, taken[BARE]), 1.8, "x")
    yield Row.at_most("call, ours awaited to a bare socketpair", ratio(await_, taken[BARE]), 2.5, "x")
    yield Row.at_most("call, batch of 100, each", median(taken["ours, a batch of 100, each"]), 1, "µs")
    together, single = taken["ours, ten workers, sent to all first"], taken["ours, ten workers, one of them"]
    yield Row.at_most("call, ten workers to one", ratio(together, single), 5, "x")
    yield Row(
        "call, ten workers, one after another to one", ratio(taken["ours, ten workers one after another"], single), "x"
    )
    for name, figures in taken.items():
        if not name.startswith("ours") and name != BARE:
            yield Row.at_least(f"call, {name} to ours", ratio(figures, hook), 1, "x")
            yield Row.at_least(f"call, {name} to ours awaited", ratio(figures, await_), 1, "x")


def rounds(contenders: dict[str, Callable[[int], float]]) -> dict[str, list[float]]:
    """Microseconds of one call in each round, after one that warms up."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(ROUNDS + 1):
        for name, run in contenders.items():
            figure = run(CALLS_A_ROUND)
            if turn:
                taken[name].append(figure)
    return taken


def ratio(ours: list[float], other: list[float]) -> float:
    return median(one / two for one, two in zip(ours, other, strict=True))


def timed(call: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begun) / count * 1e6


@contextmanager
def forked(run: Callable[[socket.socket], None], cores: set[int] | None = None) -> Iterator[socket.socket]:
    """A child on this core, or on any of those."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        os.sched_setaffinity(0, cores or os.sched_getaffinity(0))
        ours.close()
        with suppress(OSError):
            run(theirs)
        os._exit(0)
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        os.kill(pid, 9)  # children that were forked later hold our end too
        os.waitpid(pid, 0)


def serve_bare(theirs: socket.socket) -> None:
    buffer = bytearray(4096)
    view = memoryview(buffer)
    while count := theirs.recv_into(buffer):
        theirs.send(view[:count])


def serve(theirs: socket.socket) -> None:
    connection = BlockingConnection(Link(theirs, {"echo": Served(echo, CODEC)}.get, peer="the host"))
    connection.greet()
    connection.serve()


def link(ours: socket.socket) -> Link:
    return Link(ours, lambda _: None, peer="the worker")


def waiting(ours: socket.socket) -> BlockingConnection:
    connection = BlockingConnection(link(ours))
    connection.greet()
    return connection


async def greeted(one: Link) -> LoopConnection:
    connection = LoopConnection(one)
    await connection.greet()
    return connection


async def closed(connection: LoopConnection) -> None:
    connection.close()


def bare_call(ours: socket.socket) -> Callable[[], object]:
    message, buffer = bytes(FRAME_BYTES), bytearray(4096)

    def call() -> int:
        ours.send(message)
        return ours.recv_into(buffer)

    return call


def blocking_call(connection: BlockingConnection) -> Callable[[], object]:
    return lambda: connection.call("echo", ARGUMENTS, CODEC, timeout_seconds=5)


async def awaited(connection: LoopConnection, count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        await connection.call("echo", ARGUMENTS, CODEC, timeout_seconds=5)
    return (time.perf_counter() - begun) / count * 1e6


def batch_call(connection: BlockingConnection) -> Callable[[], object]:
    many = [ARGUMENTS] * BATCH
    return lambda: connection.call_batch("echo", many, CODEC, timeout_seconds=5)


def one_by_one(workers: list[BlockingConnection]) -> Callable[[], object]:
    return lambda: [one.call("echo", ARGUMENTS, CODEC, timeout_seconds=5) for one in workers]


def all_first(workers: list[BlockingConnection]) -> Callable[[], object]:
    def call() -> list[object]:
        begun = [(one, one.begin("echo", ARGUMENTS, CODEC, timeout_seconds=5)) for one in workers]
        return [one.finish(call) for one, call in begun]

    return call


class Peers:
    """The other libraries, in a process of their own Python; see `peers/calls.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.missing: list[Row] = []
        self.names: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            word, *rest = line.split()
            if word == "ready":
                self.names = rest
                break
            self.missing.append(Row.missing(f"call, {rest[0]}", " ".join(rest[1:])))

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Peers]:
        command = [peer_script("python"), str(PEERS)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=clean_environment()) as process:
            yield cls(process)
            assert process.stdin is not None
            process.stdin.close()

    def measured(self, name: str) -> Callable[[int], float]:
        def run(count: int) -> float:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{name} {count}\n")
            self._process.stdin.flush()
            return float(self._process.stdout.readline())

        return run
