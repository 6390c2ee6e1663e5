"""What a plugin's timers did: counted here, and told to the host now and then, which counts it as it counts its own."""

from __future__ import annotations

import asyncio
from typing import Final

from jackfield.errors import LinkClosed
from jackfield.hooks import HookCount
from jackfield.worker.calls import HostCalls

TOLD_EVERY_SECONDS: Final = 1.0
"""How long what ran waits to be told: a quick timer costs no message each time."""

MOST_TOLD: Final = 1000
"""Runs of one timer that are told at once; what is more within a second is told sooner."""


class Uses:
    """The runs of one plugin's timers that have not been told yet. Belongs to the plugin's event loop.

    Args:
        calls: to the host.
    """

    def __init__(self, calls: HostCalls) -> None:
        self._calls = calls
        self._untold: dict[str, list[int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, plugin: str, use: str) -> HookCount:
        """Return what takes the time of one run (`jackfield.runtime.Begin`)."""
        return _Run(plugin, use, self)

    def add(self, use: str, nanoseconds: int) -> None:
        """Note a run that has ended."""
        runs = self._untold.setdefault(use, [])
        runs.append(nanoseconds)
        if len(runs) >= MOST_TOLD:
            self.tell()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TOLD_EVERY_SECONDS, self.tell)

    def tell(self) -> None:
        """Tell the host what has not been told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        untold, self._untold = self._untold, {}
        for use, nanoseconds in untold.items():
            try:
                self._calls.notify("plugin.used", {"use": use, "nanoseconds": nanoseconds})
            except LinkClosed:
                return  # nobody is left to be told


class _Run(HookCount):
    """Takes the time of one run."""

    __slots__ = ("_uses",)

    def __init__(self, plugin: str, use: str, uses: Uses) -> None:
        super().__init__(plugin, use)
        self._uses = uses

    def took(self, nanoseconds: int, ended: int) -> None:
        """Note it."""
        super().took(nanoseconds, ended)
        self._uses.add(self.hook, nanoseconds)
