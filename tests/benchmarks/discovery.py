"""Finding and starting one of many plugins, beside others' ways (performance.md, "Start and discovery").

Each contender is a process that starts cold, over the same folder of installed distributions; what any process costs
is measured in the same round and taken off where the row says "over pass". Caches are warm: every contender has run, so
none waits for anything, and what is measured is processor time. It is the time by the clock of a machine that has
nothing else to do; on one that has, differences of a millisecond by the clock tell nothing. `jackfield list` is
measured by the clock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from jackfield.cli.recall import SETTLED_NS

from tests.benchmarks.peers.environment import PeersMissing, peer_script
from tests.benchmarks.table import Row
from tests.support.processes import clean_environment, script

GROUP = "bench.plugins"
NUMBERS = (10, 100, 1000)
ROUNDS = 9
SHORT_MS = 60.0
SHORT_RUNS = 5
LISTED = 100
FUNCTIONS = 20

#: What a small plugin holds, so that to import it takes what it took the plugins that the goals were set with: 1.75 ms
#: with its bytecode there. Functions alone would take a sixth of that.
BODY = """import re
from dataclasses import dataclass
from enum import Enum

import pluggy

hookimpl = pluggy.HookimplMarker("bench")
PATTERN = re.compile(r"!{name}\\s+(?P<place>[\\w -]+?)(?:\\s+in\\s+(?P<days>\\d+)\\s+days?)?$")


