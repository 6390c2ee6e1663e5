"""What a type holds within it, as far as what decodes values of it has to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec.inspect import DecimalType, EnumType, FrozenSetType, LiteralType, SetType, Type, type_info

SETS: Final = (SetType, FrozenSetType)


def kinds_within(annotation: Any) -> Iterator[Type]:
    """A type and all within it, each once.

    Raises:
        TypeError: it is none that data can have; NameError, ValueError: a name in it says nothing.
    """
    return _walk(type_info(annotation), {})


def has_sets(annotation: Any) -> bool:
    """Whether a part of a type is a set."""
    return any(isinstance(one, SETS) for one in kinds_within(annotation))


def has_decimals(annotation: Any) -> bool:
    """Whether a part of a type is a decimal."""
    return any(isinstance(one, DecimalType) for one in kinds_within(annotation))


def _walk(one: Any, seen: dict[int, Any]) -> Iterator[Type]:
    if id(one) in seen:  # a dataclass may hold itself
        return
    seen[id(one)] = one  # kept alive, so that no other takes its id
    if isinstance(one, Type):
        yield one
    if isinstance(one, LiteralType | EnumType):
        return
    if isinstance(one, tuple | list):
        for part in one:
            yield from _walk(part, seen)
    elif isinstance(one, Type | msgspec.inspect.Field):
        for name in type(one).__struct_fields__:
            if name not in ("default", "default_factory"):
                yield from _walk(getattr(one, name), seen)
