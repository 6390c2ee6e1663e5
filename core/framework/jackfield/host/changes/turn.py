"""One change of the set of plugins at a time, and changes within a change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar


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
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._stay: ContextVar[_Stay | None] = ContextVar("jackfield turn", default=None)

    @property
    def is_inner(self) -> bool:
        """Whether the change that asks is within another one; for who holds it."""
        stay = self._holder()
        return stay is not None and stay.outer is not None and not stay.outer.over

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold it; on the way out, wait for the changes within this one."""
        while True:
            outer = self._holder()
            lock = self._lock if outer is None else outer.inner
            async with lock:
                if outer is not None and outer.over:
                    continue  # it ended while this waited: its turn is not ours any more
                stay = _Stay(outer)
                token = self._stay.set(stay)
                try:
                    yield
                finally:
                    async with stay.inner:
                        stay.over = True
                    self._stay.reset(token)
                return

    def _holder(self) -> _Stay | None:
        """Return the change that this one is within, if it still goes on."""
        stay = self._stay.get()
        while stay is not None and stay.over:
            stay = stay.outer
        return stay