class Unit(Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"
    KELVIN = "k"


@dataclass(slots=True)
class Settings:
    unit: Unit = Unit.CELSIUS
    days: int = 3
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    place: str
    degrees: float
    unit: Unit = Unit.CELSIUS
    said_by: str = "{name}"
    seen: int = 0


@hookimpl
def visit(room):
    return room
"""

PASS = "pass"
STDLIB = "importlib.metadata"
OURS = "ours"
STRICT = "ours, strict"
STEVEDORE = "stevedore, warm cache"
ONE = "ours, start and activate 1"
BARE = "pluggy, register 1 by name"
ALL = "pluggy, load all"

NAMES = "assert len({{one.name for one in {}}}) == N"
"""What is asked of what was found: who answers before it has looked must look now."""

#: What each contender runs, in our environment.
CODE = {
    PASS: "pass",
    STDLIB: f"from importlib.metadata import entry_points as f; {NAMES.format(f'f(group={GROUP!r})')}",
    "importlib_metadata": f"from importlib_metadata import entry_points as f; {NAMES.format(f'f(group={GROUP!r})')}",
    OURS: f"from jackfield.discovery import installed_entry_points as f; {NAMES.format(f'f({GROUP!r}, strict=False)')}",
    STRICT: "from jackfield.discovery import installed_entry_points as f;" + NAMES.format(f"f({GROUP!r}, strict=True)"),
    ONE: "import jackfield; m = jackfield.PluginManager('bench');"
    f"assert m.load_setuptools_entrypoints({GROUP!r}, name='p0005') == 1",
    BARE: "import pluggy, bench_p0005 as p; m = pluggy.PluginManager('bench'); assert m.register(p, name='p0005')",
    ALL: f"import pluggy; m = pluggy.PluginManager('bench'); assert m.load_setuptools_entrypoints({GROUP!r}) == N",
}
PEERS = {
    "pass, peers' environment": "pass",
    STEVEDORE: f"from stevedore import _cache; {NAMES.format(f'_cache.get_group_all({GROUP!r})')}",
    "npe2, discover": "from npe2 import PluginManager as P; p = P(); p.discover(); assert len(p._manifests) == N",
}


def measure() -> Iterable[Row]:
    """Install 10, 100 and 1000 plugins, and look for them every way."""
    for number in NUMBERS:
        with tempfile.TemporaryDirectory(prefix="jackfield-discovery-") as name:
            yield from _of(number, Path(name))
    with tempfile.TemporaryDirectory(prefix="jackfield-list-") as name:
        yield from _list(Path(name))


def install(site: Path, number: int) -> None:
    """Write that many installed distributions, each with a plugin for every contender."""
    functions = "".join(
        f"\n\ndef part_{place}(one, two=1, *more, last=None):\n    '''Do {place}.'''\n    return [one, two, {place}]\n"
        for place in range(FUNCTIONS)
    )
    for place in range(number):
        name = f"p{place:04}"
        package, info = site / f"bench_{name}", site / f"bench_{name}-1.0.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text(BODY.replace("{name}", name) + functions)
        (package / "plugin.toml").write_text(
            f'schema = 1\nid = "{name}"\nname = "Plugin {place}"\ndescription = "one of many"\nisolation = "any"\n'
            'host.chat = "^1.0"\n[[permissions]]\nresource = "messages"\nactions = ["read"]\nreason = "to hear"\n'
        )
        (package / "napari.yaml").write_text(f"name: bench-{name}\ndisplay_name: Plugin {place}\n")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench-{name}\nVersion: 1.0\n")
        entries = {
            GROUP: f"bench_{name}",
            "chat.plugins": f"bench_{name}",
            "napari.manifest": f"bench_{name}:napari.yaml",
        }
        (info / "entry_points.txt").write_text(
            "".join(
                f"[{group}]\n{f'bench-{name}' if group == 'napari.manifest' else name} = {value}\n"
                for group, value in entries.items()
            )
        )
        files = ("__init__.py", "plugin.toml", "napari.yaml")
        (info / "RECORD").write_text("".join(f"bench_{name}/{file},,\n" for file in files))


def _of(number: int, folder: Path) -> Iterator[Row]:
    install(folder / "site", number)
    commands = {name: [sys.executable, "-c", f"N = {number}; {code}"] for name, code in CODE.items()}
    try:
        python = peer_script("python")
        commands |= {name: [python, "-c", f"N = {number}; {code}"] for name, code in PEERS.items()}
    except PeersMissing as error:
        yield Row.missing("discovery, stevedore and npe2", str(error))
    taken = rounds(commands, folder)
    over = {name: _over_pass(taken, name) for name in commands if "pass" not in name}
    what = f"{number} plugins"
    yield Row(f"{what}: python -c pass", median(taken[PASS]), "ms")
    for name in over:
        yield Row(f"{what}: {name}, over pass", median(over[name]), "ms")
    if number != NUMBERS[-1]:
        return
    yield Row.at_least(f"{what}: {STDLIB} to ours, both over pass", _ratio(over, STDLIB, OURS), 50, "x")
    yield Row.at_most(f"{what}: ours, over pass", median(over[OURS]), 1.5, "ms")
    if STEVEDORE in over:
        yield Row.at_least(f"{what}: stevedore to ours, strict", _ratio(over, STEVEDORE, STRICT), 3, "x")
    yield Row.at_least(f"{what}: pluggy, load all, to ours, activate 1", _ratio(taken, ALL, ONE), 50, "x")
    # No manager on pluggy can do more than this: the interpreter, pluggy and the plugin, without looking for it.
    yield Row(f"{what}: pluggy, load all, to pluggy, register 1 by name", _ratio(taken, ALL, BARE), "x")


def _list(folder: Path) -> Iterator[Row]:
    """`jackfield list` over a hundred plugins, and `python -c pass` beside."""
    install(folder / "site", LISTED)
    commands = {PASS: [sys.executable, "-c", "pass"], "list": [script("jackfield"), "--app", "chat", "list"]}
    # An answer is taken down once nothing that it was made from is newer; the first turn makes the folder of all data.
    taken = rounds(commands, folder, by_clock=True, settle_seconds=SETTLED_NS / 1e9 + 0.1)
    yield Row.at_most(f"jackfield list, {LISTED} plugins", median(taken["list"]), 40, "ms")
    yield Row.at_most(f"jackfield list, {LISTED} plugins, to python -c pass", _ratio(taken, "list", PASS), 5, "x")


def _over_pass(taken: dict[str, list[float]], name: str) -> list[float]:
    """What a contender took beyond an empty process of its environment, round by round; at least a microsecond."""
    empty = taken[PASS if name in CODE else "pass, peers' environment"]
    return [max(one - other, 0.001) for one, other in zip(taken[name], empty, strict=True)]


def _ratio(taken: dict[str, list[float]], one: str, other: str) -> float:
    return median(a / b for a, b in zip(taken[one], taken[other], strict=True))


def rounds(
    commands: dict[str, list[str]], folder: Path, *, by_clock: bool = False, settle_seconds: float = 0.0
) -> dict[str, list[float]]:
    """Return milliseconds that each command took, in turns, after one turn that warms every cache up and a pause."""
    environment = clean_environment(
        PYTHONPATH=str(folder / "site"), JACKFIELD_HOME=str(folder / "home"), XDG_CACHE_HOME=str(folder / "cache")
    )
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            milliseconds = [run(command, environment, by_clock=by_clock)]
            # What is short is taken several times in its turn: the difference of two of them is a figure here.
            while turn and len(milliseconds) < SHORT_RUNS and milliseconds[0] < SHORT_MS:
                milliseconds.append(run(command, environment, by_clock=by_clock))
            if turn:
                taken[name].append(median(milliseconds))
        if not turn:
            time.sleep(settle_seconds)
    return taken


def run(command: list[str], environment: dict[str, str], *, by_clock: bool) -> float:
    """Milliseconds that a process took, by the clock or of the processor; its end must be a good one."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    begun = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - begun if by_clock else used.ru_utime + used.ru_stime
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return seconds * 1e3
