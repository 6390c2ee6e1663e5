"""Values that are what their types say, and could still keep busy for hours whoever works with them.

Bytes are bounded before they are decoded (see `plain`). What was decoded without a type, and is given one later, is
bounded here, as decimals are: the eleven characters of `1e999999999` are a number that no machine can round to a whole
one, write out, or add to another exactly.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from jackfield.errors import ProtocolViolation
from jackfield.rpc.kinds import has_decimals, has_sets
from jackfield.rpc.plain import squared_keys

DECIMAL_DIGITS: Final = 6176
"""Before and after the point of a decimal: those of decimal128, the largest format of IEEE 754 that is in use."""


_ASKED: MutableMapping[Any, tuple[bool, bool]] = WeakKeyDictionary()
"""Of types that were looked into. A plugin's go with it: its module hangs on each of its classes."""


def fitted(value: Any, annotation: Any, *, builtin_types: Iterable[type] | None = None) -> Any:
    """Return plain data as what a type says that they are.

    Args:
        value: what came without a type.
        annotation: the type.
        builtin_types: as `msgspec.convert` takes them.

    Raises:
        msgspec.ValidationError: they do not fit, or hold more than is taken from another process.
        TypeError: the type is none that data can have.
    """
    with_sets, with_decimals = _asks(annotation)
    if with_sets:
        _check_members(value)
    made = msgspec.convert(value, annotation, builtin_types=builtin_types)
    if with_decimals:
        check_decimals(made)
    return made


def check_decimals(value: Any) -> None:
    """Return if all decimals within a value can be worked with.

    Args:
        value: as it was decoded: it holds itself nowhere.

    Raises:
        msgspec.ValidationError: one has more digits than `DECIMAL_DIGITS` before or after its point, or signals.
    """
    waiting: list[Iterator[Any]] = [iter((value,))]
    while waiting:
        for one in waiting[-1]:
            if isinstance(one, Decimal):
                _check_decimal(one)
            elif (parts := _parts(one)) is not None:
                waiting.append(iter(parts))
                break
        else:
            waiting.pop()


def _check_decimal(one: Decimal) -> None:
    exponent = one.as_tuple().exponent
    if not isinstance(exponent, int):
        if one.is_snan():
            raise msgspec.ValidationError("a decimal that signals when it is used")
        return
    if one.adjusted() >= DECIMAL_DIGITS or exponent < -DECIMAL_DIGITS:
        raise msgspec.ValidationError(f"a decimal has more than {DECIMAL_DIGITS} digits before or after its point")


def _parts(value: Any) -> Iterable[Any] | None:
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, Mapping):
        return value.values()  # no key is a decimal
    if isinstance(value, msgspec.Struct):
        return (getattr(value, name) for name in value.__struct_fields__)
    if dataclasses.is_dataclass(value):
        return (getattr(value, field.name, None) for field in dataclasses.fields(value))
    return None


def _check_members(value: Any) -> None:
    """Return if no list within plain data has more members than a set may, nor all of them together."""
    squared = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple | set | frozenset):
            try:
                squared += squared_keys(len(one), squared)
            except ProtocolViolation as error:
                raise msgspec.ValidationError(error.message) from None
            waiting += one
        elif isinstance(one, Mapping):
            waiting += one.values()


def _asks(annotation: Any) -> tuple[bool, bool]:
    """Say whether there are sets and decimals in a type; of one that was asked for before without looking again."""
    if isinstance(annotation, UnionType):  # the one kind that cannot be held weakly
        sets = decimals = False
        for one in annotation.__args__:
            if one is not NoneType:
                some_sets, some_decimals = _asks(one)
                sets, decimals = sets or some_sets, decimals or some_decimals
        return sets, decimals
    try:
        return _ASKED[annotation]
    except (KeyError, TypeError):  # what it is annotated with beside cannot be hashed
        found = has_sets(annotation), has_decimals(annotation)
    with suppress(TypeError):
        _ASKED[annotation] = found
    return found
