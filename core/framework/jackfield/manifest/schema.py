"""The manifest: everything that plugin.toml may say, each field with its kind and its description (design §4)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal

from jackfield.errors import IdentityError, ManifestError, RequirementError, SchemaTooNew
from jackfield.manifest.contributions import Contributions
from jackfield.manifest.fields import (
    Described,
    ListOf,
    MapOf,
    Parsed,
    Table,
    Text,
    Whole,
    file_fields,
    model_schema,
    read_model,
)
from jackfield.manifest.identity import ID_PATTERN, canonical_id, parse_id
from jackfield.manifest.limits import LowerLimits
from jackfield.manifest.reading import Reading
from jackfield.manifest.requirements import Dependency, Requirement
from jackfield.manifest.settings import setting_problems
from jackfield.manifest.versions import VERSION_PATTERN, Version
from jackfield.permissions import Permission, described_value, shown_key

SCHEMA = 1
"""The newest schema of plugin.toml and host.toml that this jackfield reads."""

MOST_ASKED = 500
"""Single permissions in a manifest, one action on one host, path or name each: more than anybody reads at consent.

Growth holds each of one version against each of another, so the bound also keeps a stranger's manifest cheap.
"""

_ABSURD_SCHEMA = 1000  # beyond it a mistake, not a later jackfield

REQUIREMENT = Parsed(longest=1024, parse=Requirement.parse)
MODULE_PATTERN = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"
APP_PATTERN = r"[a-z0-9_][a-z0-9_.-]{0,63}"

Isolation = Literal["worker", "inline", "any", "external"]
Activation = Literal["startup", "demand"]
Reload = Literal["live", "restart"]


def _check_link(text: str) -> None:
    if text and not text.startswith(("https://", "http://")):
        raise ManifestError(f"{text[:80]!r} is no web address; it begins with https:// or http://")


class _Requires:
    """`[requires]`: a table of id and requirement, or a list of dependencies in one text each, also bare names."""

    def read(self, value: object, where: str, reading: Reading) -> tuple[Dependency, ...]:
        """Return the dependencies in the order written; two that name one plugin are a mistake."""
        pairs: list[tuple[str, Any, Any]] = []
        if isinstance(value, Mapping):
            pairs = [(f"{where}.{shown_key(str(key))}", str(key), one) for key, one in value.items()]
        elif isinstance(value, list | tuple):
            pairs = [(f"{where}[{index}]", None, one) for index, one in enumerate(value)]
        else:
            reading.wrong_type(where, "a table of id and requirement, or a list", value)
        found: dict[str, Dependency] = {}
        for place, key, one in pairs:
            if not isinstance(one, str):
                reading.wrong_type(place, "a requirement as text" if key is not None else "a dependency as text", one)
                continue
            try:
                dependency = Dependency.parse(one) if key is None else Dependency.from_pair(key, one)
            except (IdentityError, RequirementError) as error:
                reading.wrong(place, str(error))
                continue
            first = found.setdefault(dependency.canonical_id, dependency)
            if first is not dependency:
                reading.wrong(place, f"{dependency.id!r} and {first.id!r} are one plugin, required twice")
        return tuple(found.values())

    def schema(self) -> dict[str, Any]:
        """Return a schema for both forms."""
        table = MapOf(REQUIREMENT, key_pattern=ID_PATTERN).schema()
        return {"anyOf": [table, {"type": "array", "items": {"type": "string", "minLength": 1}}]}


class _Permissions:
    """`[[permissions]]`."""

    def read(self, value: object, where: str, reading: Reading) -> tuple[Permission, ...]:
        """Return the permissions in the order written."""
        if not isinstance(value, list | tuple):
            reading.wrong_type(where, "a list of tables", value)
            return ()
        known = [one.name for one in fields(Permission)]
        read = []
        for index, one in enumerate(value):
            try:
                read.append(
                    Permission.from_mapping(
                        one,
                        where=f"{where}[{index}]",
                        unknown=lambda place, key: reading.unknown(place, key, known),
                    )
                )
            except ManifestError as error:
                reading.wrong("", str(error))
        asked = sum(len(one.actions) * max(1, len(one.limits)) for one in read)
        if asked > MOST_ASKED:
            reading.wrong(
                where, f"{asked} actions on hosts, paths or names are asked, at most {MOST_ASKED} are allowed"
            )
        return tuple(read)

    def schema(self) -> dict[str, Any]:
        """Return a schema made of the fragments that `Permission`'s fields carry."""
        item = {
            "type": "object",
            "properties": {one.name: one.metadata["schema"] for one in fields(Permission)},
            "required": ["resource", "actions"],
            "additionalProperties": False,
        }
        return {"type": "array", "items": item}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin says of itself. Made by `from_mapping` or `read_manifest`."""

    schema: Annotated[int, Described("the form of this file; this page describes 1", Whole(lowest=1, highest=SCHEMA))]
    id: Annotated[
        str,
        Described(
            "the plugin's id, equal to its entry point's name",
            Text(pattern=r"(?=[_.-]*[a-z0-9])" + ID_PATTERN, check=parse_id),
        ),
    ]
    name: Annotated[str, Described("the name for people; the id when missing", Text(longest=200))] = ""
    version: Annotated[
        Version | None,
        Described(
            "the version; when missing, the distribution's. If both are there, they must agree",
            Parsed(pattern=VERSION_PATTERN, longest=256, parse=Version.parse),
        ),
    ] = None
    description: Annotated[str, Described("what it does, one sentence", Text(longest=2000, lines=True))] = ""
    authors: Annotated[
        tuple[str, ...], Described("who wrote it; one text or a list", ListOf(Text(200), single=True))
    ] = ()
    link: Annotated[str, Described("its home page", Text(longest=2000, check=_check_link))] = ""
    isolation: Annotated[
        Isolation,
        Described(
            "where it runs: `worker`, a confined process of its own; `inline`, inside the host and fully trusted; "
            "`any`, as a worker, unless its user chooses otherwise; `external`, a program that connects by itself",
            Text(choices=("worker", "inline", "any", "external")),
        ),
    ] = "worker"
    activation: Annotated[
        Activation,
        Described(
            "when its code is loaded: `startup`, or on `demand` when something it contributes is first used",
            Text(choices=("startup", "demand")),
        ),
    ] = "startup"
    reload: Annotated[
        Reload,
        Described(
            "`live`: it can be replaced in a running host; `restart`: the host must start again",
            Text(choices=("live", "restart")),
        ),
    ] = "live"
    language: Annotated[
        str,
        Described(
            "the language of its texts where `lang/` has none in the reader's: `en`, `de-AT`",
            Text(longest=35, pattern=r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}"),
        ),
    ] = "en"
    data_version: Annotated[
        int, Described("raised when what it stores changes shape; `on_migrate` is then called", Whole(lowest=0))
    ] = 1
    host: Annotated[
        Mapping[str, Requirement],
        Described(
            "hosts it works with: the app's name, and a requirement on the host's api_version",
            MapOf(REQUIREMENT, key_pattern=APP_PATTERN),
        ),
    ] = field(default_factory=dict)
    tested: Annotated[
        Mapping[str, tuple[Version, ...]],
        Described(
            "hosts with which its publisher tested it: the app's name, and the api_version or a list of them",
            MapOf(ListOf(Parsed(pattern=VERSION_PATTERN, longest=256, parse=Version.parse), single=True), APP_PATTERN),
        ),
    ] = field(default_factory=dict)
    requires: Annotated[
        tuple[Dependency, ...],
        Described(
            "plugins it works with: id and requirement, a `?` at the end makes it optional; or a list of ids",
            _Requires(),
        ),
    ] = ()
    exports: Annotated[
        tuple[str, ...] | None,
        Described(
            "modules that plugins which require it may import, each with what lies below it; "
            "when missing, all of its own",
            ListOf(Text(longest=200, pattern=MODULE_PATTERN)),
        ),
    ] = None
    permissions: Annotated[tuple[Permission, ...], Described("what it may do, and why", _Permissions())] = ()
    limits: Annotated[
        Mapping[str, float],
        Described("what it can do with less of than other plugins have, as a worker", LowerLimits()),
    ] = field(default_factory=dict)
    contributes: Annotated[
        Contributions, Described("what it adds, shown before its code runs", Table(Contributions))
    ] = field(default_factory=Contributions)
    extra: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def __hash__(self) -> int:
        return hash((self.id, self.version))

    @property
    def canonical_id(self) -> str:
        """The id in the form in which ids are compared."""
        return canonical_id(self.id)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, fit for JSON and marshal, from which `from_mapping` makes an equal manifest.

        Defaults are left out; `warnings` are not part of it.
        """
        plain: dict[str, Any] = {"schema": self.schema, "id": self.id, "name": self.name}
        empty = Manifest(self.schema, self.id)
        for key in file_fields(Manifest):
            value = getattr(self, key)
            if key not in plain and value != getattr(empty, key):
                plain[key] = _plain(value)
        if self.requires:
            plain["requires"] = [str(one) for one in self.requires]
        return {**plain, **{key: _plain(value) for key, value in self.extra.items()}}

    @classmethod
    def from_mapping(cls, mapping: object, *, source: str, strict: bool = False) -> "Manifest":
        """Read a manifest from TOML's or JSON's plain values.

        Args:
            mapping: the whole file.
            source: the file, named in every error.
            strict: whether unknown keys are errors (in `check` and at upload) or warnings (when installed).

        Raises:
            SchemaTooNew: it is written for a later jackfield.
            ManifestError: anything else is wrong; the message has one line for each mistake.
        """
        if not isinstance(mapping, Mapping):
            raise ManifestError(f"{source}: expected a table, found {described_value(mapping)}")
        refuse_newer_schema(mapping, source)
        reading = Reading(source, strict=strict)
        read = read_model(cls, mapping, "", reading, free=("x-",))
        reading.finish()
        for where, sentence in _contradictions(read):
            reading.wrong(where, sentence)
        reading.finish()
        extra = {str(key): _plain(value) for key, value in mapping.items() if str(key).startswith("x-")}
        if read.name and not extra and not reading.warnings:
            return read
        return replace(read, name=read.name or read.id, extra=extra, warnings=tuple(reading.warnings))


