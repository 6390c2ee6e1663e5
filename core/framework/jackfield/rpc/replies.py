"""Answers that are given later, from any thread: what a deferred method answers through."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from jackfield.rpc.link import Raised


class Reply:
    """Takes the answer to one call.

    Args:
        send: is given the answer, or a `Raised`, once.
        milliseconds: what was left of the call's time when it came; 0 for no limit.
    """

    __slots__ = ("_cancelled", "_lock", "_on_cancel", "_send", "milliseconds")

    def __init__(self, send: Callable[[Any], None], milliseconds: int) -> None:
        self._send: Callable[[Any], None] | None = send
        self._on_cancel: Callable[[], object] | None = None
        self._cancelled = False
        self._lock = Lock()
        self.milliseconds = milliseconds

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._cancelled

    def give(self, value: Any) -> None:
        """Answer with a value. A second answer to one call is left out."""
        with self._lock:
            send, self._send = self._send, None
        if send is not None:
            send(value)

    def fail(self, error: BaseException) -> None:
        """Answer with an error."""
        self.give(Raised(error))

    def on_cancel(self, act: Callable[[], object]) -> None:
        """Let this run when nobody waits for the answer any more, at once if that is so already."""
        with self._lock:
            self._on_cancel = act
            now = self._cancelled
        if now:
            act()

    def cancel(self) -> None:
        """Note that nobody waits for the answer any more."""
        with self._lock:
            self._cancelled = True
            act = self._on_cancel
        if act is not None:
            act()


class Gathered:
    """The replies to the calls of one batch; sends their answers when all are there.

    Args:
        count: how many calls.
        send: is given the list of their answers.
        milliseconds: what was left of the batch's time when it came.
    """

    __slots__ = ("_answers", "_left", "_lock", "_send", "replies")

    def __init__(self, count: int, send: Callable[[list[Any]], None], milliseconds: int) -> None:
        self._answers: list[Any] = [None] * count
        self._left = count
        self._lock = Lock()
        self._send = send
        self.replies = [Reply(self._taker(place), milliseconds) for place in range(count)]

    def cancel(self) -> None:
        """Note that nobody waits for the answers any more."""
        for reply in self.replies:
            reply.cancel()

    def _taker(self, place: int) -> Callable[[Any], None]:
        def take(value: Any) -> None:
            self._answers[place] = value
            with self._lock:
                self._left -= 1
                last = not self._left
            if last:
                self._send(self._answers)

        return take
