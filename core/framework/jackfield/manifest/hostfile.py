"""host.toml: what a host offers to plugins, in the words that a user reads at consent (design §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from jackfield.manifest.fields import Described, ListOf, MapOf, Parsed, Table, Text, Whole, read_model
from jackfield.manifest.reading import Reading
from jackfield.manifest.schema import APP_PATTERN, refuse_newer_schema
from jackfield.manifest.toml import parse_toml, read_text
from jackfield.manifest.versions import Version
from jackfield.permissions import NAME_PATTERN

Risk = Literal["low", "medium", "high"]

_GROUP = r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*"


@dataclass(frozen=True, slots=True)
class Action:
    """One action on a resource, as consent shows it."""

    sentence: Annotated[str, Described("what the plugin may then do, read after the word 'may'", Text(longest=300))]
    risk: Annotated[Risk, Described("how bad a wrong yes would be", Text(choices=("low", "medium", "high")))] = "medium"


@dataclass(frozen=True, slots=True)
class Resource:
    """A part of the API that permissions name."""

    actions: Annotated[
        Mapping[str, Action], Described("what can be done with it", MapOf(Table(Action), key_pattern=NAME_PATTERN))
    ]


_EVENT = r"(?!(load|enable|disable|unload|migrate|removed)$)[a-z][a-z0-9_]{0,63}"
"""Events of a host: a plugin hears one by a function `on_<event>`, and some of these names mean something else."""


@dataclass(frozen=True, slots=True)
class HostEvent:
    """Something that happens in the host, of which plugins hear as `host:<event>` (M39)."""

    description: Annotated[str, Described("what happened, one line", Text(longest=500))] = ""
    needs: Annotated[
        str, Described("the permission to hear of it, `messages:read`; none when missing", Text(longest=200))
    ] = ""


def _resource(**actions: tuple[Risk, str]) -> Resource:
    return Resource({name: Action(sentence, risk) for name, (risk, sentence) in actions.items()})


FRAMEWORK_RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {
        "storage": _resource(
            read=("low", "read what it stored itself"), write=("low", "store data of its own on this computer")
        ),
        "settings": _resource(read=("low", "read its own settings"), write=("low", "change its own settings")),
        "commands": _resource(register=("low", "add commands that users type")),
        "events": _resource(
            emit=("low", "send events of its own"),
            listen=("medium", "listen to events of other plugins"),
            observe=("high", "listen to everything that plugins tell each other"),
        ),
        "ui": _resource(
            component=("low", "show parts of the page"),
            menu=("low", "add items to menus"),
            notify=("low", "show notices"),
        ),
        "network": _resource(
            connect=("medium", "open connections to other computers"),
            listen=("high", "accept connections from other computers"),
        ),
        "files": _resource(
            read=("high", "read files on this computer"), write=("high", "change and delete files on this computer")
        ),
        "environment": _resource(read=("high", "read environment variables, which may hold secrets")),
        "plugins": _resource(
            read=("low", "see which plugins are installed"),
            manage=("high", "install, remove, enable and disable plugins"),
        ),
        "services": _resource(
            provide=("low", "offer services to other plugins"), call=("medium", "use services of other plugins")
        ),
    }
)
"""What the framework itself gives to every plugin that was granted it, whatever the host."""


@dataclass(frozen=True, slots=True)
class HostFile:
    """What an application says of itself to plugins, installers and marketplaces. Made by `read_hostfile`."""

    app: Annotated[
        str, Described("the application's name, as `[host]` of a manifest has it", Text(pattern=APP_PATTERN))
    ]
    name: Annotated[str, Described("the name for people", Text(longest=200))]
    api_version: Annotated[Version, Described("the version that `[host]` is held against", Parsed(parse=Version.parse))]
    groups: Annotated[
        tuple[str, ...],
        Described("entry-point groups whose entries are its plugins", ListOf(Text(longest=200, pattern=_GROUP))),
    ]
    resources: Annotated[
        Mapping[str, Resource],
        Described("what plugins may be permitted", MapOf(Table(Resource), key_pattern=NAME_PATTERN)),
    ] = field(default_factory=dict)
    events: Annotated[
        Mapping[str, HostEvent],
        Described("what happens in it that plugins can hear of", MapOf(Table(HostEvent), key_pattern=_EVENT)),
    ] = field(default_factory=dict)
    schema: Annotated[int, Described("the form of this file", Whole(lowest=1))] = 1

    def __hash__(self) -> int:
        return hash((self.app, self.api_version))

    def resource(self, name: str) -> Resource | None:
        """Return a resource with all its actions: the host's, and beneath them the framework's of that name."""
        own, framework = self.resources.get(name), FRAMEWORK_RESOURCES.get(name)
        if own is None or framework is None:
            return own or framework
        return Resource({**framework.actions, **own.actions})

    def action(self, resource: str, action: str) -> Action | None:
        """Return one action, None where neither host nor framework knows it."""
        found = self.resource(resource)
        return found.actions.get(action) if found is not None else None

    def sentence(self, resource: str, action: str) -> str:
        """Return what a plugin may do, to be read after 'may'; for an unknown action a sentence that says so."""
        found = self.action(resource, action)
        return found.sentence if found is not None else f"do {resource}:{action}, which {self.name} does not know"

    def risk(self, resource: str, action: str) -> Risk:
        """Return how bad a wrong yes would be; what nobody knows is high."""
        found = self.action(resource, action)
        return found.risk if found is not None else "high"


def read_hostfile(text: str, *, source: str) -> HostFile:
    """Read a host.toml.

    Args:
        text: the file's text.
        source: the file, named in every error.

    Raises:
        SchemaTooNew: it is written for a later jackfield.
        ManifestError: it is wrong; the message has one line for each mistake.
    """
    mapping: dict[str, Any] = parse_toml(text, source)
    refuse_newer_schema(mapping, source)
    reading = Reading(source, strict=True)
    read = read_model(HostFile, mapping, "", reading, free=("x-",))
    reading.finish()
    for name, event in read.events.items():
        resource, _, action = event.needs.partition(":")
        if event.needs and read.action(resource, action) is None:
            reading.wrong(f"events.{name}.needs", f"{event.needs!r} is no action that {read.name} offers")
    reading.finish()
    return read


def read_hostfile_file(path: Path, *, source: str | None = None) -> HostFile:
    """Read a host.toml from disk; `source` defaults to the path, the rest is as in `read_hostfile`.

    Raises:
        ManifestError: it cannot be opened, is too large, is not UTF-8, or as in `read_hostfile`.
    """
    named = source or str(path)
    return read_hostfile(read_text(path, named), source=named)
