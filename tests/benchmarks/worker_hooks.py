"""Hooks that plugins in sandboxed workers implement, called as an application does (performance.md, "Worker calls").

The plugins are real: built, installed, confined in the best grade of the machine, called through the hook manager with
everything on. One of them shares a core with its host, like the two ends of the bare socket pair that it is compared
with. Ten are on other cores; they are compared with a host that has one there.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from jackfield.hooks import HookspecMarker
from jackfield.host import Host
from jackfield.store import Layout

from tests.benchmarks.rpc import ARGUMENTS, BARE, bare_call, forked, ratio, rounds, serve_bare, timed
from tests.benchmarks.table import Row
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

WORKERS = 10
BATCH = 100
CODE = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")


class Main(Plugin):
    @hookimpl
    def visit(self, room: str, text: str):
        return text
"""
NOW, AWAITED, EACH = (
    "a hook of a worker, host.hook",
    "a hook of a worker, await",
    "a hook of a worker, batch of 100, each",
)
ONE, TEN = "one on another core", "ten there"


class Specs:
    @HookspecMarker("chat")
    def visit(self, room: str, text: str) -> str | None: ...


def measure() -> Iterable[Row]:
    """Measure hooks of workers beside a bare socket pair, in turns."""
    cores = os.sched_getaffinity(0)
    here = {max(cores)}
    os.sched_setaffinity(0, here)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jackfield-worker-hooks-")))
            bare = stack.enter_context(forked(serve_bare))
            loop = stack.enter_context(asyncio.Runner())
            near = stack.enter_context(started(loop, folder / "near", 1, here))
            one = stack.enter_context(started(loop, folder / "one", 1, cores - here or cores))
            ten = stack.enter_context(started(loop, folder / "ten", WORKERS, cores - here or cores))
            contenders: dict[str, Callable[[int], float]] = {
                BARE: lambda count: timed(bare_call(bare), count),
                NOW: lambda count: timed(called(near), count),
                AWAITED: lambda count: loop.run(awaited(near, count)),
                EACH: lambda count: loop.run(batches(near, max(count // 15, 1))) / BATCH,
                f"{NOW}, {ONE}": lambda count: timed(called(one), count),
                f"{NOW}, {TEN}": lambda count: timed(called(ten), max(count // 10, 1)),
                f"{AWAITED}, {ONE}": lambda count: loop.run(awaited(one, count)),
                f"{AWAITED}, {TEN}": lambda count: loop.run(awaited(ten, max(count // 10, 1))),
            }
            taken = rounds(contenders)
    finally:
        os.sched_setaffinity(0, cores)
    yield from (Row(name, median(figures), "µs") for name, figures in taken.items() if name != BARE)
    yield Row.at_most(f"{NOW}, to a bare socketpair", ratio(taken[NOW], taken[BARE]), 1.8, "x")
    yield Row.at_most(f"{AWAITED}, to a bare socketpair", ratio(taken[AWAITED], taken[BARE]), 2.5, "x")
    yield Row.at_most(EACH, median(taken[EACH]), 1, "µs")
    for way in (NOW, AWAITED):
        yield Row.at_most(f"{way}, ten to one", ratio(taken[f"{way}, {TEN}"], taken[f"{way}, {ONE}"]), 5, "x")


@contextmanager
def started(loop: asyncio.Runner, folder: Path, workers: int, cores: set[int]) -> Iterator[Host]:
    """A host whose plugins run in workers on these cores."""
    profile = Profile(Layout(folder / "profile"))
    names = [f"visitor-{number}" for number in range(workers)]
    wheels = [build_plugin(folder / "wheels", name, code=CODE, isolation="worker") for name in names]
    profile.install(*wheels)
    profile.enable(*names, isolation="worker")
    host = profile.host(specs=Specs())
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        loop.run(host.start())
    finally:
        os.sched_setaffinity(0, here)
    try:
        answers = loop.run(awaited_once(host))
        assert answers == [ARGUMENTS["text"]] * workers, [host.plugins.status(name) for name in names]
        yield host
    finally:
        loop.run(host.stop())


def called(host: Host) -> Callable[[], object]:
    visit = host.hook.visit
    return lambda: visit(**ARGUMENTS)


async def awaited_once(host: Host) -> Any:
    return await host.call.visit(**ARGUMENTS)


async def awaited(host: Host, count: int) -> float:
    visit, clock = host.call.visit, time.perf_counter
    taken = []
    for _ in range(count):
        begun = clock()
        await visit(**ARGUMENTS)
        taken.append(clock() - begun)
    return median(taken) * 1e6


async def batches(host: Host, count: int) -> float:
    many = [ARGUMENTS] * BATCH
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        await host.call.visit.batch(many)
        taken.append(time.perf_counter() - begun)
    return median(taken) * 1e6
