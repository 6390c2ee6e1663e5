"""A change runs step by step beside the event loop, and can be given up until the journal knows of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import ExitStack

from jackfield.apart import done_apart, ended, in_a_thread
from jackfield.errors import StoreLocked
from jackfield.store import Store

Progress = Callable[..., None]
"""Told what is done: `progress(step)`, and for a download `progress(file name, bytes so far, bytes in all or None)`."""

POINT_OF_NO_RETURN = "journal-begun"
"""The step after which a change is completed, whatever happens."""


_BETWEEN_TRIES_SECONDS = 0.05


class _Steps:
    """The steps of a change, to be run off the event loop.

    Args:
        steps: as the store yields them.
        told: whether somebody is told each; else they run in one go, since each hop between threads costs as much as
            a step.
    """

    def __init__(self, steps: Generator[str], *, told: bool) -> None:
        self.steps = steps
        self.begun = False
        self._halted = False
        self._told = told

    def halt(self) -> None:
        """Have it stop after a step that can be taken back."""
        self._halted = True

    def go(self) -> str | None:
        """Run to the next step that somebody waits for; None after the last."""
        for step in self.steps:
            self.begun = self.begun or step == POINT_OF_NO_RETURN
            if self._told or (self._halted and not self.begun):
                return step
        return None


async def hold(held: ExitStack, store: Store, *, by: str, seconds: float) -> None:
    """Hold the profile against other installers; who gives up meanwhile ends at once, and nothing waits on for it.

    Args:
        held: lets go of it.
        store: of the profile.
        by: who holds it, shown to the others.
        seconds: how long to wait for another installer.

    Raises:
        StoreLocked: another installer still works.
        StoreError: the lock file cannot be made.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            held.enter_context(store.lock(by=by, timeout_seconds=0))
        except StoreLocked:
            if loop.time() >= until:
                raise
        else:
            return
        await asyncio.sleep(_BETWEEN_TRIES_SECONDS)


async def run_steps(steps: Generator[str], progress: Progress | None) -> None:
    """Run a change off the event loop, and tell its steps.

    Cancelled before the journal knows of the change, it leaves everything as it was; after that it first completes it.
    Where `progress` fails, it leaves everything as it was as well, or to the next command to complete.

    Args:
        steps: as the store yields them.
        progress: told the name of each.
    """
    work = _Steps(steps, told=progress is not None)
    while True:
        running = in_a_thread(work.go)
        cancelled = await ended(running, work.halt)
        step = running.result()
        if cancelled is not None:
            if work.begun:
                await done_apart(list, steps)
            steps.close()
            raise cancelled
        if step is None:
            return
        if progress is not None:
            try:
                progress(step)
            except BaseException:
                steps.close()  # while the profile is held: what it clears up may be another one's a moment later
                raise
