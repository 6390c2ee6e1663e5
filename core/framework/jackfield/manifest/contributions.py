"""What a plugin adds to the host, told in the manifest so that menus, help and settings show before its code runs."""

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any

from jackfield.manifest.fields import Anything, Described, ListOf, Number, Table, Text

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
"""Names of commands, components, menu items, settings, services and events."""

_NAME = Text(longest=64, pattern=NAME)
_LINE = Text(longest=500)
_EVENT = Text(longest=200, pattern=rf"plugin:{NAME}:{NAME}")

SETTING_TYPES = ("text", "number", "integer", "boolean", "choice", "list")


@dataclass(frozen=True, slots=True)
class CommandContribution:
    """A command that users type."""

    name: Annotated[str, Described("the word after the prefix", _NAME)]
    usage: Annotated[str, Described("how it is called, `weather <place>`", _LINE)] = ""
    help: Annotated[str, Described("what it does, one line", _LINE)] = ""


@dataclass(frozen=True, slots=True)
class ComponentContribution:
    """A part of the host's page."""

    name: Annotated[str, Described("its name within the plugin", _NAME)]
    position: Annotated[str, Described("where it stands: sidebar, panel, …; the host knows its own", _NAME)] = "sidebar"
    title: Annotated[str, Described("the heading over it", _LINE)] = ""


@dataclass(frozen=True, slots=True)
class MenuContribution:
    """An item in one of the host's menus."""

    id: Annotated[str, Described("its name within the plugin", _NAME)]
    label: Annotated[str, Described("what the user reads", _LINE)]
    position: Annotated[str, Described("which menu", _NAME)] = "menu"


@dataclass(frozen=True, slots=True)
class SettingContribution:
    """A value that the user sets (C22)."""

    key: Annotated[str, Described("its name within the plugin", _NAME)]
    type: Annotated[str, Described("what it holds", Text(choices=SETTING_TYPES))] = "text"
    default: Annotated[Any, Described("its value until the user sets one; of the type above", Anything())] = None
    label: Annotated[str, Described("what the user reads beside it", _LINE)] = ""
    description: Annotated[str, Described("a sentence of help", Text(longest=2000, lines=True))] = ""
    minimum: Annotated[float | None, Described("the lowest number or the fewest entries", Number())] = None
    maximum: Annotated[float | None, Described("the highest number or the most entries", Number())] = None
    choices: Annotated[tuple[str, ...], Described("what a choice chooses from", ListOf(_LINE))] = ()

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
                fits = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
                expected = "a number"
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

    commands: Annotated[
        tuple[CommandContribution, ...], Described("commands that users type", ListOf(Table(CommandContribution)))
    ] = ()
    components: Annotated[
        tuple[ComponentContribution, ...], Described("parts of the host's page", ListOf(Table(ComponentContribution)))
    ] = ()
    menu: Annotated[
        tuple[MenuContribution, ...], Described("items in the host's menus", ListOf(Table(MenuContribution)))
    ] = ()
    settings: Annotated[
        tuple[SettingContribution, ...], Described("values that the user sets", ListOf(Table(SettingContribution)))
    ] = ()
    services: Annotated[tuple[str, ...], Described("services that other plugins may call", ListOf(_NAME))] = ()
    events: Annotated[tuple[str, ...], Described("events that it sends", ListOf(_NAME))] = ()
    hooks: Annotated[
        tuple[str, ...],
        Described('hooks that it implements; calling one wakes a plugin with `activation = "demand"`', ListOf(_NAME)),
    ] = ()
    listens: Annotated[
        tuple[str, ...],
        Described(
            'events of other plugins, `plugin:poll:closed`, that wake one with `activation = "demand"`', ListOf(_EVENT)
        ),
    ] = ()
