"""Notices that somebody blocks the event loop, and who (U18).

Python cannot stop code in its own thread, so nothing is stopped. The host's own calls carry no note for it: a thread
asks the loop for a sign every quarter of the threshold, and looks at the loop's stack when none comes.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from jackfield.host.watching.stacks import Culprit, is_idle, stack_text

THRESHOLD_SECONDS = 0.5
"""People feel half a second, and nothing that awaits needs it."""

_log = logging.getLogger("jackfield.host")


@dataclass(frozen=True, slots=True)
class Block:
    """One time that the loop was blocked.

    Attributes:
        culprit: whose code did it; None where no plugin's was found on the stack.
        stack: as it was when the threshold had passed.
    """

    culprit: Culprit | None
    stack: str


class Watchdog:
    """A thread beside one event loop.

    Args:
        whose: finds the plugin in a stack.
        begun: told, in this thread, of each block as soon as it has lasted longer than the threshold, with its seconds
            so far.
        ended: told when it is over, with how long it lasted.
        threshold_seconds: what counts as a block.
        beside: called in this thread about once a second, also while the loop is blocked.
    """

    def __init__(
        self,
        whose: Callable[[FrameType | None], Culprit | None],
        begun: Callable[[Block, float], None],
        ended: Callable[[Block, float], None],
        *,
        threshold_seconds: float = THRESHOLD_SECONDS,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        self._whose = whose
        self._begun = begun
        self._ended = ended
        self._threshold = threshold_seconds
        self._beside = beside
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._answered = 0.0

    def start(self) -> None:
        """Begin to watch the loop that runs in this thread."""
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._watch,
            args=(asyncio.get_running_loop(), threading.get_ident()),
            name="jackfield: watchdog",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """End the watch; returns when the thread is gone."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _watch(self, loop: asyncio.AbstractEventLoop, loops_thread: int) -> None:
        step = self._threshold / 4
        woke = time.monotonic()
        beside_at = woke
        asked: float | None = None
        block: Block | None = None
        while not self._stopping.wait(step):
            now = time.monotonic()
            if now - woke > self._threshold and asked is not None and block is None:
                asked = now  # this thread was not run either: the machine slept, or is busy with others
            woke = now
            if now - beside_at >= 1.0:
                beside_at = now
                self._carefully(self._beside)
            if asked is None or self._answered >= asked:
                if block is not None and asked is not None:
                    self._carefully(self._ended, block, self._answered - asked)
                    block = None
                asked = now
                try:
                    loop.call_soon_threadsafe(self._answer)
                except RuntimeError:
                    return  # the loop is closed
            elif block is None and now - asked >= self._threshold:
                frame = sys._current_frames().get(loops_thread)
                if not is_idle(frame):  # an idle one has something to do and was not given the processor yet
                    block = Block(self._whose(frame), stack_text(frame))
                    self._carefully(self._begun, block, now - asked)
                del frame  # or its locals live as long as this thread

    def _answer(self) -> None:
        self._answered = time.monotonic()

    def _carefully(self, told: Callable[..., None], *arguments: object) -> None:
        try:
            told(*arguments)
        except Exception:  # noqa: BLE001 (the watch must outlive whoever listens)
            _log.exception("the watchdog could not tell what it saw")
