"""Notices that somebody blocks the event loop, and who (U18).

Python cannot stop code in its own thread, so nothing is stopped. The host's own calls carry no note for it: a thread
asks the loop for a sign every quarter of the threshold, and looks at the loop's stack when none comes.

One look is not enough to blame somebody: on a busy machine, or where a thousand short things wait for their turn, the
loop is late and some innocent call is what it is at just then. So it looks at every quarter, and blames only a call
that it found two times running.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from jackfield.host.watching.stacks import Culprit, is_idle, outwards, stack_text

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
        busy_since = woke
        seen: tuple[FrameType, ...] = ()  # the stack at the last look, while the loop owes a sign
        block: Block | None = None
        while not self._stopping.wait(step):
            now = time.monotonic()
            if now - woke > self._threshold and block is None:
                busy_since = now  # this thread was not run either: the machine slept, or is busy with others
            woke = now
            if now - beside_at >= 1.0:
                beside_at = now
                self._carefully(self._beside)
            if asked is None or self._answered >= asked:
                if block is not None:
                    self._carefully(self._ended, block, self._answered - busy_since)
                    block = None
                asked = busy_since = now
                seen = ()
                try:
                    loop.call_soon_threadsafe(self._answer)
                except RuntimeError:
                    return  # the loop is closed
            elif block is None:
                frame = sys._current_frames().get(loops_thread)
                if is_idle(frame):  # it has something to do and was not given the processor yet
                    busy_since = now
                stack = tuple(outwards(frame))
                if now - busy_since >= self._threshold:
                    block = Block(self._whose(_lasting(seen, stack)), stack_text(frame))
                    self._carefully(self._begun, block, now - busy_since)
                seen = stack if block is None else ()
                del frame, stack  # or their locals live as long as this thread

    def _answer(self) -> None:
        self._answered = time.monotonic()

    def _carefully(self, told: Callable[..., None], *arguments: object) -> None:
        try:
            told(*arguments)
        except Exception:  # noqa: BLE001 (the watch must outlive whoever listens)
            _log.exception("the watchdog could not tell what it saw")


def _lasting(before: tuple[FrameType, ...], now: tuple[FrameType, ...]) -> FrameType | None:
    """Return the innermost call that was under way at both looks."""
    return next((one for one in now if any(one is other for other in before)), None)
