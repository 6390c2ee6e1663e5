"""Of several threads that wait for answers over one socket, one reads for all."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock, get_ident
from time import monotonic


class Turn:
    """Whose turn it is to read. Taking and leaving a turn for which nobody waits costs no more than a lock."""

    __slots__ = ("_condition", "_held", "_reading", "_waiting")

    def __init__(self) -> None:
        self._held = Lock()
        self._reading: int | None = None
        self._condition = Condition(Lock())
        self._waiting = 0

    @property
    def is_mine(self) -> bool:
        """Whether this thread reads, further up its stack."""
        return self._reading == get_ident()

    def take_if_free(self) -> bool:
        """Take the turn if nobody has it."""
        if self._held.acquire(False):
            self._reading = get_ident()
            return True
        return False

    def take(self, done: Callable[[], bool], deadline: float) -> bool:
        """Wait for the turn, or until somebody else has read what this thread waits for.

        Args:
            done: whether that is so.
            deadline: when to give up, in seconds of `time.monotonic()`.

        Returns:
            bool: True with the turn, which must be left; False without it, when it is done.

        Raises:
            TimeoutError: neither came before the deadline.
        """
        with self._condition:
            self._waiting += 1  # before the turn is looked at: whoever leaves it after that wakes this thread
            try:
                while not done():
                    if self.take_if_free():
                        return True
                    left = None if deadline == float("inf") else deadline - monotonic()
                    if left is not None and left <= 0:
                        raise TimeoutError
                    self._condition.wait(left)
                return False
            finally:
                self._waiting -= 1

    def leave(self) -> None:
        """Give the turn to whoever waits."""
        self._reading = None
        self._held.release()
        if self._waiting:
            self.wake()

    def wake(self) -> None:
        """Let those who wait see whether what they wait for has come."""
        if self._waiting:
            with self._condition:
                self._condition.notify_all()
