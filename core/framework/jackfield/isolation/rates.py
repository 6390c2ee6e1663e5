"""How often something may happen: lines of log that a worker writes, and what it asks of the host."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from time import monotonic
from typing import Any, Final

from jackfield.isolation.breaches import Breach, overused
from jackfield.isolation.limits import FLOW_WINDOW_SECONDS, WorkerLimits
from jackfield.isolation.pace import Pace
from jackfield.rpc import Serve, Served

FLOOD: Final = 5
"""So many times the requests that are answered are no haste any more: who sends them does not wait for answers."""

SAID_EVERY_SECONDS: Final = 60.0
"""How often it is said of one worker that its requests have to wait."""

QUIET_SECONDS: Final = 2.0
"""Without a dropped line for so long, a flood is over."""

_log = logging.getLogger("jackfield.isolation")


class LineRate:
    """Lets so many lines a second through. The rest is counted; one line says when a flood began, and one how it ended.

    Not for several threads at once.

    Args:
        plugin: whose lines they are.
        lines_per_second: gives what holds now.
        say: takes a sentence, to be logged where the lines go.
        clock: in seconds, never going back.
    """

    def __init__(
        self,
        plugin: str,
        lines_per_second: Callable[[], int],
        say: Callable[[str], object],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._plugin = plugin
        self._most = lines_per_second
        self._say = say
        self._clock = clock
        self._second = clock()
        self._lines = 0
        self._dropped = 0
        self._last_dropped = 0.0

    def admit(self) -> bool:
        """Whether the next line is let through."""
        now = self._clock()
        if now - self._second >= 1.0:
            self._second, self._lines = now, 0
            if self._dropped and now - self._last_dropped >= QUIET_SECONDS:
                self.close()
        if self._lines < self._most():
            self._lines += 1
            return True
        self._dropped += 1
        self._last_dropped = now
        if self._dropped == 1:
            self._say(f"{self._plugin} writes more than {self._most()} lines of log a second; the rest is dropped")
        return False

    def close(self) -> None:
        """Say how many lines were dropped since that was said last."""
        dropped, self._dropped = self._dropped, 0
        if dropped:
            self._say(f"{dropped} lines of log of {self._plugin} were dropped")


class Flow:
    """Counts what a worker asks of its host and sends there, and lets what is too much wait for its turn.

    Counting is done on the event loop, looking in another thread.

    Args:
        plugin: whose worker it is.
        now: the time, on the clock of all looks; None: that of this moment.
        before: of a connection of the same plugin that has ended. This one goes on from there: who connects anew has
            no more than who stays.

    Attributes:
        requests: how often something was asked; each call of a batch, and what does not exist, too.
        sent_bytes: gives what was sent since the beginning; None: that is not known.
    """

    def __init__(self, plugin: str, now: float | None = None, *, before: "Flow | None" = None) -> None:
        began = monotonic() if now is None else now
        self.requests: int = before.requests if before is not None else 0
        self.sent_bytes: Callable[[], int] | None = None
        self._sent_before = before.sent if before is not None else 0
        self._pace: Pace | None = before._pace if before is not None else None
        self._plugin = plugin
        self._said_at: float = before._said_at if before is not None else float("-inf")
        self._seen: deque[tuple[float, int, int]] = deque(before._seen if before is not None else ())
        self._seen.append((began, self.requests, self._sent_before))
        self._counted: dict[str, Served] = {}

    @property
    def sent(self) -> int:
        """The bytes that were sent, over the connections before this one too."""
        return self._sent_before + (self.sent_bytes() if self.sent_bytes is not None else 0)

    def counting(self, serve: Serve, requests_per_second: int) -> Serve:
        """Return `serve` with each call counted, and delayed where there were too many.

        Args:
            serve: finds what the worker calls.
            requests_per_second: that are answered in the long run; what can be awaited waits for its turn.
        """
        if self._pace is None or self._pace.per_second != requests_per_second:
            self._pace = Pace(requests_per_second, monotonic())
        pace = self._pace

        def find(method: str) -> Served | None:
            if (known := self._counted.get(method)) is not None:
                return known
            served = serve(method)
            if served is None:
                self.requests += 1
                return None
            counted = self._counted[method] = Served(
                self._counting(served.function, pace), served.codec, served.deferred
            )
            return counted

        return find

    def per_second(self, now: float) -> tuple[float, float]:
        """Return requests and bytes a second over the last `FLOW_WINDOW_SECONDS`; a shorter flood is spread over them.

        Args:
            now: the time of the look.
        """
        seen = self._seen
        while len(seen) > 1 and seen[1][0] <= now - FLOW_WINDOW_SECONDS:
            seen.popleft()
        requests, sent = self.requests, self.sent
        seen.append((now, requests, sent))
        seconds = max(now - seen[0][0], FLOW_WINDOW_SECONDS)
        return (requests - seen[0][1]) / seconds, (sent - seen[0][2]) / seconds

    def breach(self, plugin: str, limits: WorkerLimits, now: float) -> Breach | None:
        """Return the limit that it breaks, of requests or of traffic.

        Args:
            plugin: who asks and sends.
            limits: what is in force.
            now: the time of the look.
        """
        requests, sent_bytes = self.per_second(now)
        if requests > limits.requests_per_second * FLOOD:
            return overused(plugin, "requests", requests, limits)
        if sent_bytes > limits.traffic_bytes_per_second:
            return overused(plugin, "traffic", sent_bytes, limits)
        return None

    def _counting(self, function: Callable[..., Any], pace: Pace) -> Callable[..., Any]:
        awaited = iscoroutinefunction(function)

        @wraps(function)
        def counted(*reply: Any, **arguments: Any) -> Any:
            self.requests += 1
            seconds = pace.take(monotonic())
            if seconds and awaited:
                return self._later(seconds, pace.per_second, function, arguments)
            return function(*reply, **arguments)

        return counted

    async def _later(
        self, seconds: float, most: int, function: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> Any:
        now = monotonic()
        if now - self._said_at >= SAID_EVERY_SECONDS:
            self._said_at = now
            said = "%s asks the application more than %d times a second; it is answered at that pace"
            _log.warning(said, self._plugin, most)
        await asyncio.sleep(seconds)
        return await function(**arguments)
