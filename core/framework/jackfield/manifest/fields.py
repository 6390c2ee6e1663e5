"""Kinds of manifest fields: each reads a plain value and gives its own JSON schema.

A model is a frozen dataclass whose fields carry a kind and a description (`described`); reading, errors, the JSON
schema and the reference page all come from there, so they cannot drift apart.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from jackfield.errors import ManifestError

Model = TypeVar("Model")


class Reading:
    """Collects what is wrong with one file, so that an author sees all of it at once.

    Args:
        source: the file, named in every sentence.
        strict: whether an unknown key is an error; else it is a warning.
    """

    def __init__(self, source: str, *, strict: bool) -> None:
        self.source = source
        self.strict = strict
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, where: str, sentence: str) -> None:
        """Note an error at a key."""
        self.problems.append(f"{where}: {sentence}" if where else sentence)

    def wrong_type(self, where: str, expected: str, found: object) -> None:
        """Note a value of the wrong type."""
        self.wrong(where, f"expected {expected}, found {described_value(found)}")

    def unknown(self, where: str, key: str, known: Sequence[str]) -> None:
        """Note an unknown key, with the nearest known one."""
        near = get_close_matches(key, known, n=1)
        place = f"{where}.{key}" if where else key
        sentence = f"{place}: unknown key" + (f", did you mean {near[0]!r}?" if near else "")
        (self.problems if self.strict else self.warnings).append(sentence)

    def finish(self) -> None:
        """Return if nothing is wrong.

        Raises:
            ManifestError: with every problem, the file before each.
        """
        if self.problems:
            raise ManifestError("\n".join(f"{self.source}: {problem}" for problem in self.problems))


class Kind(Protocol):
    """How one field is read, and what its JSON schema is."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """Return the model's value; on a mistake note it and return anything."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the plain value."""


@dataclass(frozen=True)
class Text:
    """A text."""

    longest: int = 10_000
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[str], object] | None = None

    def read(self, value: object, where: str, reading: Reading) -> str:
        """Return the text, unchanged."""
        if not isinstance(value, str):
            reading.wrong_type(where, self._expected(), value)
            return ""
        if self.choices and value not in self.choices:
            near = get_close_matches(value, self.choices, n=1)
            reading.wrong(
                where,
                f"expected {self._expected()}, found {described_value(value)}"
                + (f", did you mean {near[0]!r}?" if near else ""),
            )
        elif len(value) > self.longest:
            reading.wrong(where, f"{len(value)} characters, at most {self.longest} are allowed")
        elif self.check is None and self.pattern is not None and not re.fullmatch(self.pattern, value):
            reading.wrong(where, f"{described_value(value)} does not fit {self.pattern}")
        elif self.check is not None:
            try:
                self.check(value)
            except ManifestError as error:
                reading.wrong(where, str(error))
        return value

    def _expected(self) -> str:
        return "one of " + ", ".join(map(repr, self.choices)) if self.choices else "text"

    def schema(self) -> dict[str, Any]:
        """Return a string schema."""
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        pattern = {"pattern": f"^{self.pattern}$"} if self.pattern else {}
        return {"type": "string", "maxLength": self.longest, **pattern}


@dataclass(frozen=True)
class Parsed(Text):
    """A text that becomes a value of its own: a version, a requirement."""

    parse: Callable[[str], Any] = str

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """Return the parsed value, None where it does not parse."""
        if not isinstance(value, str):
            reading.wrong_type(where, "text", value)
            return None
        try:
            return self.parse(value)
        except ManifestError as error:
            reading.wrong(where, str(error))
            return None


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    lowest: int | None = None
    highest: int | None = None

    def read(self, value: object, where: str, reading: Reading) -> int:
        """Return the number; a boolean is none."""
        if not isinstance(value, int) or isinstance(value, bool):
            reading.wrong_type(where, "a whole number", value)
            return 0
        if self.lowest is not None and value < self.lowest:
            reading.wrong(where, f"{value} is below {self.lowest}")
        if self.highest is not None and value > self.highest:
            reading.wrong(where, f"{value} is above {self.highest}")
        return value

    def schema(self) -> dict[str, Any]:
        """Return an integer schema."""
        bounds = {"minimum": self.lowest, "maximum": self.highest}
        return {"type": "integer", **{key: bound for key, bound in bounds.items() if bound is not None}}


@dataclass(frozen=True)
class Number:
    """A number, whole or not."""

    def read(self, value: object, where: str, reading: Reading) -> float | None:
        """Return the number; a boolean, an infinity and nan are none."""
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value or abs(value) > 1e300:
            reading.wrong_type(where, "a number", value)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        """Return a number schema."""
        return {"type": "number"}


