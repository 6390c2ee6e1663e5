"""What a plugin adds to the host, told in the manifest so that menus, help and settings show before its code runs."""

from dataclasses import dataclass
from typing import Annotated

from jackfield.manifest.fields import Described, ListOf, Table, Text
from jackfield.manifest.settings import NAME, SettingContribution

_NAME = Text(longest=64, pattern=NAME)
_LINE = Text(longest=500)
_SUFFIX = Text(longest=16, pattern=r"\.[a-z0-9]{1,15}")
_EVENT = Text(longest=200, pattern=rf"(plugin:{NAME}|host):{NAME}")
_COMMAND = Text(longest=200, pattern=f"{NAME}( {NAME}){{0,7}}")

LEVELS = ("guest", "user", "helper", "admin", "owner")
"""The levels of users, lowest first (U17)."""


@dataclass(frozen=True, slots=True)
class CommandContribution:
    """A command that users type."""

    name: Annotated[str, Described("the word or words after the prefix: `weather`, `poll close`", _COMMAND)]
    usage: Annotated[str, Described("how it is called, `weather <place>`", _LINE)] = ""
    help: Annotated[str, Described("what it does, one line", _LINE)] = ""
    aliases: Annotated[tuple[str, ...], Described("other names for it", ListOf(_COMMAND))] = ()
    level: Annotated[str, Described("who may use it: this level of users and those above", Text(choices=LEVELS))] = (
        "guest"
    )


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
    position: Annotated[str, Described("which menu", _NAME)] = "main"


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
            'events, `plugin:poll:closed` or `host:opened`, that wake one with `activation = "demand"`', ListOf(_EVENT)
        ),
    ] = ()
    languages: Annotated[
        tuple[str, ...],
        Described("suffixes of scripts that it runs, `.lua`: it brings a language to script folders", ListOf(_SUFFIX)),
    ] = ()
