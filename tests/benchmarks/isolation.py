"""Workers: how soon they are there and what each of them costs (performance.md, "Isolation").

A worker is ready once it is confined, in the best grade of the machine, and has greeted its host. For the cost of the
sandbox two workers of one zygote are called in turns, one confined and one not, on one core.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import mean, median

from jackfield.isolation import Child, Watched, WorkerLimits, WorkerSpec, Zygote
from jackfield.isolation.supervisor import LOOK_SECONDS
from jackfield.rpc import BlockingConnection, CallCodec, Link
from jackfield.rpc.loop import LoopConnection
from jackfield.sandbox import Grade

from tests.benchmarks.table import Row
from tests.support.workers import spec_in

WORKERS = 100
TIMES = 5  # of which the best counts: what else the machine does only adds to it
FORKS = 20
ROUNDS = 240
CALLS_A_ROUND = 50
READY_SECONDS = 0.6
WORKER_MIB = 3
SANDBOX_TIMES = 1.05
WATCHING_PER_CENT = 2
REPLACED_MS = 20
HEALTH = CallCodec(inspect.Signature(return_annotation=None))


def measure() -> Iterable[Row]:
    """Measure forks, memory, replacement, and calls with and without a sandbox."""
    with tempfile.TemporaryDirectory(prefix="jackfield-isolation-") as name:
        folder = Path(name)
        yield from asyncio.run(_starting(folder))
        yield from asyncio.run(_replacing(folder))
        yield from _calling(folder)


async def _starting(folder: Path) -> list[Row]:
    specs = [spec_in(folder / str(number), plugin=f"plugin-{number}") for number in range(WORKERS)]
    begun = time.perf_counter()
    async with started() as zygote:
        rows = [Row("zygote, started and ready", (time.perf_counter() - begun) * 1e3, "ms")]
        for grade in Grade:
            taken = [await _forked(zygote, spec_in(folder / "one", grade=grade)) for _ in range(FORKS)]
            rows.append(Row(f"worker, ready, grade {grade.value}", median(taken) * 1e3, "ms"))
        together, looks, memory = [], [], 0.0
        for _ in range(TIMES):
            begun = time.perf_counter()
            workers = await asyncio.gather(*(ready(zygote, spec) for spec in specs))
            together.append(time.perf_counter() - begun)
            memory = mean(pss_mib(child.pid) for child, _ in workers)
            looks.append(_look([Watched(child.plugin, child.pid, WorkerLimits()) for child, _ in workers]))
            for child, connection in workers:
                connection.close()
                child.close()
                await child.wait()
        rows.append(Row.at_most(f"workers, {WORKERS} ready", min(together), READY_SECONDS, "s"))
        rows.append(Row.at_most(f"worker, each of {WORKERS} ready ones, PSS", memory, WORKER_MIB, "MiB"))
        share = min(looks) / LOOK_SECONDS * 100
        rows.append(Row.at_most(f"watching {WORKERS} workers, share of a core", share, WATCHING_PER_CENT, "%"))
    return rows


def _look(watched: list[Watched]) -> float:
    """Look at every worker; the processor time of the second look, for the first one reads more."""
    taken = 0.0
    for _ in range(2):
        begun = time.thread_time()
        for one in watched:
            one.look(time.monotonic(), 0)
        taken = time.thread_time() - begun
    return taken


async def _replacing(folder: Path) -> list[Row]:
    taken = []
    async with started() as zygote:
        spec = spec_in(folder / "one")
        child, connection = await ready(zygote, spec)
        for _ in range(FORKS):
            begun = time.perf_counter()
            child.kill()
            await child.wait()
            connection.close()
            child.close()
            child, connection = await ready(zygote, spec)
            await connection.call("plugin.health", {}, HEALTH, timeout_seconds=5)
            taken.append(time.perf_counter() - begun)
        connection.close()
        child.close()
    return [Row.at_most("worker, killed until its replacement answers", median(taken) * 1e3, REPLACED_MS, "ms")]


def _calling(folder: Path) -> Iterator[Row]:
    """Calls as `host.hook` makes them, on one core, so that the figure is of the calls and not of the scheduler."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        with asyncio.Runner() as loop:
            zygote = Zygote()
            grades = {Grade.PROCESS: 0.0, Grade.BASE: 0.0, Grade.FULL: 0.0}
            children = {grade: loop.run(zygote.fork(spec_in(folder / "one", grade=grade))) for grade in grades}
            links = {grade: BlockingConnection(link(child)) for grade, child in children.items()}
            for one in links.values():
                one.greet()
            rounds: dict[Grade, list[float]] = {grade: [] for grade in grades}
            turns = list(links.items())
            for turn in range(ROUNDS + 1):
                turns.append(turns.pop(0))  # nobody is always the first after the others
                for grade, one in turns:
                    figure = timed(one)
                    if turn:
                        rounds[grade].append(figure)
            for grade, one in links.items():
                one.close()
                children[grade].close()
            loop.run(zygote.close())
    finally:
        os.sched_setaffinity(0, cores)
    free = rounds.pop(Grade.PROCESS)
    yield Row("call, a worker without a sandbox", median(free), "µs")
    for grade, figures in rounds.items():
        cost = median(held / plain for held, plain in zip(figures, free, strict=True))
        yield Row.at_most(f"call, a worker in grade {grade.value} to one without a sandbox", cost, SANDBOX_TIMES, "x")


@asynccontextmanager
async def started() -> AsyncIterator[Zygote]:
    zygote = Zygote()
    try:
        await zygote.start()
        yield zygote
    finally:
        await zygote.close()


async def ready(zygote: Zygote, spec: WorkerSpec) -> tuple[Child, LoopConnection]:
    child = await zygote.fork(spec)
    connection = LoopConnection(link(child))
    await connection.greet()
    return child, connection


async def _forked(zygote: Zygote, spec: WorkerSpec) -> float:
    begun = time.perf_counter()
    child, connection = await ready(zygote, spec)
    taken = time.perf_counter() - begun
    connection.close()
    child.close()
    await child.wait()
    return taken


def link(child: Child) -> Link:
    return Link(child.socket, lambda _: None, peer="the worker")


def timed(connection: BlockingConnection) -> float:
    begun = time.perf_counter()
    for _ in range(CALLS_A_ROUND):
        connection.call("plugin.health", {}, HEALTH, timeout_seconds=5)
    return (time.perf_counter() - begun) / CALLS_A_ROUND * 1e6


def pss_mib(pid: int) -> float:
    """The memory of a process, pages shared by n processes counted as one n-th."""
    match = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0
