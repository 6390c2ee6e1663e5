"""Hook calls beside pluggy's and beside calls written by hand (performance.md, "Hook calls").

Every figure is a ratio of medians: the contenders take turns in short rounds, so that a slow moment of the machine
falls on all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pluggy
from jackfield.hooks import HookimplMarker, HookManager, HookspecMarker

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


def measure() -> list[Row]:
    """Measure direct calls, pluggy, and ours bare and with everything on, at 1, 10 and 100 implementations."""
    return [row for number in IMPLEMENTATIONS for row in _rows(number)]


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
    answers = {name: call(room="lobby", text="hello") for name, call in contenders.items()}
    assert all(answer == ["hello"] * number for answer in answers.values()), answers
    ns = _nanoseconds(contenders, max(CALLS_A_ROUND // number // 10, 50))
    what = f"hook of {number}"
    rows = [
        Row(f"{what}, called by hand", ns["direct"], "ns"),
        Row(f"{what}, pluggy {pluggy.__version__}", ns["pluggy"], "ns"),
        Row.at_most(f"{what}, ours to pluggy", ns["bare"] / ns["pluggy"], 0.25, "x"),
    ]
    if number >= 10:
        rows.append(Row.at_most(f"{what}, ours to calls by hand", ns["bare"] / ns["direct"], 1.5, "x"))
    all_on = f"{what}, isolation, counters and time on, to bare pluggy"
    return [*rows, Row.at_most(all_on, ns["everything"] / ns["pluggy"], 0.75, "x")]


def _registered(manager: pluggy.PluginManager, plugins: list[Plugin]) -> Any:
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


def _nanoseconds(contenders: dict[str, Callable[..., Any]], calls: int) -> dict[str, float]:
    """Return the median time of one call, in nanoseconds."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            begun = time.perf_counter_ns()
            for _ in range(calls):
                call(room="lobby", text="hello")
            taken[name].append((time.perf_counter_ns() - begun) / calls)
    return {name: median(times) for name, times in taken.items()}
