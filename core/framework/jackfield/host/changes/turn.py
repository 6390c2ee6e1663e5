"""One change of the set of plugins at a time, and changes within a change."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar

from jackfield.host.changes.patience import Patience


class _Stay:
    """One holder of the turn."""

    __slots__ = ("inner", "outer", "over")

    def __init__(self, outer: "_Stay | None") -> None:
        self.outer = outer
        self.inner = asyncio.Lock()
        self.over = False


class Turn:
    """A lock that whoever is called by its holder can take again.

    A plugin that is being enabled may load another one: that is a change within the change that enables it. Two such
    inner changes of one outer change wait for each other; everybody else waits for the outer one. What runs on after
    the outer change, a task that it started, waits like everybody else.

    Attributes:
        patience: of those who wait for their turn, and those for whom a change is made.
    """

    def __init__(self) -> None:
        self.patience = Patience()
        self._lock = asyncio.Lock()
        self._stay: ContextVar[_Stay | None] = ContextVar("jackfield turn", default=None)

    @property
    def is_inner(self) -> bool:
        """Whether the change that asks is within another one; for who holds it."""
        stay = self._holder()
        return stay is not None and stay.outer is not None and not stay.outer.over

    @asynccontextmanager
    async def taken(self, wanted: Collection[str] = (), *, asked_for: bool = True) -> AsyncIterator[None]:
        """Hold it; on the way out, wait for the changes within this one.

        Args:
            wanted: canonical ids of the plugins that shall come up by it, and have their time for that.
            asked_for: whether somebody waits for this change. One that an external plugin brings about by coming or
                going lets those before that wait at its turn, once, and its starts are broken off for them.
        """
        stands_back = not asked_for
        with self.patience.waited(wanted) if asked_for and self._holder() is None else nullcontext():
            while True:
                outer = self._holder()
                lock = self._lock if outer is None else outer.inner
                async with lock:
                    if outer is not None and outer.over:
                        continue  # it ended while this waited: its turn is not ours any more
                    if stands_back and self.patience.is_asked_for:
                        stands_back = False
                        continue
                    stay = _Stay(outer)
                    token = self._stay.set(stay)
                    try:
                        yield
                    finally:
                        async with stay.inner:
                            stay.over = True
                        self._stay.reset(token)
                    return

    def no_longer_wanted(self, cid: str) -> None:
        """Break off the start of an external plugin that is about to be taken down.

        Args:
            cid: its canonical id; nothing happens where the change that is to come is within the one that starts it.
        """
        if self._holder() is None:
            self.patience.give_up(cid)

    def _holder(self) -> _Stay | None:
        """Return the change that this one is within, if it still goes on."""
        stay = self._stay.get()
        while stay is not None and stay.over:
            stay = stay.outer
        return stay
