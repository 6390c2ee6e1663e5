"""How the arguments and the answer of one method are carried: by the annotations of its signature.

A method can cross to another process when its annotations can: builtins, dataclasses, msgspec structs, enums, dates and
bytes, also within each other. Encoding needs no types; decoding holds every value to its annotation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta
from msgspec.inspect import (
    AnyType,
    BoolType,
    BytesType,
    CustomType,
    DateTimeType,
    DateType,
    DecimalType,
    DictType,
    EnumType,
    ExtType,
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    RawType,
    StrType,
    Type,
    UnionType,
    type_info,
)

from jackfield.errors import CannotCross, ProtocolViolation
from jackfield.rpc.fitting import check_decimals
from jackfield.rpc.kinds import SETS, has_decimals, has_sets, kinds_within
from jackfield.rpc.messages import BATCH_CALLS, DECODING_ERRORS, RESPONSE, Id
from jackfield.rpc.plain import UNCHECKED_BYTES, check_plain

Encoded = msgspec.Raw | bytes
#: Keys that nobody can choose so that all of them fall on one place (see `plain`); UUIDs, decimals and tuples are not.
_KEYS = (StrType, BytesType, IntType, FloatType, BoolType, NoneType, EnumType, LiteralType, DateType, DateTimeType)
#: What every value of a type fits, as long as nothing more is asked of it.
_EXACT: tuple[tuple[Type, type], ...] = (
    *((StrType(), str), (BytesType(), bytes), (IntType(), int)),
    *((FloatType(), float), (BoolType(), bool), (NoneType(), type(None))),
)
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Misfit(TypeError):
    """An answer that does not fit what is declared, where that is the failure of its call and does not end the link."""


class WithErrors(list[Any]):
    """The answers to a batch, some of which are errors."""


class CallCodec:
    """Reads the arguments and the answers of one method; each of its attributes takes encoded bytes.

    They raise `CannotCross` for what does not fit the annotations, is nested too deep, or could make keys collide.

    Args:
        signature: of the method, without `self`, its annotations resolved (`inspect.signature(..., eval_str=True)`).

    Attributes:
        arguments: a call's arguments by name; those that the signature does not know are left out.
        many_arguments: the arguments of each call of a batch.
        answer: what a call answered; one that raises `Misfit` fails the call, and no more.
        many_answers: what the calls of a batch answered; None where one failed.
        response: the whole body of a short response, as kind, id and answer; raises what msgspec raises.
        decode_arguments: the same as `arguments`, and may raise what msgspec raises as well.
        read_arguments, read_many: the same as `decode_arguments` and `many_arguments`, of what was looked at before.
        fields: name and type of each argument; None where one may be left out or may be anything.
        is_loose: whether a part of the arguments may be anything.
        takes_sets: whether a part of the arguments is a set, so that arrays are held to the bounds of maps.
        certain: types whose values fit the answer, so that nobody need look whether they do; a type says so of itself
            by `fits_as_it_is`.

    Raises:
        CannotCross: an annotation is no data, is missing, or a parameter cannot be given by name.
    """

    __slots__ = (
        "answer",
        "arguments",
        "certain",
        "decode_arguments",
        "fields",
        "is_loose",
        "many_answers",
        "many_arguments",
        "read_arguments",
        "read_many",
        "response",
        "takes_sets",
    )

    def __init__(self, signature: inspect.Signature) -> None:
        if sentence := can_cross(signature):
            raise CannotCross(sentence, hint="annotate it with data, or let the plugin run inline")
        fields = {
            name: one.annotation if one.default is one.empty else NotRequired[one.annotation]
            for name, one in signature.parameters.items()
        }
        arguments: Any = TypedDict("Arguments", fields)  # type: ignore[misc]  # made from a signature
        answer: Any = signature.return_annotation
        parameters = signature.parameters.values()
        loose = any(_is_loose(one.annotation) for one in parameters)
        self.takes_sets = any(has_sets(one.annotation) for one in parameters)
        self.fields: tuple[tuple[str, Any], ...] | None = None
        if not loose and all(one.default is one.empty for one in parameters):
            self.fields = tuple((one.name, one.annotation) for one in parameters)
        self.arguments: Callable[[Encoded], dict[str, Any]] = reader(arguments, loose)
        decode: Any = _decoding(arguments)
        self.is_loose = loose
        self.read_arguments: Callable[[Encoded], dict[str, Any]] = decode
        self.decode_arguments: Callable[[Encoded], dict[str, Any]] = self.arguments if loose else decode
        self.many_arguments: Callable[[Encoded], list[dict[str, Any]]] = reader(calls_of(arguments), loose)
        self.read_many = reader(calls_of(arguments)) if loose else self.many_arguments
        self.answer: Callable[[Encoded], Any] = reader(answer, _is_loose(answer))
        self.many_answers: Callable[[Encoded], list[Any]] = reader(
            list[None] if answer is None else list[answer | None], _is_loose(answer)
        )
        respond: Callable[[memoryview], tuple[int, int, Any]] = _decoding(
            tuple[Literal[RESPONSE], Id, answer]  # type: ignore[valid-type]  # made from a signature
        )
        self.response = _held(respond) if _is_made_by_code(answer) else respond
        self.certain = _certain(answer)


def calls_of(arguments: Any) -> Any:
    """The type of the arguments of a batch's calls, no more of them than there may be: none is made of those beyond.

    Args:
        arguments: the type of those of one call.
    """
    return Annotated[list[arguments], Meta(max_length=BATCH_CALLS)]


def reader(kind: Any, loose: bool = False) -> Callable[[Encoded], Any]:
    """What decodes one type; it raises `CannotCross` for what does not fit.

    Args:
        kind: an annotation.
        loose: whether a part of it may be anything, or of any number of keys.
    """
    decode, with_sets = _decoding(kind), loose and has_sets(kind)

    def read(encoded: Encoded) -> Any:
        try:
            if loose and len(encoded) > UNCHECKED_BYTES:
                check_plain(memoryview(encoded), with_sets=with_sets)
            return decode(encoded)
        except Exception as error:
            raise CannotCross(f"does not fit what is declared: {error}") from error

    return read


def _decoding(kind: Any) -> Callable[[Any], Any]:
    """What decodes one type; it raises what msgspec raises."""
    decode: Callable[[Any], Any] = msgspec.msgpack.Decoder(kind).decode
    if not has_decimals(kind):
        return decode

    def checked(encoded: Any) -> Any:
        value = decode(encoded)
        check_decimals(value)
        return value

    return checked


def _held(decode: Callable[[memoryview], Any]) -> Callable[[memoryview], Any]:
    """Decode as `decode` does; what a type of the application raises when one is made is an error of decoding."""

    def held(encoded: memoryview) -> Any:
        try:
            return decode(encoded)
        except DECODING_ERRORS:
            raise
        except Exception as error:
            raise msgspec.ValidationError(f"{type(error).__name__}: {error}") from error

    return held


def _is_made_by_code(annotation: Any) -> bool:
    """Whether code of the application runs when one of them, or of what lies in it, is made."""
    return any(hasattr(getattr(one, "cls", None), "__post_init__") for one in kinds_within(annotation))


def check_answer(encoded: bytes) -> None:
    """Return if what is encoded is taken where a value may be anything.

    Raises:
        CannotCross: it holds too much, or too deep.
    """
    try:
        check_plain(encoded)
    except ProtocolViolation as error:
        raise CannotCross(f"the answer cannot be taken: {error.message}") from None


def _certain(annotation: Any) -> frozenset[type]:
    if isinstance(annotation, type) and getattr(annotation, "fits_as_it_is", False):
        return frozenset((annotation,))
    one = type_info(annotation)
    parts = one.types if isinstance(one, UnionType) else (one,)
    return frozenset(kind for exact, kind in _EXACT if exact in parts or isinstance(one, AnyType))


def can_cross(signature: inspect.Signature) -> str:
    """Why a method of this signature cannot be called in another process, as a sentence; empty when it can."""
    for name, parameter in signature.parameters.items():
        if parameter.kind not in _BY_NAME:
            return f"argument {name} cannot be given by name, as arguments are that go to another process"
        if sentence := _why_not(parameter.annotation, f"argument {name}"):
            return sentence
    return _why_not(signature.return_annotation, "the answer")


def _why_not(annotation: Any, what: str) -> str:
    if annotation is inspect.Signature.empty:
        return f"{what} has no annotation, so its type is not known to another process"
    if isinstance(annotation, str):
        return f"{what} is annotated {annotation!r}, a name that could not be resolved"
    try:
        for one in kinds_within(annotation):
            if isinstance(one, CustomType):
                return f"{what} holds {one.cls.__qualname__}, an object of its process; only data can cross"
            if isinstance(one, ExtType | RawType):
                return f"{what} holds encoded bytes, which only this process can read"
            keys = one.key_type if isinstance(one, DictType) else None
            if isinstance(one, SETS):
                keys = one.item_type
            if isinstance(keys, AnyType) and isinstance(one, DictType):
                continue  # `check_plain` looks at them
            if keys is not None and not _is_key(keys):
                return (
                    f"{what} has keys or members that a hostile process could let collide; text, bytes and numbers do"
                )
    except (TypeError, NameError, ValueError) as error:
        return f"{what} cannot be carried: {error}"
    return ""


def _is_key(one: Type) -> bool:
    if isinstance(one, UnionType):
        return all(_is_key(part) for part in one.types)
    return isinstance(one, _KEYS)


def _is_loose(annotation: Any) -> bool:
    """Whether a part may be anything, or of any number of keys or digits: only a look at it tells what is in it."""
    return any(isinstance(one, (AnyType, DictType, DecimalType, *SETS)) for one in kinds_within(annotation))
