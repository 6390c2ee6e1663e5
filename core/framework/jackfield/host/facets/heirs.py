"""The listeners of a plugin while its code is replaced: each is followed by one of the next code, its heir.

An event that comes meanwhile waits for the heir, and is heard by that one alone. So none is lost, and none is heard
twice: as soon as an heir listens, the one before it does not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from jackfield.api import EventHandler


@dataclass(slots=True, eq=False)
class Listener:
    """Who hears an event.

    Args:
        plugin: whose it is; empty for the host's own.
        handler: what is called.
        place: (priority, arrival): in this order they hear.
        may: whether its plugin may hear the event of this key, asked each time; None: always.
        heirs: those that follow the listeners of its plugin, while its code is replaced and afterwards; None: it stands
            for itself.
        heir: who follows it, as soon as that is there; None: nobody will.
        is_there: whether its own code still listens.
    """

    plugin: str
    handler: EventHandler
    place: tuple[int, int]
    may: Callable[[str], bool] | None = None
    heirs: Heirs | None = None
    heir: asyncio.Future[Listener | None] | None = None
    is_there: bool = True


#: Waits for a listener that comes; None: it is not to be waited for, or none comes.
Wait: TypeAlias = Callable[["asyncio.Future[Listener | None]"], Awaitable[Listener | None]]


class Heirs:
    """Those that follow the listeners of one plugin.

    Args:
        wait: how they are waited for.
        take_out: takes a listener off the name under which it listens.
    """

    def __init__(self, wait: Wait, take_out: Callable[[str, Listener], None]) -> None:
        self._wait = wait
        self._take_out = take_out
        self._left: dict[str, deque[Listener]] = {}

    def leave(self, name: str, listeners: list[Listener]) -> None:
        """Let the listeners of one name be followed, each in turn by the next that comes for that name."""
        waiting = self._left.setdefault(name, deque())
        for one in sorted(listeners, key=lambda listener: listener.place[1]):
            one.heirs, one.heir = self, asyncio.get_running_loop().create_future()
            waiting.append(one)

    def follow(self, name: str, heir: Listener) -> None:
        """Let a listener that has come follow the first one that was left for its name, if there is one."""
        if waiting := self._left.get(name):
            self._settle(name, waiting.popleft(), heir)

    async def heir_of(self, one: Listener, sender: str) -> Listener | None:
        """Return who hears an event in the place of a listener; None: nobody does.

        Args:
            one: the listener.
            sender: the plugin that sends. One that is being replaced itself cannot wait for its own next code.
        """
        while one.heir is not None:
            if sender == one.plugin and not one.heir.done():
                return one if one.is_there else None
            following = one.heir.result() if one.heir.done() else await self._wait(one.heir)
            if following is None:
                return None
            one = following
        return one

    def end(self) -> None:
        """Let nobody follow those that are left."""
        for name, waiting in self._left.items():
            while waiting:
                self._settle(name, waiting.popleft(), None)

    def _settle(self, name: str, one: Listener, heir: Listener | None) -> None:
        self._take_out(name, one)
        if one.heir is not None and not one.heir.done():
            one.heir.set_result(heir)
