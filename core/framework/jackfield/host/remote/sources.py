"""Who gave a command that a plugin in another process runs: known to it by a number."""

from __future__ import annotations

from jackfield.api import CommandSource
from jackfield.errors import UsageError
from jackfield.runtime import SourceData

MOST_SOURCES = 500
"""That are known at one time: a plugin may answer long after its command has ended, as one that reminds does."""


class Sources:
    """The sources of the commands that one plugin ran last."""

    def __init__(self) -> None:
        self._sources: dict[int, CommandSource] = {}
        self._number = 0

    def told(self, source: CommandSource) -> SourceData:
        """Return what the plugin is told of a source; the oldest is forgotten where there are too many."""
        self._number += 1
        self._sources[self._number] = source
        if len(self._sources) > MOST_SOURCES:
            del self._sources[next(iter(self._sources))]
        return SourceData(self._number, source.user, source.room, int(source.level))

    async def reply(self, source: int, text: str) -> None:
        """Serve `source.reply`: answer to where the command came from."""
        await self._source(source).reply(text)

    def may(self, source: int, permission: str) -> bool:
        """Serve `source.may`: say whether whoever gave it may do `resource:action`."""
        return self._source(source).may(permission)

    def _source(self, number: int) -> CommandSource:
        try:
            return self._sources[number]
        except KeyError:
            raise UsageError(f"the command was given too long ago: {MOST_SOURCES} others came since") from None
