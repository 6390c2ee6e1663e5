"""Installing from a marketplace on this machine, beside pip and uv (performance.md, "Install").

Ours is measured as an application does it, in a process that runs; pip and uv are commands, and so is `jackfield
install`, whose figure stands beside. uv has its cache warm and makes hard links. A ratio is the median of the rounds'
ratios, the contenders take turns.

What uv does to an environment in place cannot be undone and is seen half done by whoever reads meanwhile: equal to our
change of one plugin in a hundred is a new set of a hundred. How long uv takes in place is a row without a goal.

The goals are held against the clock. An install waits for the disk, and with it for all others that write to it; so the
processor time of both stands beside, without a goal. Each begins with nothing left to be written: uv and pip wait for
no disk, and what they leave behind would else be paid by whoever waits next, which is always us.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from jackfield.discovery import find_host
from jackfield.management import Management
from jackfield.store import Layout

from tests.benchmarks.table import Row
from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import build_plugin

PLUGINS = 100
ROUNDS = 7
ONE = "p000"
"""The plugin that is installed alone, and the one that changes: 1.0.0 and 2.0.0 are there."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took, or when something was: in seconds by the clock, and of the processor with all children."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Taken:
        """This moment."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used))

    def __sub__(self, earlier: Taken) -> Taken:
        return Taken(self.clock - earlier.clock, self.processor - earlier.processor)


Round = dict[str, Taken]
Rounds = dict[str, list[Taken]]


def measure() -> Iterable[Row]:
    """Publish a hundred plugins to a marketplace of its own, and install them every way."""
    with tempfile.TemporaryDirectory(prefix="jackfield-install-") as name:
        folder = Path(name)
        for place in range(PLUGINS):
            build_plugin(folder / "wheels", f"p{place:03}")
        build_plugin(folder / "wheels", ONE, "2.0.0")
        serve = [script("jackfield-marketplace"), "serve", "--data", str(folder / "market"), "--port", "0"]
        with Server([*serve, "--seed", str(folder / "wheels")]) as server:
            bench = _Bench(folder, server.address)
            yield from _rows_of_one(_rounds(bench.one))
            asyncio.run(bench.prepare_many())
            yield from _rows_of_many(_rounds(bench.many))


def _rounds(once: Callable[[int], Round]) -> Rounds:
    """What each thing took in each round but the first, which warms up."""
    rounds = [once(turn) for turn in range(ROUNDS + 1)][1:]
    return {what: [one[what] for one in rounds] for what in rounds[0]}


def _rows_of_one(rounds: Rounds) -> Iterator[Row]:
    for what, each in rounds.items():
        yield Row(f"install of one, {what}", median(one.clock for one in each) * 1e3, "ms")
    yield Row.at_most("install of one, known, relink to uv", _ratio(rounds, "known: relink", "uv"), 1, "x")
    known = "install of one, known, plan and relink to uv"
    yield Row.at_most(known, _ratio(rounds, "known", "uv"), 1, "x")
    yield Row(f"{known}, processor time", _ratio(rounds, "known", "uv", of_processor=True), "x")
    yield Row.at_least("install of one, first, pip to ours", _ratio(rounds, "pip", "first"), 4, "x")
    yield Row("install of one, first, pip to `jackfield install`", _ratio(rounds, "pip", "jackfield install"), "x")


def _rows_of_many(rounds: Rounds) -> Iterator[Row]:
    what = f"one change in {PLUGINS}"
    for name, each in rounds.items():
        yield Row(f"{what}, {name}", median(one.clock for one in each) * 1e3, "ms")
    for ours in ("apply", "plan and apply"):
        ratio = f"{what}, uv (a new set) to ours, {ours}"
        yield Row.at_least(ratio, _ratio(rounds, "uv, a new set", ours), 4, "x")
        yield Row(f"{ratio}, processor time", _ratio(rounds, "uv, a new set", ours, of_processor=True), "x")


def _ratio(rounds: Rounds, one: str, other: str, *, of_processor: bool = False) -> float:
    pairs = zip(rounds[one], rounds[other], strict=True)
    return median(a.processor / b.processor if of_processor else a.clock / b.clock for a, b in pairs)


class _Bench:
    """What each contender does in a round.

    Args:
        folder: for profiles, targets and caches; on one file system, so that hard links can be made.
        url: the marketplace.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._host = find_host("chat")  # so each plugin has a process of its own, and a lock file with it
        self._known = Management("chat", Layout(folder / "known"), [url], self._host)
        self._hundred = Management("chat", Layout(folder / "hundred"), [url], self._host)
        self._venv = folder / "venv"

    def one(self, turn: int) -> Round:
        """One plugin: never seen, by us and by pip; known, by us and by uv."""
        target = self._folder / f"one-{turn}"
        pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--no-cache-dir"]
        home = clean_environment(JACKFIELD_HOME=str(target / "home"), JACKFIELD_MARKETPLACE=self._url)
        ours = [script("jackfield"), "--app", "chat", "install", "--yes", "--accept-permissions", ONE]
        return {
            "first": asyncio.run(self._first(target / "first")),
            "pip": _run([*pip, "--index-url", f"{self._url}/simple/", "--target", str(target / "pip"), f"chat-{ONE}"]),
            "jackfield install": _run(ours, home),
            **asyncio.run(self._again()),
            "uv": self._uv("--target", str(target / "uv"), f"chat-{ONE}"),
        }

    def many(self, turn: int) -> Round:
        """A hundred plugins of which one changes."""
        names = [f"chat-p{place:03}" for place in range(PLUGINS)]
        version = ("1.0.0", "2.0.0")[turn % 2]
        return {
            **asyncio.run(self._change()),
            "uv, a new set": self._uv("--target", str(self._folder / f"many-{turn}"), *names),
            "uv, in place": self._uv("--python", str(self._venv), f"chat-{ONE}=={version}"),
        }

    async def prepare_many(self) -> None:
        """Install a hundred, the one in its first version."""
        specs = [f"{ONE}==1.0.0", *(f"p{place:03}" for place in range(1, PLUGINS))]
        plan = await self._hundred.plan_install(specs)
        await self._hundred.apply(plan, accept_permissions=True, by="bench")
        _run([script("uv"), "--quiet", "--no-config", "venv", "--python", sys.executable, str(self._venv)])
        self._uv("--python", str(self._venv), *(f"chat-p{place:03}" for place in range(PLUGINS)))

    async def _first(self, home: Path) -> Taken:
        begun = _begin()
        management = Management("chat", Layout(home), [self._url], self._host)
        plan = await management.plan_install([ONE])
        await management.apply(plan, accept_permissions=True, by="bench")
        return Taken.now() - begun

    async def _again(self) -> Round:
        """Install what the store holds, and take it back."""
        begun = _begin()
        plan = await self._known.plan_install([ONE])
        planned = Taken.now()
        await self._known.apply(plan, accept_permissions=True, by="bench")
        done = Taken.now()
        await self._known.rollback(by="bench")
        return {
            "known": done - begun,
            "known: relink": done - planned,
            "known: rollback": Taken.now() - done,
        }

    async def _change(self) -> Round:
        begun = _begin()
        plan = await self._hundred.plan_update([ONE])
        planned = Taken.now()
        await self._hundred.apply(plan, accept_permissions=True, by="bench")
        done = Taken.now()
        await self._hundred.rollback(by="bench")
        return {
            "plan and apply": done - begun,
            "apply": done - planned,
            "rollback": Taken.now() - done,
        }

    def _uv(self, *words: str) -> Taken:
        cache = ["--cache-dir", str(self._folder / "uv-cache"), "--link-mode", "hardlink"]
        where = [] if "--python" in words else ["--python", sys.executable]
        index = ["--index-url", f"{self._url}/simple/"]
        return _run([script("uv"), "--quiet", "--no-config", "pip", "install", *cache, *index, *where, *words])


def _begin() -> Taken:
    """This moment, with everything on disk that was written before."""
    os.sync()
    return Taken.now()


def _run(command: list[str], environment: dict[str, str] | None = None) -> Taken:
    """What a command took, which must succeed."""
    begun = _begin()
    done = subprocess.run(
        command, env=environment or clean_environment(), capture_output=True, text=True, check=False, timeout=120
    )
    taken = Taken.now() - begun
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
    return taken
