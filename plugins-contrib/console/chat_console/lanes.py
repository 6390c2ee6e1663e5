"""The lane of a script that holds up the others: it goes on by itself, with what it misses kept for it in order."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from chat_console.calls import Call

MOST_KEPT = 256
"""Calls that wait for a script in its lane; later ones are left out."""

TOLD_SECONDS = 30.0
"""How often at most it is told that calls are left out."""


class Lane:
    """A thread of one script's own for as long as that is slow.

    Args:
        scripts: who runs in it; several where one called another.
        turn: the lock that all lanes and the scripts' thread share.
        make: makes a call.
    """

    def __init__(
        self,
        scripts: Iterable[Any],
        turn: threading.Condition,
        make: Callable[[Call], None],
    ) -> None:
        self.scripts = list(scripts)
        self.since = time.monotonic()
        self.running: Call | None = None
        self._turn = turn
        self._make = make
        self._waiting: deque[Call] = deque()
        self._left_out = 0
        self._told = float("-inf")
        self._closed = False

    def put(self, call: Call) -> str:
        """Keep a call until its turn comes. The lock is held.

        Returns:
            A sentence where it is left out and that was not told lately.
        """
        if call.last:
            self._waiting = deque(one for one in self._waiting if one.script is not call.script)
        elif not call.kept:
            return ""
        elif len(self._waiting) >= MOST_KEPT:
            self._left_out += 1
            now = time.monotonic()
            if now - self._told <= TOLD_SECONDS:
                return ""
            self._told = now
            return (
                f"{call.script} is busy for {now - self.since:.0f} s: {MOST_KEPT} calls wait for it, and those after "
                f"them are left out ({self._left_out} so far)"
            )
        self._waiting.append(call)
        self._turn.notify_all()
        return ""

    def close(self) -> None:
        """Make no further call. The lock is held."""
        self._closed = True
        self._waiting.clear()
        self._turn.notify_all()

    def serve(self, idle_seconds: float, done: Callable[[], None]) -> None:
        """Make what waits, in order, until nothing came for a while.

        Args:
            idle_seconds: that while.
            done: called at its end, with the lock held: the script goes back among the others.
        """
        while True:
            with self._turn:
                self.running = None
                if not self._waiting and not self._closed:
                    self._turn.wait_for(lambda: bool(self._waiting) or self._closed, idle_seconds)
                if not self._waiting:
                    done()
                    return
                self.running = self._waiting.popleft()
            self._make(self.running)
