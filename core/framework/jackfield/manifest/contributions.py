"""What a plugin adds to the host, told in the manifest so that menus, help and settings show before its code runs."""

from dataclasses import dataclass
from typing import Any

from jackfield.manifest.fields import Anything, ListOf, Number, Table, Text, described

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
"""Names of commands, components, menu items, settings, services and events."""

_NAME = Text(longest=64, pattern=NAME)
_LINE = Text(longest=500)

SETTING_TYPES = ("text", "number", "integer", "boolean", "choice", "list")


@dataclass(frozen=True, slots=True)
class CommandContribution:
    """A command that users type."""

    name: str = described("the word after the prefix", _NAME)
    usage: str = described("how it is called, `weather <place>`", _LINE, default="")
    help: str = described("what it does, one line", _LINE, default="")


@dataclass(frozen=True, slots=True)
class ComponentContribution:
    """A part of the host's page."""

    name: str = described("its name within the plugin", _NAME)
    position: str = described("where it stands: sidebar, panel, …; the host knows its own", _NAME, default="sidebar")
    title: str = described("the heading over it", _LINE, default="")


@dataclass(frozen=True, slots=True)
class MenuContribution:
    """An item in one of the host's menus."""

    id: str = described("its name within the plugin", _NAME)
    label: str = described("what the user reads", _LINE)
    position: str = described("which menu", _NAME, default="menu")


@dataclass(frozen=True, slots=True)
class SettingContribution:
    """A value that the user sets (C22)."""

    key: str = described("its name within the plugin", _NAME)
    type: str = described("what it holds", Text(choices=SETTING_TYPES), default="text")
    default: Any = described("its value until the user sets one; of the type above", Anything(), default=None)
    label: str = described("what the user reads beside it", _LINE, default="")
    description: str = described("a sentence of help", Text(longest=2000), default="")
    minimum: float | None = described("the lowest number or the fewest entries", Number(), default=None)
    maximum: float | None = described("the highest number or the most entries", Number(), default=None)
    choices: tuple[str, ...] = described("what a choice chooses from", ListOf(_LINE), default=())

    def problem(self, value: object) -> str | None:
        """Return why `value` is not one of this setting, as the end of a sentence; None when it is."""
        match self.type:
            case "text":
                fits, expected = isinstance(value, str), "text"
            case "boolean":
                fits, expected = isinstance(value, bool), "true or false"
            case "integer":
                fits, expected = isinstance(value, int) and not isinstance(value, bool), "a whole number"
            case "number":
                fits, expected = isinstance(value, int | float) and not isinstance(value, bool), "a number"
            case "choice":
                fits, expected = value in self.choices, "one of " + ", ".join(map(repr, self.choices))
            case _:
                fits, expected = isinstance(value, list | tuple), "a list"
        if not fits:
            return f"expected {expected}, found {value!r}"
        size = value if self.type in {"integer", "number"} else len(value) if self.type == "list" else None  # type: ignore[arg-type]
        if isinstance(size, int | float):
            if self.minimum is not None and size < self.minimum:
                return f"{size} is below {self.minimum}"
            if self.maximum is not None and size > self.maximum:
                return f"{size} is above {self.maximum}"
        return None


@dataclass(frozen=True, slots=True)
class Contributions:
    """Everything that a plugin adds."""

    commands: tuple[CommandContribution, ...] = described("commands", ListOf(Table(CommandContribution)), default=())
    components: tuple[ComponentContribution, ...] = described(
        "parts of the page", ListOf(Table(ComponentContribution)), default=()
    )
    menu: tuple[MenuContribution, ...] = described("menu items", ListOf(Table(MenuContribution)), default=())
    settings: tuple[SettingContribution, ...] = described("settings", ListOf(Table(SettingContribution)), default=())
    services: tuple[str, ...] = described("services that other plugins may call", ListOf(_NAME), default=())
    events: tuple[str, ...] = described("events that it sends", ListOf(_NAME), default=())
    hooks: tuple[str, ...] = described("hooks that it implements", ListOf(_NAME), default=())