def refuse_newer_schema(mapping: Mapping[Any, Any], source: str) -> None:
    """Return if this jackfield reads the file's schema; a new schema comes with a new major version (ADR 0002).

    Raises:
        SchemaTooNew: it does not.
    """
    schema = mapping.get("schema")
    if isinstance(schema, int) and not isinstance(schema, bool) and SCHEMA < schema < _ABSURD_SCHEMA:
        plugin = mapping.get("id")
        raise SchemaTooNew(
            f"{source}: needs jackfield ≥ {schema}.0: it is written in schema {schema}, this jackfield reads {SCHEMA}",
            plugin=plugin if isinstance(plugin, str) else None,
            hint="update jackfield",
        )


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of plugin.toml, made from the descriptions above (K3, K4)."""
    schema = model_schema(Manifest, free="^x-")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plugin.toml",
        "description": "What a jackfield plugin says of itself",
        **schema,
    }


def _contradictions(manifest: Manifest) -> list[tuple[str, str]]:
    """Return (key, sentence) for what is right by itself and wrong together."""
    found = [
        ("requires", f"{manifest.id} requires itself")
        for dependency in manifest.requires
        if dependency.canonical_id == manifest.canonical_id
    ]
    contributes = manifest.contributes
    named = {
        "commands": [name for one in contributes.commands for name in (one.name, *one.aliases)],
        "components": [one.name for one in contributes.components],
        "menu": [one.id for one in contributes.menu],
        "settings": [one.key for one in contributes.settings],
    }
    for key, names in named.items():
        if len(set(names)) == len(names):
            continue
        twice = sorted({one for one in names if names.count(one) > 1})
        found += [(f"contributes.{key}", f"{name!r} stands there twice") for name in twice]
    for index, setting in enumerate(contributes.settings):
        place = f"contributes.settings[{index}]"
        found += [(f"{place}.{key}", sentence) for key, sentence in setting_problems(setting)]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Version | Requirement | Dependency):
        return str(value)
    if isinstance(value, Permission):
        return value.to_mapping()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dt.date | dt.time):  # TOML's own, in x- tables; marshal and JSON know neither
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        plain = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {key: one for key, one in plain.items() if one is not None and one != []}
    return value
