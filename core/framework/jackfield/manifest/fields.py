"""Kinds of manifest fields: each reads a plain value and gives its own JSON schema.

A model is a frozen dataclass whose annotations carry a kind and a description (`Described`); reading, errors, the JSON
schema and the reference page all come from there, so they cannot drift apart.
"""

import dataclasses
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, dataclass
from difflib import get_close_matches
from functools import cache
from math import isfinite
from typing import Any, Protocol, TypeVar, cast, get_args

from jackfield.errors import ManifestError
from jackfield.manifest.reading import Reading
from jackfield.permissions import described_value, hidden_character, shown_key

Model = TypeVar("Model")


class Kind(Protocol):
    """How one field is read, and what its JSON schema is."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """Return the model's value; on a mistake note it and return anything."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the plain value."""


@dataclass(frozen=True)
class Described:
    """Stands in a field's annotation: `name: Annotated[str, Described("the name for people", Text())]`.

    Args:
        description: one phrase, for the schema and the reference page.
        kind: how the field is read.
    """

    description: str
    kind: Kind


@dataclass(frozen=True)
class Text:
    """A text; `lines` lets it have more than one."""

    longest: int = 10_000
    lines: bool = False
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
        elif hidden := hidden_character(value, lines=self.lines):
            reading.wrong(where, f"the hidden character {hidden} in {described_value(value)}")
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
    highest: int | None = 2**53 - 1  # what JSON's readers keep exactly (RFC 8259, section 6)

    def read(self, value: object, where: str, reading: Reading) -> int:
        """Return the number; a boolean is none."""
        if not isinstance(value, int) or isinstance(value, bool):
            reading.wrong_type(where, "a whole number", value)
            return 0
        if self.lowest is not None and value < self.lowest:
            reading.wrong(where, f"{described_value(value)} is below {self.lowest}")
        if self.highest is not None and value > self.highest:
            reading.wrong(where, f"{described_value(value)} is above {self.highest}")
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
        if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
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
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not isfinite(value)):
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
    key_pattern: str | None = None

    def read(self, value: object, where: str, reading: Reading) -> dict[str, Any]:
        """Return the values by key, in the order written."""
        if not isinstance(value, Mapping):
            reading.wrong_type(where, "a table", value)
            return {}
        read: dict[str, Any] = {}
        for key, one in value.items():
            place = f"{where}.{shown_key(str(key))}"
            if self.key_pattern is not None and not re.fullmatch(self.key_pattern, str(key)):
                reading.wrong(place, f"the key does not fit {self.key_pattern}")
            read[str(key)] = self.item.read(one, place, reading)
        return read

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


def file_fields(model: type[Any]) -> Mapping[str, Described]:
    """Return the fields of a model that stand in the file, by their key."""
    return _described(cast("Hashable", model))[0]


def required_keys(model: type[Any]) -> list[str]:
    """Return the keys that the file must carry: those without a default."""
    return list(_described(cast("Hashable", model))[1])


@cache  # a class does not change, and to read its annotations takes longer than to read a file
def _described(model: Hashable) -> tuple[dict[str, Described], tuple[str, ...]]:
    """Fields by key, and the keys among them that have no default."""
    every = dataclasses.fields(cast("Any", model))
    in_file = {
        one.name: described for one in every for described in get_args(one.type) if isinstance(described, Described)
    }
    required = tuple(
        one.name for one in every if one.name in in_file and one.default is MISSING and one.default_factory is MISSING
    )
    return in_file, required


def read_model(model: type[Model], value: object, where: str, reading: Reading, *, free: tuple[str, ...] = ()) -> Model:
    """Read a table into a model, noting every mistake in `reading`.

    Args:
        model: a dataclass whose annotations carry `Described`.
        value: the plain table.
        where: its key in the file; empty for the file itself.
        reading: collects mistakes; the model is only good when it ends without any.
        free: beginnings of keys that anyone may use.
    """
    if not isinstance(value, Mapping):
        reading.wrong_type(where, "a table", value)
        return model.__new__(model)  # never looked at: the reading ends with the mistake
    in_file = file_fields(model)
    for key in value:
        if key not in in_file and not str(key).startswith(free):
            reading.unknown(where, str(key), list(in_file))
    values: dict[str, Any] = {}
    for key in required_keys(model):
        if key not in value:
            reading.wrong(f"{where}.{key}" if where else key, "missing")
            values[key] = None
    for key, described in in_file.items():
        if key in value:
            values[key] = described.kind.read(value[key], f"{where}.{key}" if where else key, reading)
    return model(**values)


def model_schema(model: type[Any], *, free: str | None = None) -> dict[str, Any]:
    """Return the JSON schema of a model: one property for each described field.

    Args:
        model: a dataclass whose annotations carry `Described`.
        free: a pattern of keys that anyone may use.
    """
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            key: {**described.kind.schema(), "description": described.description}
            for key, described in file_fields(model).items()
        },
        "additionalProperties": False,
    }
    if required := required_keys(model):
        schema["required"] = required
    if free:
        schema["patternProperties"] = {free: {}}
    return schema
