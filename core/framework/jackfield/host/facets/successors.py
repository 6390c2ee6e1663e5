"""What plugins have under names while their code is replaced, or not loaded: who uses a name waits until it is there.

So no call of a service is lost and no box goes from a page in that moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeAlias, TypeVar

Name = TypeVar("Name", bound=Hashable)

#: Waits until something is there, and says whether it is; False: it does not come, or not in time. May say why: raise.
WaitThere: TypeAlias = Callable[["asyncio.Future[bool]"], Awaitable[bool]]


class Successors(Generic[Name]):
    """The names of one kind that are waited for.

    Args:
        at_once: whether who waits goes on as soon as the next code has added its own: what that leads to while it is
            enabled may need it. Else when the plugin as a whole is there, so that nobody sees of code that fails then.
    """

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self._came: set[Name] = set()
        self._waits: dict[str, WaitThere] = {}
        self._coming: dict[Name, tuple[str, asyncio.Future[bool]]] = {}

    def hold(self, plugin: str, names: Iterable[Name], wait: WaitThere) -> None:
        """Let who uses these names wait, until the plugin's next code has them, or `release`.

        Args:
            plugin: whose code is being replaced.
            names: under which it has something.
            wait: waits for one of them.
        """
        self._waits[plugin] = wait
        for name in names:
            self.keep(plugin, name)

    def keep(self, plugin: str, name: Name) -> bool:
        """Say whether what is taken away under a name is to be waited for: its plugin is being replaced."""
        if plugin not in self._waits:
            return False
        self._came.discard(name)
        if name not in self._coming:
            self._coming[name] = plugin, asyncio.get_running_loop().create_future()
        return True

    def come(self, name: Name) -> None:
        """Note that the next code has something under a name."""
        if self._at_once:
            self._end(name, is_there=True)
        elif name in self._coming:
            self._came.add(name)

    def lacks(self, name: Name) -> bool:
        """Say whether the next code still has to add something under a name."""
        return name in self._coming and name not in self._came

    def release(self, plugin: str) -> list[Name]:
        """Let nobody wait for a plugin any more; returns the names that its next code does not have."""
        self._waits.pop(plugin, None)
        ending = [name for name, (whose, _) in self._coming.items() if whose == plugin]
        left = [name for name in ending if self.lacks(name)]
        for name in ending:
            self._end(name, is_there=name in self._came)
        self._came.difference_update(ending)
        return left

    @property
    def names(self) -> frozenset[Name]:
        """Those that are waited for."""
        return frozenset(self._coming)

    def awaits(self, name: Name) -> bool:
        """Say whether a name is waited for."""
        return name in self._coming

    async def there(self, name: Name) -> bool:
        """Return True when a name need not be waited for; False where nothing has come, or not in time."""
        while (coming := self._coming.get(name)) is not None:
            plugin, future = coming
            if not await self._waits[plugin](future):
                return False
        return True

    def _end(self, name: Name, *, is_there: bool) -> None:
        _, future = self._coming.pop(name, ("", None))
        if future is not None and not future.done():
            future.set_result(is_there)
