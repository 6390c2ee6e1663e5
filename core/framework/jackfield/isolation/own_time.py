"""The time that a plugin's calls have is its own: it stands still while the plugin waits for another one.

A plugin that is called may ask its host for something, which calls another plugin. If that one does not answer, it is
its time that is over, and not the first one's, which began earlier and would be over before. So while a plugin waits
for another one, the deadlines of its open calls move on, by `LED_TO_SECONDS` in all for each call: whoever called it
waits no longer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from time import monotonic
from typing import Final, NamedTuple

from jackfield.rpc import OpenCall

LED_TO_SECONDS: Final = 60.0
"""What a call may take beyond its own time for what it leads to in other plugins."""


class _Held(NamedTuple):
    """A call whose time stands still.

    Args:
        call: the call.
        deadline: when its time would have been over.
        since: when it came to stand still, on the clock of `time.monotonic`.
        room_seconds: by how much that may be later.
    """

    call: OpenCall
    deadline: float
    since: float
    room_seconds: float


class OwnTime:
    """The deadlines of the open calls of one link. Belongs to the thread that drives it.

    Args:
        mine: those that are open, by number, as the link's ledger keeps them.
        changed: called when deadlines are nearer than they were.
    """

    def __init__(self, mine: dict[int, OpenCall], changed: Callable[[], None]) -> None:
        self._mine = mine
        self._changed = changed
        self._waits = 0
        self._last = 0  # the number of the last call that was looked at while the plugin waits
        self._held: list[_Held] = []
        self._given: dict[int, float] = {}

    def stop(self) -> None:
        """Let it stand still for the calls that are open; each `stop` is ended by a `go_on`.

        Which of them waits is not known, so all do, and those that came while another one waited from here on.
        """
        self._waits += 1
        if self._waits == 1:
            self._last = 0
            self._given = {number: seconds for number, seconds in self._given.items() if number in self._mine}
        now, before = monotonic(), self._last
        for number, call in reversed(self._mine.items()):  # their numbers rise
            if number <= before:
                break
            self._last = max(self._last, number)
            room = LED_TO_SECONDS - self._given.get(number, 0.0)
            if room > 0.0 and not isinf(call.deadline):
                self._held.append(_Held(call, call.deadline, now, room))
                call.deadline += room

    def go_on(self) -> None:
        """Let it go on: what was waited is added to the time of each call that was open all the while."""
        self._waits -= 1
        if self._waits:
            return
        now = monotonic()
        held, self._held = self._held, []
        for call, deadline, since, room in held:
            added = min(now - since, room)
            self._given[call.number] = self._given.get(call.number, 0.0) + added
            call.deadline = deadline + added
        self._changed()
