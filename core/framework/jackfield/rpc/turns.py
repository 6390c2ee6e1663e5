"""Of several threads that wait for answers over one socket, one reads for all; and one at a time sends."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock, get_ident
from time import monotonic
from typing import Final

#: Stands in for `Turn.free` while who has no others beside it has the turn: nothing is in it, and nothing is put back.
TAKEN: Final[list[None]] = []


def never() -> bool:
    """Whether what is waited for is there: it is a turn, and nothing else."""
    return False


class Turn:
    """Whose turn it is. Taking and leaving a turn for which nobody waits costs a fraction of what a lock does.

    A list with one thing in it is that lock: to take the thing out and to put it back are single steps of the
    interpreter, and it can be left out on the way of a call that nobody else disturbs.

    Attributes:
        free: that list, for who takes out and puts back without a further call; `TAKEN` in its stead.
        place: that list, whoever has the turn.
        holder: the thread that has said by `mark` that it has the turn; None while nobody has.
        waiting: how many threads wait for it.
    """

    __slots__ = ("_condition", "free", "holder", "place", "waiting")

    def __init__(self) -> None:
        self.free: list[None] = [None]
        self.place = self.free
        self.holder: int | None = None
        self._condition = Condition(Lock())
        self.waiting = 0

    @property
    def is_mine(self) -> bool:
        """Whether this thread has it, further up its stack."""
        return self.holder == get_ident()

    def take_if_free(self) -> bool:
        """Take the turn if nobody has it."""
        try:
            self.free.pop()
        except IndexError:
            return False
        self.mark()
        return True

    def mark(self) -> None:
        """Say that it is this thread which has taken the turn out of `free`, before anything else runs."""
        self.holder = get_ident()

    def take(self, done: Callable[[], bool], deadline: float) -> bool:
        """Wait for the turn, or until somebody else has done what this thread waits for.

        Args:
            done: whether that is so.
            deadline: when to give up, in seconds of `time.monotonic()`.

        Returns:
            bool: True with the turn, which must be left; False without it, when it is done.

        Raises:
            TimeoutError: neither came before the deadline.
        """
        with self._condition:
            self.waiting += 1  # before the turn is looked at: whoever leaves it after that wakes this thread
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
                self.waiting -= 1

    def leave(self) -> None:
        """Give the turn to whoever waits."""
        self.holder = None
        self.free.append(None)
        if self.waiting:
            self.wake()

    def wake(self) -> None:
        """Let those who wait see whether what they wait for has come."""
        if self.waiting:
            with self._condition:
                self._condition.notify_all()

    def __enter__(self) -> None:
        if not self.take_if_free():
            self.take(never, float("inf"))

    def __exit__(self, *_: object) -> None:
        self.leave()
