"""Watches the workers of one host: one thread looks at all, also while the event loop stands still."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from jackfield.errors import PluginError
from jackfield.isolation import measuring
from jackfield.isolation.breaches import Breach, too_slow
from jackfield.isolation.cgroups import Group, Groups, own_groups
from jackfield.isolation.limits import WorkerLimits
from jackfield.isolation.spare_time import SpareTime
from jackfield.isolation.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jackfield.isolation.child import HowItEnded

LOOK_SECONDS: Final = 0.25
"""Between two looks at every worker: what grows faster than that meets the address space's limit."""

COUNTING_SECONDS: Final = 0.1
"""In one look; then no further worker's files are counted: who has many must not hold up the looks at others."""

_log = logging.getLogger("jackfield.isolation")


class Process(Protocol):
    """A worker's process; `jackfield.isolation.Child` is one."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    async def wait(self) -> HowItEnded:
        """Return how it ended, once it has."""
        ...

    def kill(self) -> None:
        """Kill it, from any thread."""
        ...

    def close(self) -> None:
        """Kill it, and let go of it."""
        ...


class Watch:
    """One worker under watch, itself a process as its host holds it. Made by `Supervisor.watch`.

    Args:
        process: the worker.
        watched: what is looked at.
        group: its control group, where it has one.
    """

    def __init__(self, process: Process, watched: Watched, group: Group | None) -> None:
        self._process = process
        self._watched = watched
        self._group = group
        self._guard = threading.Lock()
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        used = watched.processor_time
        self.spare_time = SpareTime(lambda: used.all_seconds, watched.limits.cpu_share)
        """What others may have it use of a processor."""
        self.breach: Breach | None = None
        """The limit for which it was stopped; None: for none."""
        self.was_lost = False
        """Whether it ended together with the process that forks all workers, and for no breach."""

    @property
    def plugin(self) -> str:
        """Whose worker it is."""
        return self._watched.plugin

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def limits(self) -> WorkerLimits:
        """What is in force for it."""
        return self._watched.limits

    def late(self, what: str, seconds: float | None = None) -> PluginError:
        """Stop the worker because it did not answer in time, and return what to tell who waited.

        Args:
            what: what was called, e.g. `message_received`.
            seconds: the time that it had; None: what the limits say.
        """
        return self.stop(too_slow(self.plugin, what, self.limits, seconds)).error()

    def stop(self, breach: Breach) -> Breach:
        """Kill the worker for a breach, from any thread; the first one stays the reason, and is returned."""
        with self._guard:
            self.breach = self.breach or breach
        self._process.kill()
        return self.breach

    def look(self, now: float, empty_bytes: int) -> None:
        """Look at it once, and stop it if it broke a limit."""
        if self.breach is None and (breach := self._watched.look(now, empty_bytes)) is not None:
            self.stop(breach)

    @property
    def counted_at(self) -> float:
        """When its files were counted last."""
        return self._watched.counted_at

    def count(self, now: float) -> None:
        """Count its files if it is time to, and stop it if they are too many or too large."""
        if self.breach is None and (breach := self._watched.count(now)) is not None:
            self.stop(breach)

    async def wait(self) -> str:
        """Return how it ended, once it has, as the end of a sentence: `used 61 MiB of 50 MiB and was stopped`."""
        return await asyncio.shield(self._ended)

    def kill(self) -> None:
        """Kill it for no breach of its own."""
        self._process.kill()

    def close(self) -> None:
        """Kill it, and let go of it."""
        self._process.close()

    async def follow(self) -> None:
        """See it to its end; the supervisor's."""
        how = await self._process.wait()
        if self._group is not None:
            if self.breach is None and self._group.out_of_memory():
                self.breach = self._watched.out_of_memory()
            self._group.close()
        self.was_lost = self.breach is None and how.was_lost
        told = str(how) if self.breach is None else self.breach.sentence.removeprefix(f"{self.plugin} ")
        if not self._ended.done():
            self._ended.set_result(told)


class Supervisor:
    """Looks at all workers several times a second, in a thread of its own that runs while there are any.

    Args:
        zygote_pid: gives the process that workers are forked from: it uses what a worker without a plugin uses.
        look_seconds: between two looks.
    """

    def __init__(
        self, zygote_pid: Callable[[], int | None] = lambda: None, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._zygote_pid = zygote_pid
        self._look_seconds = look_seconds
        self._watches: dict[int, Watch] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._groups: Groups | None = None
        self._asked_for_groups = False
        self._following: set[asyncio.Task[None]] = set()

    def watch(self, process: Process, watched: Watched) -> Watch:
        """Watch a worker from now until it ends; on the event loop, before the plugin's code runs in it.

        Args:
            process: the worker.
            watched: what is looked at, and the limits.
        """
        watch = Watch(process, watched, self._group(process, watched))
        with self._guard:
            self._watches[process.pid] = watch
            if self._thread is None:
                self._closing.clear()
                self._thread = threading.Thread(target=self._look_at_all, name="jackfield-supervisor", daemon=True)
                self._thread.start()
        task = asyncio.get_running_loop().create_task(self._follow(watch))
        self._following.add(task)
        task.add_done_callback(self._following.discard)
        return watch

    def close(self) -> None:
        """Look no more; workers are not touched, and their ends are told as before."""
        with self._guard:
            self._watches.clear()
            thread, self._thread = self._thread, None
        self._closing.set()
        if thread is not None:
            thread.join()

    async def _follow(self, watch: Watch) -> None:
        try:
            await watch.follow()
        finally:
            with self._guard:
                if self._watches.get(watch.pid) is watch:
                    del self._watches[watch.pid]

    def _look_at_all(self) -> None:
        while not self._closing.wait(self._look_seconds):
            with self._guard:
                watches = list(self._watches.values())
                if not watches:
                    self._thread = None
                    return
            self._look_at(watches)

    def _look_at(self, watches: list[Watch]) -> None:
        """Look at all of them once, and count the files of as many as there is time for, longest uncounted first."""
        began = monotonic()
        zygote = self._zygote_pid()
        empty_bytes = (measuring.pss_bytes(zygote) or 0) if zygote is not None else 0
        for watch in watches:
            with self._logged(watch):
                watch.look(monotonic(), empty_bytes)
        for watch in sorted(watches, key=lambda one: one.counted_at):
            if monotonic() - began > COUNTING_SECONDS:
                break
            with self._logged(watch):
                watch.count(monotonic())

    @contextmanager
    def _logged(self, watch: Watch) -> Iterator[None]:
        try:
            yield
        except Exception:  # noqa: BLE001 (a mistake at one worker must not leave the others unwatched)
            _log.exception("the worker of %s could not be looked at", watch.plugin)

    def _group(self, process: Process, watched: Watched) -> Group | None:
        if not self._asked_for_groups:
            self._asked_for_groups = True
            self._groups = _own_groups(process.pid, self._zygote_pid())
        if self._groups is None or (group := self._groups.make(watched.plugin, watched.limits)) is None:
            return None
        try:
            group.add(process.pid)
        except OSError:
            group.close()
            return None
        return group


def _own_groups(*ours: int | None) -> Groups | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        membership = Path("/proc/self/cgroup").read_text(encoding="ascii")
    except OSError:
        return None
    return own_groups(membership, Path("/sys/fs/cgroup"), ours={os.getpid(), *(pid for pid in ours if pid)})
