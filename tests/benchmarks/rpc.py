"""Calls into another process, beside a bare socket pair and other libraries (performance.md, "Worker calls").

Both ends stay on one core, so that a figure is what they cost and not how the kernel spreads them; beside it stands
what the same calls take where they may use every core. The ten workers are on other cores than their host, for it is
their working side by side that is measured. They are compared with one of them that is called alone, in its turn: a
worker that is called again and again, and no other, finds the caches as it left them, and ten never do.

Contenders take turns in short rounds; a figure is the median of a round's calls, a ratio that of the rounds' ratios.
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
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from jackfield.rpc import BlockingConnection, CallCodec, Link, Served, connected_pair
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
HOOK, AWAIT, EACH = "ours, host.hook's way", "ours, await", "ours, a batch of 100, each"
AGAIN, ONE, TEN = "a worker on another core", "one of ten there, in turn", "ten there, sent to all first"
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
        others = cores - os.sched_getaffinity(0) or cores
        bare_workers = [stack.enter_context(forked(serve_bare, others)) for _ in range(WORKERS)]
        workers = [waiting(stack.enter_context(forked(serve, others))) for _ in range(WORKERS)]
        free_bare = stack.enter_context(forked(serve_bare, cores))
        free = waiting(stack.enter_context(forked(serve, cores)))
        links = [link(stack.enter_context(forked(serve, place))) for place in (None, cores, *[others] * WORKERS)]
        loop = asyncio.Runner()
        stack.callback(loop.close)
        looped, free_looped, *looped_workers = [loop.run(greeted(one)) for one in links]
        contenders: dict[str, Callable[[int], float]] = {
            BARE: lambda count: timed(bare_call(bare), count),
            HOOK: lambda count: timed(blocking_call(worker), count),
            AWAIT: lambda count: loop.run(awaited([looped], count)),
            EACH: lambda count: timed(batch_call(worker), max(count // 15, 1)) / BATCH,
            f"{BARE}, any core": freely(cores, lambda count: timed(bare_call(free_bare), count)),
            f"{HOOK}, any core": freely(cores, lambda count: timed(blocking_call(free), count)),
            f"{AWAIT}, any core": freely(cores, lambda count: loop.run(awaited([free_looped], count))),
            f"{BARE}, {ONE}": lambda count: timed(bare_in_turn(bare_workers), count),
            f"{BARE}, {TEN}": lambda count: timed(bare_all_first(bare_workers), max(count // 10, 1)),
            f"ours, {AGAIN}": lambda count: timed(blocking_call(workers[0]), count),
            f"ours, {ONE}": lambda count: timed(one_in_turn(workers), count),
            f"ours, {TEN}": lambda count: timed(all_first(workers), max(count // 10, 1)),
            f"ours, await, {ONE}": lambda count: loop.run(awaited(looped_workers, count)),
            f"ours, await, {TEN}": lambda count: loop.run(awaited_all_first(looped_workers, max(count // 10, 1))),
        }
        try:
            peers = stack.enter_context(Peers.started())
        except PeersMissing as error:
            yield Row.missing("calls, other libraries", str(error))
        else:
            yield from peers.missing
            contenders |= {name: peers.measured(name) for name in peers.names}
        taken = rounds(contenders)
        loop.run(closed(looped, free_looped, *looped_workers))
        for one in (worker, free, *workers):
            one.close()
    yield from rows(taken)


def rows(taken: dict[str, list[float]]) -> Iterator[Row]:
    """The figures, then the goals."""
    for name, figures in taken.items():
        yield Row(f"call, {name}", median(figures), "µs")
    hook, await_ = taken[HOOK], taken[AWAIT]
    yield Row.at_most("call, ours to a bare socketpair", ratio(hook, taken[BARE]), 1.8, "x")
    yield Row.at_most("call, ours awaited to a bare socketpair", ratio(await_, taken[BARE]), 2.5, "x")
    for way in (HOOK, AWAIT):
        free = ratio(taken[f"{way}, any core"], taken[f"{BARE}, any core"])
        yield Row(f"call, {way}, any core, to a bare socketpair there", free, "x")
    yield Row.at_most("call, batch of 100, each", median(taken[EACH]), 1, "µs")
    for whose in ("ours", "ours, await"):
        ten = ratio(taken[f"{whose}, {TEN}"], taken[f"{whose}, {ONE}"])
        yield Row.at_most(f"call, {whose}, ten workers to one of them", ten, 5, "x")
    yield Row(f"call, {BARE}, ten to one of them", ratio(taken[f"{BARE}, {TEN}"], taken[f"{BARE}, {ONE}"]), "x")
    for name, figures in taken.items():
        if not name.startswith(("ours", BARE)):
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
    """The median of so many calls, in microseconds."""
    clock = time.perf_counter
    taken = []
    for _ in range(count):
        begun = clock()
        call()
        taken.append(clock() - begun)
    return median(taken) * 1e6


def freely(cores: set[int], run: Callable[[int], float]) -> Callable[[int], float]:
    """Let this process use every core meanwhile."""

    def measured(count: int) -> float:
        here = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            return run(count)
        finally:
            os.sched_setaffinity(0, here)

    return measured


@contextmanager
def forked(run: Callable[[socket.socket], None], cores: set[int] | None = None) -> Iterator[socket.socket]:
    """A child on this core, or on any of those."""
    ours, theirs = socket.socketpair() if run is serve_bare else connected_pair()
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


async def closed(*connections: LoopConnection) -> None:
    for connection in connections:
        connection.close()


def bare_call(ours: socket.socket) -> Callable[[], object]:
    message, buffer = bytes(FRAME_BYTES), bytearray(4096)

    def call() -> int:
        ours.send(message)
        return ours.recv_into(buffer)

    return call


def blocking_call(connection: BlockingConnection) -> Callable[[], object]:
    return lambda: connection.call("echo", ARGUMENTS, CODEC, timeout_seconds=5)


async def awaited(connections: list[LoopConnection], count: int) -> float:
    clock = time.perf_counter
    taken = []
    for connection in islice(cycle(connections), count):
        begun = clock()
        await connection.call("echo", ARGUMENTS, CODEC, timeout_seconds=5)
        taken.append(clock() - begun)
    return median(taken) * 1e6


async def awaited_all_first(connections: list[LoopConnection], count: int) -> float:
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        calls = [(one, one.begin("echo", ARGUMENTS, CODEC, timeout_seconds=5)) for one in connections]
        for one, call in calls:
            await one.finish(call)
        taken.append(time.perf_counter() - begun)
    return median(taken) * 1e6


def batch_call(connection: BlockingConnection) -> Callable[[], object]:
    many = [ARGUMENTS] * BATCH
    return lambda: connection.call_batch("echo", many, CODEC, timeout_seconds=5)


def bare_all_first(workers: list[socket.socket]) -> Callable[[], object]:
    message, buffer = bytes(FRAME_BYTES), bytearray(4096)

    def call() -> None:
        for one in workers:
            one.send(message)
        for one in workers:
            one.recv_into(buffer)

    return call


def bare_in_turn(workers: list[socket.socket]) -> Callable[[], object]:
    calls = cycle([bare_call(one) for one in workers])

    def call() -> object:
        return next(calls)()

    return call


def one_in_turn(workers: list[BlockingConnection]) -> Callable[[], object]:
    turns = cycle(workers)
    return lambda: next(turns).call("echo", ARGUMENTS, CODEC, timeout_seconds=5)


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
