"""A set of 240 packages, solved against a marketplace on this machine: from the first request to the last pin.

Every round is a new installer: new connections, nothing remembered, each page and manifest fetched and read again. The
marketplace alone keeps what it has rendered, as it does for everyone who comes second.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from jackfield.management.catalog import MarketCatalog
from jackfield.manifest import Version
from jackfield.resolution import Target, Want, resolve, wheel_name
from jackfield.resolution.demands import read_demand
from jackfield.resolution.model import plugin_version
from jackfield.store import Layout, Store
from jackfield_marketplace.app import open_database, seed
from jackfield_marketplace.settings import Settings

from tests.benchmarks.table import Row
from tests.support.marketplace import SCRIPT
from tests.support.processes import Server, script
from tests.support.wheels import WheelSource, plugin_source

PLUGINS = 40
LIBRARIES = 200
CHAIN = 5  # libraries that need each other in a row; each plugin needs the first of one row
OLDER = 10  # every tenth library, and so the first of every second row, has two more versions
GOAL_MILLISECONDS = 300
ROUNDS = 9  # of which the median counts, after one that lets the marketplace render its pages


@dataclass(frozen=True, slots=True)
class Taken:
    """What one round took: wall time, and the processor's time of the installer and of the marketplace."""

    wall: float
    installer: float
    marketplace: float


def measure() -> Iterable[Row]:
    """Fill a marketplace through its upload API, and solve for all of its plugins."""
    packages = PLUGINS + LIBRARIES
    with tempfile.TemporaryDirectory(prefix="jackfield-resolution-") as name:
        folder = Path(name)
        build(folder / "wheels")
        data = folder / "data"
        with Server([script(SCRIPT), "serve", "--data", str(data), "--port", "0"]) as server:
            publish(data, folder / "wheels", server)
            taken = [asyncio.run(solve(server, folder / f"round{number}")) for number in range(ROUNDS + 1)][1:]
    wall = median(one.wall for one in taken)
    yield Row.at_most(f"resolve {packages} packages over HTTP", wall * 1000, GOAL_MILLISECONDS, "ms")
    yield Row(f"resolve {packages}, processor, installer", median(one.installer for one in taken) * 1000, "ms")
    yield Row(f"resolve {packages}, processor, marketplace", median(one.marketplace for one in taken) * 1000, "ms")


def build(folder: Path) -> None:
    """Write the wheels: rows of libraries, and plugins that need them and, three of four, the plugin before."""
    for number in range(LIBRARIES):
        following = [f"jf-lib{number + 1}>=1"] if (number + 1) % CHAIN else []
        for version in ("1.0", "1.1", "2.0") if number % OLDER == 0 else ("1.0",):
            WheelSource(
                f"jf-lib{number}",
                version,
                {f"jf_lib{number}/__init__.py": ""},
                requires=[*following, 'colorama>=0.4; sys_platform == "win32"', 'pytest>=8; extra == "test"'],
                requires_python=">=3.9",
                readme="A library.\n" * 100,
            ).build(folder)
    for number in range(PLUGINS):
        more = f'[requires]\np{number - 1} = "^1.0"\n' if number % 4 else ""
        plugin_source(f"p{number}", requires=[f"jf-lib{number * CHAIN}<2", "jf-lib0>=1"], more=more).build(folder)


def publish(data: Path, wheels: Path, server: Server) -> None:
    """Upload every wheel.

    Raises:
        RuntimeError: one was not taken.
    """
    database = open_database(Settings(data))
    try:
        problems = list(seed(database, wheels, urlsplit(server.address).port or 0))
    finally:
        database.close()
    if problems:
        raise RuntimeError(problems[0])


async def solve(server: Server, profile: Path) -> Taken:
    """Solve for every plugin of the marketplace.

    Raises:
        RuntimeError: it is another set than was asked for.
    """
    read_demand.cache_clear()
    plugin_version.cache_clear()
    wheel_name.cache_clear()
    store = Store(Layout(profile))
    target = Target.current(app="chat", api_version=Version.parse("1.0.0"))
    wants = [Want(f"chat-p{number}", f"p{number}") for number in range(PLUGINS)]
    began, installer, marketplace = time.perf_counter(), time.process_time(), processor_seconds(server.pid)
    async with MarketCatalog([server.address], store, store.active(), dict, groups=["chat.plugins"]) as catalog:
        solution = await resolve(wants, catalog=catalog, target=target)
    wall = time.perf_counter() - began
    if len(solution.pins) != PLUGINS + LIBRARIES:
        raise RuntimeError(f"{len(solution.pins)} packages were found instead of {PLUGINS + LIBRARIES}")
    return Taken(wall, time.process_time() - installer, processor_seconds(server.pid) - marketplace)


def processor_seconds(pid: int) -> float:
    """The processor's time of a process by now: user and system, in the kernel's nanoseconds (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in threads) / 1e9
