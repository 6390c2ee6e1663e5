"""Hook calls beside pluggy's and beside calls written by hand (performance.md, "Hook calls").

The contenders take turns in short rounds, and a ratio is the median of the rounds' ratios: a slow moment of the machine
falls on both sides of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import pluggy
from jackfield.hooks import HookimplMarker, HookManager, HookspecMarker

from tests.benchmarks.peers.environment import PeersMissing, peer_script
from tests.benchmarks.table import Row

IMPLEMENTATIONS = (1, 10, 100)
ROUNDS = 60
CALLS_A_ROUND = 20_000  # divided by the number of implementations

impl = HookimplMarker("bench")


class Specs:
    @HookspecMarker("bench")
    def visit(self, room: str, text: str) -> str | None: ...


class Plugin:
    @impl
    def visit(self, room: str, text: str) -> str | None:
        return text


class Silent:
    @impl
    def visit(self, room: str) -> str | None:
        return None


def measure() -> Iterable[Row]:
    """Measure direct calls, pluggy, blinker, and ours bare and with everything on, at 1, 10 and 100 implementations."""
    try:
        _blinker()
    except PeersMissing as error:
        yield Row.missing("hook calls, blinker", str(error))
    yield from (row for number in IMPLEMENTATIONS for row in _rows(number))
    yield _half_silent(10)
    yield _half_silent(100)


def _rows(number: int) -> list[Row]:
    plugins = [Plugin() for _ in range(number)]
    everything = _registered(HookManager("bench", on_error="skip", count=True), plugins)
    everything.add_blame_listener(lambda plugin, hook, error: None)
    contenders: dict[str, Callable[..., Any]] = {
        "direct": _direct(plugins),
        "pluggy": _registered(pluggy.PluginManager("bench"), plugins).hook.visit,
        "bare": _registered(HookManager("bench"), plugins).hook.visit,
        "everything": everything.hook.visit,
    }
    signal = _signal(plugins)
    if signal is not None:
        contenders["blinker"] = signal
    answers = {name: call(room="lobby", text="hello") for name, call in contenders.items()}
    assert all(answer == ["hello"] * number for answer in answers.values()), answers
    rounds = _rounds(contenders, max(CALLS_A_ROUND // number // 10, 50))
    what = f"hook of {number}"
    rows = [
        Row(f"{what}, called by hand", median(rounds["direct"]), "ns"),
        Row(f"{what}, pluggy {pluggy.__version__}", median(rounds["pluggy"]), "ns"),
        *([Row(f"{what}, blinker to pluggy", _ratio(rounds, "blinker", "pluggy"), "x")] if signal is not None else []),
        Row.at_most(f"{what}, ours to pluggy", _ratio(rounds, "bare", "pluggy"), 0.25, "x"),
    ]
    if number >= 10:
        rows.append(Row.at_most(f"{what}, ours to calls by hand", _ratio(rounds, "bare", "direct"), 1.5, "x"))
    all_on = f"{what}, isolation, counters, time and p99 on, to bare pluggy"
    return [*rows, Row.at_most(all_on, _ratio(rounds, "everything", "pluggy"), 0.75, "x")]


def _half_silent(number: int) -> Row:
    """Hooks are seldom answered by all: where some are silent, the list of answers is made another way."""
    plugins = [Plugin() if place % 2 else Silent() for place in range(number)]
    contenders: dict[str, Callable[..., Any]] = {
        "pluggy": _registered(pluggy.PluginManager("bench"), plugins).hook.visit,
        "bare": _registered(HookManager("bench"), plugins).hook.visit,
    }
    rounds = _rounds(contenders, max(CALLS_A_ROUND // number // 10, 50))
    return Row.at_most(f"hook of {number}, half silent, ours to pluggy", _ratio(rounds, "bare", "pluggy"), 0.25, "x")


def _registered(manager: pluggy.PluginManager, plugins: Sequence[object]) -> Any:
    manager.add_hookspecs(Specs)
    for place, plugin in enumerate(plugins):
        manager.register(plugin, f"plugin{place}")
    return manager


def _direct(plugins: list[Plugin]) -> Callable[..., Any]:
    """Write out by hand what a hook call of these plugins is: one line for each, no loop."""
    lines = ["def direct(*, room, text):", "    results = []"]
    for place in range(len(plugins)):
        lines += [f"    answer = visit{place}(room, text)", "    if answer is not None: results.append(answer)"]
    namespace: dict[str, Any] = {f"visit{place}": plugin.visit for place, plugin in enumerate(plugins)}
    exec("\n".join([*lines, "    return results"]), namespace)
    direct: Callable[..., Any] = namespace["direct"]
    return direct


@cache
def _blinker() -> Any:
    """The module out of the peers' environment: it has no dependencies, and must run in this process to be compared.

    Raises:
        PeersMissing: the peers cannot be installed here.
    """
    (packages,) = Path(peer_script("python")).parents[1].glob("lib/python*/site-packages")
    sys.path.append(str(packages))
    try:
        return import_module("blinker")
    finally:
        sys.path.remove(str(packages))


def _signal(plugins: list[Plugin]) -> Callable[..., Any] | None:
    """One of blinker's signals to which every plugin listens; it answers pairs, of which the second is the value."""
    try:
        signal = _blinker().Signal()
    except PeersMissing:
        return None
    receivers = [lambda sender, room, text, visit=plugin.visit: visit(room, text) for plugin in plugins]
    for receiver in receivers:
        signal.connect(receiver, weak=False)

    def call(*, room: str, text: str) -> list[str]:
        return [answer for _receiver, answer in signal.send(None, room=room, text=text)]

    return call


def _ratio(rounds: dict[str, list[float]], ours: str, peer: str) -> float:
    return median(one / other for one, other in zip(rounds[ours], rounds[peer], strict=True))


def _rounds(contenders: dict[str, Callable[..., Any]], calls: int) -> dict[str, list[float]]:
    """Return the time of one call in each round, in nanoseconds."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            begun = time.perf_counter_ns()
            for _ in range(calls):
                call(room="lobby", text="hello")
            taken[name].append((time.perf_counter_ns() - begun) / calls)
    return taken
