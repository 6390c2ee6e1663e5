"""Hooks whose next call has to bring a plugin up first: one that is loaded when it is first used."""

from collections.abc import Collection
from typing import Protocol


class Waker(Protocol):
    """Brings up who waits for a hook, in time for the call that wants it."""

    def now(self, hook_name: str) -> None:
        """Do it before a synchronous call goes on."""
        ...

    async def first(self, hook_name: str) -> None:
        """Do it before an asynchronous call goes on."""
        ...


class Waking:
    """Which hooks somebody waits for.

    A hook's compiled call knows nothing of it, and so costs nothing: who waits for a hook keeps it from being compiled.
    """

    __slots__ = ("_names", "_waker")

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._waker: Waker | None = None

    def become(self, hook_names: Collection[str], waker: Waker) -> frozenset[str]:
        """Set the hooks and return those that somebody waits for now and nobody did before, or the other way round."""
        before, self._names, self._waker = self._names, frozenset(hook_names), waker
        return before ^ self._names

    def waits_for(self, hook_name: str) -> bool:
        """Whether somebody waits for a hook."""
        return hook_name in self._names

    def now(self, hook_name: str) -> None:
        """Bring up who waits for a hook that is called synchronously."""
        if hook_name in self._names and self._waker is not None:
            self._waker.now(hook_name)

    async def first(self, hook_name: str) -> None:
        """Bring up who waits for a hook that is called asynchronously."""
        if hook_name in self._names and self._waker is not None:
            await self._waker.first(hook_name)
