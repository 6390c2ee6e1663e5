"""`Serializable`: classes whose annotated attributes are read from and written as plain JSON values (U15)."""

import typing
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def serialize(value: Any) -> Any:
    """Return plain JSON values for an object.

    Raises:
        TypeError: something in it has no such form.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Serializable):
        return value.serialize()
    if isinstance(value, list | tuple | set | frozenset):
        return [serialize(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): serialize(one) for key, one in value.items()}
    raise TypeError(f"a {type(value).__name__} cannot be serialized")


def deserialize(
    data: Any,
    target_class: Any,
    *,
    error_at_missing: bool = False,
    error_at_redundancy: bool = False,
    missing_callback: Callable[..., Any] | None = None,
    redundancy_callback: Callable[..., Any] | None = None,
) -> Any:
    """Make an object of plain JSON values.

    Args:
        data: the values.
        target_class: a `Serializable`, or any annotation of builtins, enumerations and their containers.
        error_at_missing: refuse data that lacks an attribute, instead of taking its default.
        error_at_redundancy: refuse data with keys that are no attributes.
        missing_callback: told (data, class, key) of each that is missing.
        redundancy_callback: told (data, class, key, value) of each that is too much.

    Raises:
        TypeError: a value is of another kind.
        ValueError: a value is no member of an enumeration or a literal, or keys are missing or too many.
    """
    options = {
        "error_at_missing": error_at_missing,
        "error_at_redundancy": error_at_redundancy,
        "missing_callback": missing_callback,
        "redundancy_callback": redundancy_callback,
    }
    return _read(data, target_class, options)


def _read(data: Any, target: Any, options: dict[str, Any]) -> Any:
    origin, arguments = get_origin(target), get_args(target)
    if target is Any:
        return data
    if target in (None, NoneType):
        return _of_kind(data, NoneType)
    if origin in (Union, UnionType):
        return _first_that_fits(data, arguments, options)
    if origin is Literal:
        if data not in arguments:
            raise ValueError(f"{data!r} is none of {', '.join(map(repr, arguments))}")
        return data
    kind = origin or target
    if isinstance(kind, type) and issubclass(kind, Serializable):
        return _read_object(_of_kind(data, Mapping), kind, options)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(data, kind)
    if kind is float:
        return float(_of_kind(data, int | float))
    if kind in (list, tuple, set, frozenset):
        element = arguments[0] if arguments else Any
        return kind(_read(one, element, options) for one in _of_kind(data, list))
    if kind in (dict, typing.Mapping, Mapping):
        key_kind, value_kind = arguments or (Any, Any)
        pairs = _of_kind(data, Mapping).items()
        return {_key(key, key_kind): _read(one, value_kind, options) for key, one in pairs}
    if isinstance(kind, type):
        return _of_kind(data, kind)
    return data


def _of_kind(data: Any, kind: Any) -> Any:
    wrong = isinstance(data, bool) and kind not in (bool, object)
    if wrong or not isinstance(data, kind):
        raise TypeError(f"expected {getattr(kind, '__name__', kind)}, found {data!r}")
    return data


def _key(key: Any, kind: Any) -> Any:
    return int(key) if kind is int and isinstance(key, str) else key  # the keys of JSON are texts


def _member(data: Any, kind: type[Enum]) -> Enum:
    if isinstance(data, str) and data in kind.__members__:
        return kind[data]
    return kind(data)


def _first_that_fits(data: Any, kinds: tuple[Any, ...], options: dict[str, Any]) -> Any:
    problem: Exception = TypeError(f"{data!r} fits nothing")
    for kind in sorted(kinds, key=lambda one: one is not NoneType):
        try:
            return _read(data, kind, options)
        except (TypeError, ValueError) as error:
            problem = error
    raise problem


def _read_object(data: Mapping[str, Any], kind: type["Serializable"], options: dict[str, Any]) -> "Serializable":
    made = kind.get_default()
    fields = kind.get_field_annotations()
    for name, annotation in fields.items():
        if name in data:
            value = _read(data[name], annotation, options)
            made.validate_attribute(name, value)
            setattr(made, name, value)
            continue
        if options["error_at_missing"]:
            raise ValueError(f"{name} of {kind.__name__} is missing")
        if options["missing_callback"] is not None:
            options["missing_callback"](data, kind, name)
    for name in data:
        if name not in fields:
            if options["error_at_redundancy"]:
                raise ValueError(f"{kind.__name__} knows no {name}")
            if options["redundancy_callback"] is not None:
                options["redundancy_callback"](data, kind, name, data[name])
    made.on_deserialization()
    return made


class Serializable:
    """A class of attributes with annotations and defaults; `Config(port=80)` sets some of them."""

    def __init__(self, **kwargs: Any) -> None:
        fields = self.get_field_annotations()
        unknown = sorted(set(kwargs) - set(fields))
        if unknown:
            raise KeyError(f"{type(self).__name__} has no {', '.join(unknown)}")
        for name in fields:
            if hasattr(type(self), name):
                setattr(self, name, deepcopy(getattr(type(self), name)))
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classmethod
    def get_field_annotations(cls) -> dict[str, Any]:
        """Return the attributes and their annotations; what begins with `_` is none."""
        try:
            hints = get_type_hints(cls)
        except NameError:  # an annotation that is imported for type checkers only
            hints = {name: Any for kind in reversed(cls.__mro__) for name in vars(kind).get("__annotations__", {})}
        return {
            name: hint
            for name, hint in hints.items()
            if not name.startswith("_") and get_origin(hint) is not typing.ClassVar
        }

    def serialize(self) -> dict[str, Any]:
        """Return plain values."""
        fields = self.get_field_annotations()
        return {name: serialize(getattr(self, name)) for name in fields if hasattr(self, name)}

    @classmethod
    def deserialize(cls, data: Any, **options: Any) -> Any:
        """Make an object of plain values; see `deserialize`."""
        return deserialize(data, cls, **options)

    @classmethod
    def get_default(cls) -> Any:
        """Return an object of the defaults."""
        return cls()

    def merge_from(self, other: typing.Self) -> typing.Self:
        """Take the attributes of another of the class."""
        for name in type(self).get_field_annotations():  # it is one of us
            if hasattr(other, name):
                setattr(self, name, getattr(other, name))
        return self

    def copy(self, *, deep: bool = True) -> Any:
        """Return an independent copy."""
        return deepcopy(self) if deep else copy(self)

    def validate_attribute(self, attr_name: str, attr_value: Any, **kwargs: Any) -> None:
        """Raise ValueError for a value that will not do; for subclasses."""

    def on_deserialization(self, **kwargs: Any) -> None:
        """Called when all attributes were read; for subclasses."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.serialize() == other.serialize()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name, None)!r}" for name in self.get_field_annotations())
        return f"{type(self).__name__}({shown})"
