"""What becomes of a plugin whose worker ended: started again after a pause, or left down with an open circuit (J25)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from time import monotonic

from jackfield.isolation.circuit import MOST_ENDS, Circuit

_AGAIN = " and is started again in "


def ending_alone(sentence: str) -> str:
    """Leave out what follows after an `Ending`: for whom the plugin is given up, nothing does.

    Args:
        sentence: of an ending with an open circuit; any other one stays as it is.
    """
    return sentence.partition(_AGAIN)[0]


class Standing(StrEnum):
    """How a plugin's worker stands."""

    NONE = "none"
    """There is none, and none is to come."""
    RUNNING = "running"
    WAITING = "waiting"
    """The last one ended, and the next is started after a pause."""
    OPEN = "open"
    """Too many ended: the plugin's user, or a later trial, starts the next one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of a worker that nobody asked for, and what follows.

    Args:
        sentence: how it ended and what follows, for the plugin's status.
        again_seconds: after which time the next one is started.
        circuit_open: whether that is no replacement any more, but a later trial.
    """

    sentence: str
    again_seconds: float
    circuit_open: bool


class Replacing:
    """Starts the workers of one plugin again, one after the other, with patience. Belongs to the event loop.

    It outlives the workers and knows no host: who sees a worker's end says so, and `up` is called in time.

    Args:
        plugin: its id.
        up: starts the plugin again; it says `started` as soon as the worker runs. What it raises is left to it.
        clock: in seconds, never going back.
    """

    def __init__(
        self, plugin: str, up: Callable[[], Awaitable[object]], *, clock: Callable[[], float] = monotonic
    ) -> None:
        self.plugin = plugin
        self._up = up
        self._clock = clock
        self._circuit = Circuit()
        self._runs = False
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Future[object] | None = None

    @property
    def standing(self) -> Standing:
        """How its worker stands."""
        if self._runs:
            return Standing.RUNNING
        if self._timer is None and self._starting is None:
            return Standing.NONE
        return Standing.OPEN if self._circuit.is_open else Standing.WAITING

    def started(self) -> None:
        """Note that a worker runs, whoever started it."""
        self._stop_timer()
        self._circuit = self._circuit.started(self._clock())
        self._runs = True

    def ended(self, how: str, *, rest_seconds: float = 0.0, blamed: bool = True) -> Ending:
        """Note that the worker ended though nobody wanted it to; the next one is started after a pause.

        Args:
            how: a sentence: `weather used 61 MiB of 50 MiB and was stopped`.
            rest_seconds: for how long the next one has to wait at least, since the plugin used much processor time.
            blamed: whether that counts; False: it ended together with the process that forks all workers.
        """
        now = self._clock()
        self._runs = False
        self._circuit = self._circuit.ended(now) if blamed else self._circuit.lost(now)
        patience = max((self._circuit.next_at or now) - now, 0.0)
        pause = max(patience, rest_seconds)
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(pause, self._start)
        is_open = blamed and self._circuit.is_open
        if is_open:
            how += (
                f"; its process ended {MOST_ENDS} times within a minute{_AGAIN}{_minutes(pause)}, "
                f"or at once by: jackfield enable {self.plugin}"
            )
        elif rest_seconds > patience:
            how += f"; it comes back in {ceil(pause)} s, when it has processor time left again"
        elif pause:
            how += f"; it is started again in {pause:.1f} s"
        return Ending(how, pause, is_open)

    def release(self) -> None:
        """Expect no more of the worker: its end is wanted, and no other follows it by itself. Ends stay remembered."""
        self._stop_timer()
        self._runs = False

    def begin_anew(self) -> None:
        """Forget all ends, because the user enabled or reloaded the plugin; a start that was to come is left out."""
        self._stop_timer()
        self._circuit = Circuit() if not self._runs else Circuit().started(self._clock())

    def _start(self) -> None:
        self._timer = None
        self._starting = asyncio.ensure_future(self._up())
        self._starting.add_done_callback(self._start_is_over)

    def _start_is_over(self, starting: asyncio.Future[object]) -> None:
        if self._starting is starting:
            self._starting = None
        if not starting.cancelled():
            starting.exception()  # `up` has told it where it belongs

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
