"""`Info`: one line of the server or of the console, taken apart (M28, M29)."""

from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from itertools import count
from typing import Any


class InfoSource(int, Enum):
    """Where a line came from; compared with numbers by older scripts."""

    SERVER = 0
    CONSOLE = 1


class InfoActionFlag(Flag):
    """What is done with a line beside telling the scripts."""

    process = auto()
    send_to_server = auto()
    echo = auto()

    @classmethod
    def default(cls) -> "InfoActionFlag":
        """Everything."""
        return cls.process | cls.send_to_server | cls.echo

    @classmethod
    def hidden(cls) -> "InfoActionFlag":
        """All but showing it."""
        return cls.process | cls.send_to_server

    @classmethod
    def discarded(cls) -> "InfoActionFlag":
        """Nothing."""
        return cls(0)


_numbers = count(1)


@dataclass(eq=False)
class Info:
    """A line.

    Args:
        source: server or console.
        raw_content: as it came.
        id: rising by one.
        hour, min, sec: when, as the line says it.
        content: the message; what a player said, where one spoke.
        player: who said it; None where nobody did.
        logging_level: `INFO`, `WARN`, … as the line says it.
        action_flag: what is done with it.
    """

    source: InfoSource
    raw_content: str
    id: int = field(default_factory=_numbers.__next__)
    hour: int | None = None
    min: int | None = None
    sec: int | None = None
    content: str | None = None
    player: str | None = None
    logging_level: str | None = None
    action_flag: InfoActionFlag = field(default_factory=InfoActionFlag.default)
    _server: Any = field(default=None, repr=False)
    _command_source: Any = field(default=None, repr=False)

    @property
    def is_from_console(self) -> bool:
        """Whether it was typed into the console."""
        return self.source is InfoSource.CONSOLE

    @property
    def is_from_server(self) -> bool:
        """Whether the server wrote it."""
        return self.source is InfoSource.SERVER

    @property
    def is_player(self) -> bool:
        """Whether a player said it."""
        return self.player is not None

    @property
    def is_user(self) -> bool:
        """Whether a person said it: a player, or whoever sits at the console."""
        return self.is_from_console or self.is_player

    @property
    def logging_time(self) -> str:
        """The time in the line, `12:34:56`; empty where it says none."""
        return f"{self.hour:02}:{self.min:02}:{self.sec:02}" if self.hour is not None else ""

    def get_server(self) -> Any:
        """Return the server interface."""
        return self._server

    def get_command_source(self) -> Any:
        """Return who may be answered; None where nobody spoke."""
        return self._command_source

    def to_command_source(self) -> Any:
        """Return who may be answered.

        Raises:
            TypeError: nobody spoke.
        """
        if self._command_source is None:
            raise TypeError(f"nobody can be answered: {self.raw_content!r}")
        return self._command_source

    def should_send_to_server(self) -> bool:
        """Say whether a line of the console goes to the server, too."""
        return InfoActionFlag.send_to_server in self.action_flag

    def cancel_send_to_server(self) -> None:
        """Keep a line of the console from the server."""
        self.action_flag &= ~InfoActionFlag.send_to_server


class InfoFilter:
    """Sees every line before anyone else; for scripts to subclass."""

    def filter_server_info(self, info: Info) -> bool:
        """Return False to have the line dropped."""
        return True
