"""Who gave a command, and how they are answered (M43)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chat_console.info import Info
from chat_console.levels import PermissionLevel


class CommandSource:
    """Whoever gave a command."""

    @property
    def is_player(self) -> bool:
        """Whether it is a player."""
        return isinstance(self, PlayerCommandSource)

    @property
    def is_console(self) -> bool:
        """Whether it is the console."""
        return isinstance(self, ConsoleCommandSource)

    def get_server(self) -> Any:
        """Return the server interface."""
        raise NotImplementedError

    def get_permission_level(self) -> int:
        """Return what they may: 0 to 4."""
        raise NotImplementedError

    def get_preference(self) -> Any:
        """Return what they prefer; its `language` is that of translations."""
        return self.get_server().get_default_preference()

    @contextmanager
    def preferred_language_context(self) -> Iterator[None]:
        """Translate into their language within."""
        with self.get_server()._engine.translations.in_language(self.get_preference().language):
            yield

    def has_permission(self, level: int) -> bool:
        """Say whether they have a level at least."""
        return self.get_permission_level() >= level

    def has_permission_higher_than(self, level: int) -> bool:
        """Say whether they have more than a level."""
        return self.get_permission_level() > level

    def reply(self, message: Any, **kwargs: Any) -> None:
        """Answer them."""
        raise NotImplementedError


class InfoCommandSource(CommandSource):
    """Whoever wrote a line.

    Args:
        server: the server interface.
        info: the line.
    """

    def __init__(self, server: Any, info: Info) -> None:
        self._server = server
        self._info = info

    def get_info(self) -> Info:
        """Return the line."""
        return self._info

    def get_server(self) -> Any:
        """Return the server interface."""
        return self._server

    def get_permission_level(self) -> int:
        """Return what they may."""
        return int(self._server.get_permission_level(self._info))


class PlayerCommandSource(InfoCommandSource):
    """A player of the game.

    Args:
        server: the server interface.
        info: the line.
        player: the name.
    """

    def __init__(self, server: Any, info: Info, player: str) -> None:
        super().__init__(server, info)
        self.player = player

    def get_preference(self) -> Any:
        """Return what the player prefers."""
        return self._server.get_preference(self)

    def reply(self, message: Any, *, encoding: str | None = None, **kwargs: Any) -> None:
        """Tell the player, in the game."""
        self._server.tell(self.player, message, encoding=encoding)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlayerCommandSource) and other.player == self.player

    def __hash__(self) -> int:
        return hash(self.player)

    def __str__(self) -> str:
        return f"Player {self.player}"


class ConsoleCommandSource(InfoCommandSource):
    """Whoever types into the console.

    Args:
        server: the server interface.
        info: the line.
        answer: takes each line of an answer.
    """

    def __init__(self, server: Any, info: Info, answer: Callable[[str], None]) -> None:
        super().__init__(server, info)
        self._answer = answer

    def get_preference(self) -> Any:
        """Return what the console prefers."""
        return self._server.get_preference(self)

    def reply(self, message: Any, *, console_text: Any = None, **kwargs: Any) -> None:
        """Show an answer; the variant for the console where there is one."""
        shown = message if console_text is None else console_text
        for line in self._server._engine.translations.plain(shown).splitlines() or [""]:
            self._answer(line)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConsoleCommandSource)

    def __hash__(self) -> int:
        return hash("console")

    def __str__(self) -> str:
        return "Console"


class PluginCommandSource(CommandSource):
    """A script.

    Args:
        server: the server interface.
        script: which; None for the console itself.
    """

    def __init__(self, server: Any, script: Any = None) -> None:
        self._server = server
        self._script = script

    def get_server(self) -> Any:
        """Return the server interface."""
        return self._server

    def get_permission_level(self) -> int:
        """Return the highest level."""
        return PermissionLevel.PLUGIN_LEVEL

    def reply(self, message: Any, **kwargs: Any) -> None:
        """Write an answer into the log."""
        for line in self._server._engine.translations.plain(message).splitlines():
            self._server.logger.info(line)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PluginCommandSource) and other._script is self._script

    def __hash__(self) -> int:
        return hash(id(self._script))

    def __str__(self) -> str:
        return f"Plugin {self._script.id}" if self._script is not None else "Plugin"
