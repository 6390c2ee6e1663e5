"""Who gave a command that a plugin in another process runs: known to it by a number."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from jackfield.api import CommandSource
from jackfield.errors import UsageError
from jackfield.runtime import SourceData

MOST_SOURCES = 500
"""That are known after their commands have ended: a plugin may answer long after, as one that reminds people does."""


class Sources:
    """The sources of the commands that one plugin runs, and of those that it ran last."""

    def __init__(self) -> None:
        self._running: dict[int, CommandSource] = {}
        self._ended: dict[int, CommandSource] = {}
        self._number = 0

    @contextlib.contextmanager
    def known(self, source: CommandSource) -> Iterator[SourceData]:
        """Let the plugin speak of a source while a command runs, which is this block, and for a while after."""
        self._number += 1
        number = self._number
        self._running[number] = source
        try:
            yield SourceData(number, source.user, source.room, int(source.level))
        finally:
            self._ended[number] = self._running.pop(number)
            if len(self._ended) > MOST_SOURCES:
                del self._ended[next(iter(self._ended))]

    async def reply(self, source: int, text: str) -> None:
        """Serve `source.reply`: answer to where the command came from."""
        await self._source(source).reply(text)

    def may(self, source: int, permission: str) -> bool:
        """Serve `source.may`: say whether whoever gave it may do `resource:action`."""
        return self._source(source).may(permission)

    def _source(self, number: int) -> CommandSource:
        found = self._running.get(number) or self._ended.get(number)
        if found is None:
            raise UsageError(f"the command was given too long ago: {MOST_SOURCES} others came since")
        return found
