"""Who gives commands, how much they may, and how the host finds what an argument names."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Protocol

from jackfield.errors import UsageError


class Level(IntEnum):
    """What a user may do, by rank: each level may do all that the lower ones may (U17). A console is an owner."""

    GUEST = 0
    USER = 1
    HELPER = 2
    ADMIN = 3
    OWNER = 4

    @property
    def label(self) -> str:
        """The word for it, in lower case."""
        return self.name.lower()

    @classmethod
    def parse(cls, level: "Level | str") -> "Level":
        """Return the level that a word names; a level is returned as it is.

        Raises:
            UsageError: there is no such level; the sentence lists those there are.
        """
        if isinstance(level, Level):
            return level
        try:
            return cls[level.upper()]
        except KeyError:
            raise UsageError(f"there is no level {level!r}: choose one of {', '.join(LEVELS)}") from None


LEVELS = tuple(level.label for level in Level)
"""The words of the levels, lowest first."""


class CommandSource(Protocol):
    """Who gave a command, and where the answer goes."""

    @property
    def user(self) -> str:
        """The name of whoever gave the command."""
        ...

    @property
    def room(self) -> str | None:
        """The room it was given in, or None outside of rooms."""
        ...

    @property
    def level(self) -> Level:
        """How much whoever gave it may do (U17)."""
        ...

    def may(self, permission: str) -> bool:
        """Say whether whoever gave it may do `resource:action`, in the host's words (`messages:send`)."""
        ...

    async def reply(self, text: str) -> None:
        """Answer to where the command came from."""
        ...


class ArgumentSource(Protocol):
    """How a host finds the things that its users name in commands: its members, its rooms.

    A host has one for each type that plugins may write as an annotation: `def kick(self, source, who: Member)`. Both
    methods answer at once, from memory or a local file: a user waits for them at every key.
    """

    @property
    def label(self) -> str:
        """What is expected, as in "who must be …": `a member of this chat`."""
        ...

    @property
    def permission(self) -> str:
        """What the plugin must have been granted to be given such a thing: `members:read`; empty: nothing."""
        ...

    def resolve(self, text: str, source: CommandSource) -> object:
        """Return the thing that `text` names.

        Raises:
            ValueError: there is none; the message is the sentence for the user.
        """
        ...

    def complete(self, prefix: str, source: CommandSource) -> Iterable[str]:
        """Return what begins with `prefix`, best first."""
        ...