@dataclass(frozen=True)
class Anything:
    """A plain value that another field judges."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """Return the value, lists as tuples; dates and tables are refused."""
        if isinstance(value, list | tuple):
            return tuple(self.read(one, f"{where}[{index}]", reading) for index, one in enumerate(value))
        if not isinstance(value, str | int | float | bool):
            reading.wrong_type(where, "text, a number, true, false or a list of these", value)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        """Return a schema for plain values."""
        return {"type": ["string", "number", "boolean", "array"]}


@dataclass(frozen=True)
class ListOf:
    """A list, each of one kind; becomes a tuple. `single` also takes one value without a list (M13)."""

    item: Kind
    single: bool = False
    most: int = 1000

    def read(self, value: object, where: str, reading: Reading) -> tuple[Any, ...]:
        """Return the values as a tuple."""
        if self.single and isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            reading.wrong_type(where, "a list", value)
            return ()
        if len(value) > self.most:
            reading.wrong(where, f"{len(value)} entries, at most {self.most} are allowed")
            return ()
        return tuple(self.item.read(one, f"{where}[{index}]", reading) for index, one in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """Return an array schema, or one for either form."""
        array = {"type": "array", "items": self.item.schema(), "maxItems": self.most}
        return {"anyOf": [self.item.schema(), array]} if self.single else array


@dataclass(frozen=True)
class MapOf:
    """A table with free keys, each value of one kind."""

    item: Kind
    check_key: Callable[[str], object] = str
    key_pattern: str | None = None

    def read(self, value: object, where: str, reading: Reading) -> Mapping[str, Any]:
        """Return a read-only mapping in the order written."""
        if not isinstance(value, Mapping):
            reading.wrong_type(where, "a table", value)
            return MappingProxyType({})
        read = {}
        for key, one in value.items():
            try:
                self.check_key(str(key))
            except ManifestError as error:
                reading.wrong(f"{where}.{key}", str(error))
            read[str(key)] = self.item.read(one, f"{where}.{key}", reading)
        return MappingProxyType(read)

    def schema(self) -> dict[str, Any]:
        """Return an object schema with free keys."""
        names = {"propertyNames": {"pattern": f"^{self.key_pattern}$"}} if self.key_pattern else {}
        return {"type": "object", "additionalProperties": self.item.schema(), **names}


@dataclass(frozen=True)
class Table:
    """A table with the fields of a model."""

    model: type[Any]

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """Return the model."""
        return read_model(self.model, value, where, reading)

    def schema(self) -> dict[str, Any]:
        """Return the model's schema."""
        return model_schema(self.model)


def described(
    description: str, kind: Kind, *, default: Any = MISSING, factory: Any = MISSING, key: str | None = None
) -> Any:
    """Declare a model's field.

    Args:
        description: one phrase, for the schema and the reference page.
        kind: how it is read.
        default: what stands for a missing key; without it and `factory` the key is required.
        factory: makes the default where it is a mapping.
        key: the key in the file where it is not the field's name.
    """
    metadata = {"description": description, "kind": kind, "key": key}
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def read_model(model: type[Model], value: object, where: str, reading: Reading, *, free: Sequence[str] = ()) -> Model:
    """Read a table into a model, noting every mistake in `reading`.

    Args:
        model: a dataclass whose fields were made by `described`.
        value: the plain table.
        where: its key in the file; empty for the file itself.
        reading: collects mistakes; the model is only good when it ends without any.
        free: beginnings of keys that anyone may use.
    """
    table: Mapping[Any, Any] = value if isinstance(value, Mapping) else {}
    if not isinstance(value, Mapping):
        reading.wrong_type(where, "a table", value)
        return model.__new__(model)
    described_fields = {one.metadata["key"] or one.name: one for one in file_fields(model)}
    for key in table:
        if key not in described_fields and not str(key).startswith(tuple(free)):
            reading.unknown(where, str(key), list(described_fields))
    values = {}
    for key, one in described_fields.items():
        place = f"{where}.{key}" if where else key
        if key in table:
            values[one.name] = one.metadata["kind"].read(table[key], place, reading)
        elif is_required(one):
            reading.wrong(place, "missing")
            values[one.name] = None
    return model(**values)


def file_fields(model: type[Any]) -> list["dataclasses.Field[Any]"]:
    """Return those fields of a model that stand in the file."""
    return [one for one in dataclasses.fields(model) if "kind" in one.metadata]


def is_required(one: "dataclasses.Field[Any]") -> bool:
    """Tell whether the file must carry the field."""
    return one.default is MISSING and one.default_factory is MISSING


def model_schema(model: type[Any], *, free: str | None = None) -> dict[str, Any]:
    """Return the JSON schema of a model: one property for each described field.

    Args:
        model: a dataclass whose fields were made by `described`.
        free: a pattern of keys that anyone may use.
    """
    properties, required = {}, []
    for one in file_fields(model):
        key = one.metadata["key"] or one.name
        properties[key] = {**one.metadata["kind"].schema(), "description": one.metadata["description"]}
        if is_required(one):
            required.append(key)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if free:
        schema["patternProperties"] = {free: {}}
    return schema


def described_value(value: object) -> str:
    """Return what was found, for a person: the kind in TOML's words and the beginning of the value."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"{_TOML_NAMES.get(type(value), type(value).__name__)} {shown}"


_TOML_NAMES: dict[type, str] = {
    str: "text",
    int: "the whole number",
    float: "the number",
    bool: "the boolean",
    list: "a list",
    tuple: "a list",
    dict: "a table",
}
