"""What people may: five levels, and the file that says who has which (U17)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class PermissionLevelItem:
    """One level.

    Args:
        name: for people.
        level: 0 to 4.
    """

    name: str
    level: int

    def __str__(self) -> str:
        return f"{self.level} ({self.name})"


class PermissionLevel:
    """The levels; scripts compare with the numbers."""

    GUEST = 0
    USER = 1
    HELPER = 2
    ADMIN = 3
    OWNER = 4

    NAMES = ("guest", "user", "helper", "admin", "owner")
    LEVELS = (0, 1, 2, 3, 4)
    MINIMUM_LEVEL = GUEST
    MAXIMUM_LEVEL = OWNER
    CONSOLE_LEVEL = OWNER
    PLUGIN_LEVEL = OWNER
    DEFAULT_LEVEL = USER
    MCDR_CONTROL_LEVEL = ADMIN
    PHYSICAL_SERVER_CONTROL_LEVEL = OWNER

    @classmethod
    def from_value(cls, value: Any) -> PermissionLevelItem:
        """Return a level by its number or name.

        Raises:
            TypeError: there is no such level.
        """
        text = str(value).lower()
        if text in cls.NAMES:
            return PermissionLevelItem(text, cls.NAMES.index(text))
        if text.isdigit() and int(text) in cls.LEVELS:
            return PermissionLevelItem(cls.NAMES[int(text)], int(text))
        raise TypeError(f"{value!r} is no permission level; they are 0 to 4: {', '.join(cls.NAMES)}")


class Levels:
    """Who has which level, kept in `permissions.json` of the console's folder.

    Args:
        path: the file; made at the first change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.default = PermissionLevel.DEFAULT_LEVEL
        self._of: dict[str, int] = {}
        self.load()

    def load(self) -> None:
        """Read the file; one that is not there says nothing.

        Raises:
            ValueError: it is damaged; nothing has changed then: nobody gets a level by a slip.
        """
        if not self._path.is_file():
            return
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
            default = PermissionLevel.from_value(read.get("default_level", self.default)).level
            found = {
                str(player): level
                for level, name in enumerate(PermissionLevel.NAMES)
                for player in read.get(name) or ()
            }
        except (ValueError, TypeError, AttributeError, RecursionError, OSError) as error:
            raise ValueError(f"{self._path.name} cannot be read: {error}") from error
        self.default, self._of = default, found

    def of(self, player: str) -> int:
        """Return a player's level; names are compared without regard to case, as the server does."""
        return next((level for name, level in self._of.items() if name.lower() == player.lower()), self.default)

    def set(self, player: str, level: int) -> None:
        """Give a player a level, and keep it."""
        self._of = {name: one for name, one in self._of.items() if name.lower() != player.lower()}
        self._of[player] = level
        self._path.parent.mkdir(parents=True, exist_ok=True)
        groups = {name: self._named(number) for number, name in enumerate(PermissionLevel.NAMES)}
        text = json.dumps({"default_level": PermissionLevel.NAMES[self.default], **groups}, indent=2)
        replacement = self._path.with_suffix(".new")
        replacement.write_text(text + "\n", encoding="utf-8")
        replacement.replace(self._path)

    def _named(self, level: int) -> list[str]:
        found: Iterable[str] = (name for name, one in self._of.items() if one == level)
        return sorted(found)
