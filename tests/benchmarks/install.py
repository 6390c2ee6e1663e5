"""Installing from a marketplace on this machine, beside pip and uv (performance.md, "Install").

Ours is measured as an application does it, in a process that runs; pip and uv are commands, and so is `jackfield
install`, whose figure stands beside. uv has its cache warm and makes hard links. A ratio is the median of the rounds'
ratios, the contenders take turns.

What uv does to an environment in place cannot be undone and is seen half done by whoever reads meanwhile: equal to our
change of one plugin in a hundred is a new set of a hundred. How long uv takes in place is a row without a goal.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median

from jackfield.management import Management
from jackfield.store import Layout

from tests.benchmarks.table import Row
from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import build_plugin

PLUGINS = 100
ROUNDS = 7
ONE = "p000"
"""The plugin that is installed alone, and the one that changes: 1.0.0 and 2.0.0 are there."""

Seconds = dict[str, float]


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


def _rounds(once: Callable[[int], Seconds]) -> dict[str, list[float]]:
    """The seconds of each thing in each round but the first, which warms up."""
    rounds = [once(turn) for turn in range(ROUNDS + 1)][1:]
    return {what: [one[what] for one in rounds] for what in rounds[0]}


def _rows_of_one(seconds: dict[str, list[float]]) -> Iterator[Row]:
    for what, each in seconds.items():
        yield Row(f"install of one, {what}", median(each) * 1e3, "ms")
    yield Row.at_most("install of one, known, relink to uv", _ratio(seconds, "known: relink", "uv"), 1, "x")
    yield Row.at_most("install of one, known, plan and relink to uv", _ratio(seconds, "known", "uv"), 1, "x")
    yield Row.at_least("install of one, first, pip to ours", _ratio(seconds, "pip", "first"), 4, "x")
    yield Row("install of one, first, pip to `jackfield install`", _ratio(seconds, "pip", "jackfield install"), "x")


def _rows_of_many(seconds: dict[str, list[float]]) -> Iterator[Row]:
    what = f"one change in {PLUGINS}"
    for name, each in seconds.items():
        yield Row(f"{what}, {name}", median(each) * 1e3, "ms")
    yield Row.at_least(f"{what}, uv (a new set) to ours, apply", _ratio(seconds, "uv, a new set", "apply"), 4, "x")
    both = _ratio(seconds, "uv, a new set", "plan and apply")
    yield Row.at_least(f"{what}, uv (a new set) to ours, plan and apply", both, 4, "x")


def _ratio(seconds: dict[str, list[float]], one: str, other: str) -> float:
    return median(a / b for a, b in zip(seconds[one], seconds[other], strict=True))


class _Bench:
    """What each contender does in a round.

    Args:
        folder: for profiles, targets and caches; on one file system, so that hard links can be made.
        url: the marketplace.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._known = Management("chat", Layout(folder / "known"), [url])
        self._hundred = Management("chat", Layout(folder / "hundred"), [url])
        self._venv = folder / "venv"

    def one(self, turn: int) -> Seconds:
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

    def many(self, turn: int) -> Seconds:
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

    async def _first(self, home: Path) -> float:
        begun = time.perf_counter()
        management = Management("chat", Layout(home), [self._url])
        plan = await management.plan_install([ONE])
        await management.apply(plan, accept_permissions=True, by="bench")
        return time.perf_counter() - begun

    async def _again(self) -> Seconds:
        """Install what the store holds, and take it back."""
        begun = time.perf_counter()
        plan = await self._known.plan_install([ONE])
        planned = time.perf_counter()
        await self._known.apply(plan, accept_permissions=True, by="bench")
        done = time.perf_counter()
        await self._known.rollback(by="bench")
        return {
            "known": done - begun,
            "known: relink": done - planned,
            "known: rollback": time.perf_counter() - done,
        }

    async def _change(self) -> Seconds:
        begun = time.perf_counter()
        plan = await self._hundred.plan_update([ONE])
        planned = time.perf_counter()
        await self._hundred.apply(plan, accept_permissions=True, by="bench")
        done = time.perf_counter()
        await self._hundred.rollback(by="bench")
        return {
            "plan and apply": done - begun,
            "apply": done - planned,
            "rollback": time.perf_counter() - done,
        }

    def _uv(self, *words: str) -> float:
        cache = ["--cache-dir", str(self._folder / "uv-cache"), "--link-mode", "hardlink"]
        where = [] if "--python" in words else ["--python", sys.executable]
        index = ["--index-url", f"{self._url}/simple/"]
        return _run([script("uv"), "--quiet", "--no-config", "pip", "install", *cache, *index, *where, *words])


def _run(command: list[str], environment: dict[str, str] | None = None) -> float:
    """Seconds that a command took, which must succeed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=environment or clean_environment(), capture_output=True, text=True, check=False, timeout=120
    )
    taken = time.perf_counter() - begun
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
    return taken
