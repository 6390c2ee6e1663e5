"""Who gave a command that a plugin in another process runs: known to it by a number while the command runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from jackfield.api import CommandSource
from jackfield.errors import UsageError
from jackfield.runtime import SourceData


class Sources:
    """The sources of the commands that one plugin runs at the moment."""

    def __init__(self) -> None:
        self._sources: dict[int, CommandSource] = {}
        self._number = 0

    @contextlib.contextmanager
    def known(self, source: CommandSource) -> Iterator[SourceData]:
        """Let the plugin speak of a source until the block ends."""
        self._number += 1
        number = self._number
        self._sources[number] = source
        try:
            yield SourceData(number, source.user, source.room, int(source.level))
        finally:
            del self._sources[number]

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
            raise UsageError("the command has ended, so nobody waits for its answers") from None
