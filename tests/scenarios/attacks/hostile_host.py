"""A real host with a worker that was taken over beside one that was not, and what an attack costs that host."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from jackfield.hooks import HookspecMarker
from jackfield.host import Host
from jackfield.permissions import Choice, Permission
from jackfield.store import Layout

from tests.scenarios.attacks import taken_over
from tests.support.profiles import Profile
from tests.support.waiting import until
from tests.support.wheels import build_plugin

hookspec = HookspecMarker("chat")

ALICE = """
from jackfield import Plugin
from pluggy import HookimplMarker

class Main(Plugin):
    @HookimplMarker("chat")
    async def ping(self, text: str):
        return text
"""

GRANTED = (
    Permission("storage", ("read", "write")),
    Permission("ui", ("component",)),
    Permission("plugins", ("read",)),
)
ASKS = "".join(f'[[permissions]]\nresource = "{one.resource}"\nactions = {list(one.actions)}\n' for one in GRANTED)


class Specs:
    """Hooks of an application."""

    @hookspec
    async def attack(self, name: str) -> str: ...

    @hookspec
    async def ping(self, text: str) -> str: ...


@dataclass
class Cost:
    """What an attack cost the host.

    Args:
        memory_bytes: by how much the host's memory had grown at its peak.
        held_seconds: the longest time for which its event loop did nothing else.
        pings: how often the other worker answered meanwhile.
    """

    memory_bytes: int = 0
    held_seconds: float = 0.0
    pings: int = 0


@dataclass
class Stage:
    """A host with both workers.

    Args:
        host: the host.
        said: what was told of the hostile plugin, state and problem.
        beat_seconds: how often it is looked whether the host's event loop goes on.
        ping_seconds: after how long the other worker is called again.
    """

    host: Host
    said: list[str] = field(default_factory=list)
    beat_seconds: float = 0.001
    ping_seconds: float = 0.005

    async def attack(self, name: str, *, seconds: float, settle_seconds: float | None = None) -> tuple[list[str], Cost]:
        """Let the plugin do its attack; return what the application was answered and what it cost.

        Args:
            name: the function's.
            seconds: how long to look at it, unless the plugin goes down before.
            settle_seconds: how long to look at it after it was answered; None: as long as to one that is not.
        """
        gc.collect()
        cost = Cost()
        stopping = asyncio.Event()
        watching = [asyncio.create_task(self._beat(cost, stopping)), asyncio.create_task(self._ping(cost, stopping))]
        await asyncio.sleep(0.05)
        cost.held_seconds = 0.0
        before = resident_bytes()
        begin_peak_anew()
        answering = asyncio.ensure_future(self.host.call.attack(name=name))
        try:
            async with asyncio.timeout(seconds) as looked:
                answers = await answering
                if settle_seconds is not None:
                    looked.reschedule(asyncio.get_running_loop().time() + settle_seconds)
                while not self.said:  # noqa: ASYNC110 (told by the host)
                    await asyncio.sleep(0.01)
        except TimeoutError:
            answers = answering.result() if answering.done() and not answering.cancelled() else []
        cost.memory_bytes = max(0, peak_bytes() - before)
        stopping.set()
        await asyncio.gather(*watching)
        return answers, cost

    def failure(self) -> str:
        """What the plugin is blamed for last, if it is for anything."""
        last = self.host.plugins.record("mallory").last_failure
        return f"{last}; " if last else ""

    async def _beat(self, cost: Cost, stopping: asyncio.Event) -> None:
        last = perf_counter()
        while not stopping.is_set():
            await asyncio.sleep(self.beat_seconds)
            now = perf_counter()
            cost.held_seconds, last = max(cost.held_seconds, now - last), now

    async def _ping(self, cost: Cost, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            assert await self.host.call.ping(text="x") == ["x"]
            cost.pings += 1
            await asyncio.sleep(self.ping_seconds)


def hostile_wheel(folder: Path, plugin: str = "mallory", *, at_once: str = "") -> Path:
    """Build a plugin that takes its process over.

    Args:
        folder: where its wheel comes.
        plugin: its id.
        at_once: the description that it sends while it is loaded.
    """
    code = inspect.getsource(taken_over).replace('AT_ONCE = ""', f'AT_ONCE = "{at_once}"')
    return build_plugin(folder, plugin, code=code, isolation="worker", permissions=ASKS)


@asynccontextmanager
async def staged(
    folder: Path, *, isolation: Choice = "worker", at_once: str = "", beside: Sequence[Path] = ()
) -> AsyncIterator[Stage]:
    """Run a host with the plugins alice and mallory, who takes its process over; both run as is said.

    Args:
        folder: where all of it lies.
        isolation: where both run.
        at_once: the description that mallory sends while it is loaded.
        beside: wheels of further plugins, which may run there and are not wished yet.
    """
    profile = Profile(Layout(folder / "profile"))
    alice = build_plugin(folder, "alice", code=ALICE, isolation="worker")
    profile.install(alice, hostile_wheel(folder, at_once=at_once), *beside)
    others = [wheel.name.split("-")[0].removeprefix("chat_") for wheel in beside]
    profile.enable(*others, isolation=isolation)
    profile.disable(*others)
    profile.enable("alice", "mallory", isolation=isolation, permissions=GRANTED)
    host = profile.host(specs=Specs())
    await host.start()
    stage = Stage(host)

    def hear(status: Any) -> None:
        if status.id == "mallory":
            stage.said.append(f"{status.state}: {status.problem}")

    host.plugins.on_change(hear)
    try:
        yield stage
    finally:
        await host.stop()


async def nothing_left(stage: Stage) -> None:
    """Take the plugin down for good and see that its process, its descriptors and its tasks are gone."""
    remote = stage.host.plugins.record("mallory").remote
    pid = remote.process.pid if remote is not None and remote.process is not None else None
    await stage.host.disable("mallory")
    await stage.host.unload("mallory")
    if pid is not None:
        await until(lambda: not Path(f"/proc/{pid}").exists())
    await until(lambda: not [task for task in asyncio.all_tasks() if "mallory" in task.get_name()])


def resident_bytes() -> int:
    """What this process has in memory now."""
    return _status("VmRSS")


def begin_peak_anew() -> None:
    """Let `peak_bytes` count from now (proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """The most that it had since that was asked to begin anew."""
    return _status("VmHWM")


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (counted, not walked)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024
