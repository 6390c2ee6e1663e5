"""What people wait for every day, with fifty plugins of a marketplace on this machine that signs, and is held to it.

Commands are processes that start cold, as they are typed. `update --check` is measured with nothing new, and with a
new version of each plugin. The goal is held against the clock; the processor time stands beside, since on a machine
that does other work a command waits for its turn.

A rollback's switch is what lies between the journal's word that it begins and the pointer being on the disk: the
installed set is exchanged in it. The goal is held against its work (performance.md), which is processor time: two waits
for the disk, `fsync` of the pointer and of its folder, are as long as the disk makes them. What readers wait for is the
`rename` alone.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from jackfield.discovery import find_host
from jackfield.management import Management
from jackfield.store import Activation, Layout, Store, now

from tests.benchmarks.table import Row
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.processes import clean_environment, script

PLUGINS = 50
ROUNDS = 5  # of each command, of which the median counts
FLIPS = 41
COMMAND_SECONDS = 1
SWITCH_MS = 1
NOTHING_NEW = 4  # the exit code of `update --check`


def measure() -> Iterable[Row]:
    """Publish, install, and ask again and again."""
    with tempfile.TemporaryDirectory(prefix="jackfield-everyday-") as name:
        folder = Path(name)
        with running_marketplace(folder) as market:
            publish(market, "1.0.0")
            home = clean_environment(JACKFIELD_HOME=str(folder / "home"), JACKFIELD_MARKETPLACE=market.url)
            command(["install", "--yes", "--accept-permissions", *plugins()], home)
            yield from row_of("search", ["search", "p0"], home)
            yield from row_of("info", ["info", plugins()[7]], home)
            yield from row_of("update --check, nothing new", ["update", "--check"], home, code=NOTHING_NEW)
            publish(market, "1.1.0")
            yield from row_of(f"update --check, {PLUGINS} updates", ["update", "--check"], home)
            yield from switch(folder / "profile", market.url)


def row_of(what: str, words: list[str], home: dict[str, str], *, code: int = os.EX_OK) -> Iterator[Row]:
    """Seconds of a command by the clock, held to the goal."""
    command(words, home, code)  # the first look after something changed verifies it; what is kept then counts
    rounds = [command(words, home, code) for _ in range(ROUNDS)]
    named = f"jackfield {what}, {PLUGINS} plugins"
    yield Row.at_most(named, median(clock for clock, _ in rounds), COMMAND_SECONDS, "s")
    yield Row(f"{named}, processor time", median(processor for _, processor in rounds), "s")


def plugins() -> list[str]:
    """The ids of the plugins."""
    return [f"p{place:03}" for place in range(PLUGINS)]


def publish(market: RunningMarketplace, version: str) -> None:
    """Publish a version of each plugin."""
    for plugin in plugins():
        market.publish(plugin, version)


def command(words: list[str], home: dict[str, str], code: int = os.EX_OK) -> tuple[float, float]:
    """Seconds that a command took by the clock and of the processor; it must have found what it looked for."""
    begun, used = time.perf_counter(), children_seconds()
    done = subprocess.run(
        [script("jackfield"), "--app", "chat", *words],
        env=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    taken = time.perf_counter() - begun, children_seconds() - used
    if done.returncode != code:
        raise RuntimeError(f"jackfield {' '.join(words)}: {done.stderr or done.stdout}")
    return taken


def children_seconds() -> float:
    """Processor time of all children that ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def switch(profile: Path, url: str) -> Iterator[Row]:
    """Milliseconds of a rollback's switch, to and fro between two installed sets of all plugins."""
    management = Management("chat", Layout(profile), [url], find_host("chat"))
    asyncio.run(two_sets(management))
    whole = []
    for _ in range(3):
        begun = time.perf_counter()
        asyncio.run(management.rollback(by="bench"))
        whole.append((time.perf_counter() - begun) * 1e3)
        asyncio.run(management.rollback(to=2, by="bench"))
    flips = [flip(management.store) for _ in range(FLIPS)]
    work, clock, rename = (median(times) for times in zip(*flips, strict=True))
    yield Row.at_most(f"rollback of {PLUGINS} plugins, the switch, work", work, SWITCH_MS, "ms")
    yield Row(f"rollback of {PLUGINS} plugins, the switch, with its waits for the disk", clock, "ms")
    yield Row(f"rollback of {PLUGINS} plugins, the switch, its rename", rename, "ms")
    yield Row(f"rollback of {PLUGINS} plugins, all of it", median(whole), "ms")


async def two_sets(management: Management) -> None:
    """Install all plugins in their first version, then all in the second."""
    first = await management.plan_install([f"{one}==1.0.0" for one in plugins()])
    await management.apply(first, accept_permissions=True, by="bench")
    second = await management.plan_update()
    await management.apply(second, accept_permissions=True, by="bench")


def flip(store: Store) -> tuple[float, float, float]:
    """Milliseconds from the journal's beginning to the pointer being on the disk, of one switch to the other set.

    Returns:
        of the processor, by the clock, and by the clock of the `rename` alone.
    """
    before = store.active_number()
    activation = Activation(
        transaction=uuid.uuid4().hex,
        previous=before,
        generation=1 if before == 2 else 2,
        at=now(),
        by="bench",
        what="bench",
    )
    reached, worked = {}, {}
    with store.lock(by="bench", timeout_seconds=30):
        for step in store.activate(activation, record=lambda _: None):
            reached[step], worked[step] = time.perf_counter(), time.thread_time()
    return (
        (worked["pointer-synced"] - worked["journal-begun"]) * 1e3,
        (reached["pointer-synced"] - reached["journal-begun"]) * 1e3,
        (reached["pointer-replaced"] - reached["pointer-written"]) * 1e3,
    )
