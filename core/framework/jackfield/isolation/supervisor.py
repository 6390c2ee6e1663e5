"""Watches the workers of one host: one thread looks at all, also while the event loop stands still."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from jackfield.isolation import measuring
from jackfield.isolation.breaches import Breach
from jackfield.isolation.cgroups import Group, Groups, own_groups
from jackfield.isolation.limits import WorkerLimits
from jackfield.isolation.watched import Watched

LOOK_SECONDS: Final = 0.25
"""Between two looks at every worker: what grows faster than that meets the address space's limit."""

_log = logging.getLogger("jackfield.isolation")


class Process(Protocol):
    """A worker's process; `jackfield.isolation.Child` is one."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    async def wait(self) -> object:
        """Return how it ended, once it has; as a text the end of a sentence: `was killed by SIGKILL`."""
        ...

    def kill(self) -> None:
        """Kill it, from any thread."""
        ...


class Watch:
    """One worker under watch. Made by `Supervisor.watch`; its methods may be called from any thread.

    Args:
        process: the worker.
        watched: what is looked at.
        group: its control group, where it has one.
    """

    def __init__(self, process: Process, watched: Watched, group: Group | None) -> None:
        self._process = process
        self._watched = watched
        self._group = group
        self._breach: Breach | None = None
        self._guard = threading.Lock()

    @property
    def plugin(self) -> str:
        """Whose worker it is."""
        return self._watched.plugin

    @property
    def breach(self) -> Breach | None:
        """The limit for which it was stopped; None: for none."""
        return self._breach

    @property
    def limits(self) -> WorkerLimits:
        """What is in force for it."""
        return self._watched.limits

    def change_limits(self, limits: WorkerLimits) -> None:
        """Let other limits hold from the next look on."""
        self._watched.limits = limits

    def stop(self, breach: Breach) -> Breach:
        """Kill the worker for a breach; the first one stays the reason, and is returned."""
        with self._guard:
            if self._breach is None:
                self._breach = breach
        self._process.kill()
        return self._breach

    def look(self, now: float, empty_bytes: int) -> None:
        """Look at it once, and stop it if it broke a limit."""
        if self._breach is None and (breach := self._watched.look(now, empty_bytes)) is not None:
            self.stop(breach)

    async def ended(self) -> str:
        """Wait until the worker has ended; return how, as the end of a sentence."""
        how = await self._process.wait()
        if self._group is not None:
            if self._breach is None and self._group.out_of_memory():
                self._breach = self._watched.out_of_memory()
            self._group.close()
        return str(how)


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
        self._ends: set[asyncio.Task[None]] = set()

    def watch(self, process: Process, watched: Watched, *, ended: Callable[[Watch, str], object]) -> Watch:
        """Watch a worker from now until it ends; on the event loop.

        Args:
            process: the worker, before the plugin's code runs in it.
            watched: what is looked at, and the limits.
            ended: called once on the loop with the watch and how the worker ended, whoever ended it.
        """
        watch = Watch(process, watched, self._group(process, watched))
        with self._guard:
            self._watches[process.pid] = watch
            if self._thread is None:
                self._closing.clear()
                self._thread = threading.Thread(target=self._look_at_all, name="jackfield-supervisor", daemon=True)
                self._thread.start()
        task = asyncio.get_running_loop().create_task(self._follow(process.pid, watch, ended))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
        return watch

    def close(self) -> None:
        """Look no more; workers are not touched."""
        with self._guard:
            self._watches.clear()
            thread, self._thread = self._thread, None
        self._closing.set()
        if thread is not None:
            thread.join()
        for task in self._ends:
            task.cancel()

    async def _follow(self, pid: int, watch: Watch, ended: Callable[[Watch, str], object]) -> None:
        how = await watch.ended()
        with self._guard:
            if self._watches.get(pid) is watch:
                del self._watches[pid]
        ended(watch, how)

    def _look_at_all(self) -> None:
        while not self._closing.wait(self._look_seconds):
            with self._guard:
                watches = list(self._watches.values())
                if not watches:
                    self._thread = None
                    return
            zygote = self._zygote_pid()
            empty_bytes = (measuring.pss_bytes(zygote) or 0) if zygote is not None else 0
            for watch in watches:
                try:
                    watch.look(monotonic(), empty_bytes)
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
