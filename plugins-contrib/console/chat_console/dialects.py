"""How a server speaks: the form of its lines, what they tell, and the commands by which it is spoken to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chat_console.info import Info, InfoSource
from chat_console.rtext import RTextBase

_GROUPS = {
    "chat": frozenset({"player", "message"}),
    "joined": frozenset({"player"}),
    "left": frozenset({"player"}),
}
_TIME = frozenset({"hour", "minute", "second"})
_NAME = r"(?P<player>\w{1,16})"


class DialectError(ValueError):
    """A pattern or a command that cannot be used; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The patterns of a server, all of which match the whole text.

    Args:
        name: of the preset.
        line: a line of output: the groups `hour`, `minute`, `second`, `level` and `content`, each of them optional.
        chat: a content in which a player speaks: `player` and `message`.
        joined: a content that says that `player` came.
        left: a content that says that `player` went.
        started: a content that says that the server is ready.
        stop: the command that ends it.
        say: the command that tells everyone; `{text}` or `{json}` stands for what.
        tell: the command that tells one; `{player}` for whom.
    """

    name: str
    line: str
    chat: str
    joined: str
    left: str
    started: str
    stop: str
    say: str
    tell: str

    def with_changes(self, changes: Mapping[str, str]) -> "Dialect":
        """Return the same with what a user set; empty texts leave the preset's.

        Raises:
            DialectError: a pattern is none, or a command names what there is not.
        """
        made = replace(self, **{key: value for key, value in changes.items() if value})
        for key in ("line", "chat", "joined", "left", "started"):
            try:
                named = set(re.compile(getattr(made, key)).groupindex)
            except re.error as error:
                raise DialectError(f"the pattern {key} cannot be used: {error}") from error
            needed = _TIME if key == "line" and named & _TIME else _GROUPS.get(key, frozenset())
            if lacking := sorted(needed - named):
                raise DialectError(f"the pattern {key} lacks (?P<{lacking[0]}>…)")
        for key in ("say", "tell"):
            try:
                getattr(made, key).format(text="", json="", player="")
            except (KeyError, IndexError, ValueError) as error:
                raise DialectError(f"the command {key} cannot be used: {error}; use {{text}}, {{json}}") from error
        return made

    def parse(self, text: str) -> Info:
        """Take a line of output apart; one of another form is its own content."""
        info = Info(InfoSource.SERVER, text, content=text)
        found = re.fullmatch(self.line, text)
        if found is not None:
            groups = found.groupdict()
            info.content = groups.get("content") or ""
            info.logging_level = groups.get("level")
            if groups.get("hour"):
                info.hour, info.min, info.sec = (int(groups[name]) for name in ("hour", "minute", "second"))
        spoken = re.fullmatch(self.chat, info.content or "")
        if spoken is not None:
            info.player, info.content = spoken["player"], spoken["message"]
        return info

    def player_joined(self, info: Info) -> str | None:
        """Return who came, if the line says so."""
        return self._player(self.joined, info)

    def player_left(self, info: Info) -> str | None:
        """Return who went, if the line says so."""
        return self._player(self.left, info)

    def is_started(self, info: Info) -> bool:
        """Say whether the line tells that the server is ready."""
        return not info.is_user and re.fullmatch(self.started, info.content or "") is not None

    def say_command(self, text: RTextBase) -> list[str]:
        """Return the commands that tell everyone."""
        return _commands(self.say, text, "")

    def tell_command(self, player: str, text: RTextBase) -> list[str]:
        """Return the commands that tell one player."""
        return _commands(self.tell, text, player)

    def _player(self, pattern: str, info: Info) -> str | None:
        found = re.fullmatch(pattern, info.content or "") if not info.is_user else None
        return found["player"] if found is not None else None


def _commands(form: str, text: RTextBase, player: str) -> list[str]:
    """One command where the server reads JSON, else one for each line: a command ends with its line."""
    if "{json}" in form:
        return [form.format(json=json.dumps(text.to_json_object(), ensure_ascii=False), player=player, text="")]
    lines = text.to_plain_text().splitlines() or [""]
    return [form.format(text=line, player=player, json="") for line in lines]


VANILLA = Dialect(
    name="vanilla",
    line=r"\[(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})\] \[[^\]]*?/(?P<level>[A-Z]+)\](?: \[[^\]]*\])?: "
    r"(?P<content>.*)",
    chat=r"(?:\[Not Secure\] )?<" + _NAME + r"> (?P<message>.*)",
    joined=_NAME + r"\[[^\]]*\] logged in with entity id \d+ at \(.*\)",
    left=_NAME + r" left the game",
    started=r'Done \([0-9.,]+s\)! For help, type "help"(?: or "\?")?',
    stop="stop",
    say="tellraw @a {json}",
    tell="tellraw {player} {json}",
)
"""The game server that most scripts were written for."""

PLAIN = Dialect(
    name="plain",
    line=r"(?P<content>.*)",
    chat=r"<" + _NAME + r"> (?P<message>.*)",
    joined=_NAME + r" joined",
    left=_NAME + r" left",
    started=r"ready",
    stop="stop",
    say="say {text}",
    tell="tell {player} {text}",
)
"""Lines of plain text."""

PRESETS: Mapping[str, Dialect] = {one.name: one for one in (VANILLA, PLAIN)}


def dialect(preset: str, changes: Mapping[str, Any]) -> Dialect:
    """Return a preset with what a user set.

    Raises:
        DialectError: there is no such preset, or something set cannot be used.
    """
    if preset not in PRESETS:
        raise DialectError(f"there is no preset {preset}; there are: {', '.join(PRESETS)}")
    return PRESETS[preset].with_changes({key: str(value or "") for key, value in changes.items()})
