"""Signatures of commands as data: described where the function is, made into a function again where lines are read.

A host reads a line by the types of a command's parameters. Of a plugin in another process it is told them in a small
grammar (docs/protocol.md, Commands), makes a function that has such a signature, and sends plain values; where the
function is they become what its annotations say.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from jackfield.api import Choice, Custom, Duration, Float, Greedy, Integer, Quoted, Word, YesNo
from jackfield.errors import PluginError, UsageError, WrongArgument
from jackfield.runtime.annotations import evaluated, read_annotation
from jackfield.runtime.own_types import read_own

_EMPTY = inspect.Parameter.empty
_WAYS = {
    "first": inspect.Parameter.POSITIONAL_ONLY,
    "any": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "repeated": inspect.Parameter.VAR_POSITIONAL,
    "keyword": inspect.Parameter.KEYWORD_ONLY,
    "keywords": inspect.Parameter.VAR_KEYWORD,
}
_WORDS = {kind: way for way, kind in _WAYS.items()}


class TypeData(Struct, frozen=True, omit_defaults=True):
    """The type of one argument, by its word.

    Args:
        type: `text`, `integer`, `float`, `boolean`, `word`, `quoted`, `rest`, `choice`, `duration`, `custom`, `thing`.
        minimum, maximum: of a number.
        shortest, longest: of a duration.
        words: of a choice; it is sent as the word that was written.
        label: of a custom type, which is sent as it was written: what is expected.
        rest: whether a custom type takes the rest of the line.
        complete: the handler that completes a custom type; None: nothing is offered.
        name: of a thing of the host, `module:qualname` of its type.
    """

    type: str
    minimum: float | int | None = None
    maximum: float | int | None = None
    shortest: timedelta | None = None
    longest: timedelta | None = None
    words: tuple[str, ...] = ()
    label: str = ""
    rest: bool = False
    complete: int | None = None
    name: str = ""


class ParameterData(Struct, frozen=True, omit_defaults=True):
    """One parameter.

    Args:
        name: its name.
        type: what can be written for it.
        required: whether it has no default.
        way: how it is given: `first` by its place alone, `any`, `repeated`, `keyword`, `keywords`.
    """

    name: str
    type: TypeData
    required: bool = True
    way: str = "any"


class FunctionData(Struct, frozen=True, omit_defaults=True):
    """A command's function.

    Args:
        parameters: all of them, the source first.
        documentation: its docstring.
    """

    parameters: tuple[ParameterData, ...] = ()
    documentation: str = ""


#: Makes the plugin's values of one argument.
Reader = Callable[[Any], Any]
#: Keeps a function that completes, and returns its number.
Keep = Callable[[Callable[..., Any]], int]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Makes of the plain values that came what a function's annotations say.

    Args:
        places: for each parameter after the source that is given by its place.
        rest: for those that a repeated parameter takes; None: there is none.
        names: for each that can be given by its name.
    """

    places: tuple[Reader, ...]
    rest: Reader | None
    names: Mapping[str, Reader]

    def __call__(
        self, arguments: list[Any], keywords: Mapping[str, Any] | None = None
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the values in their order, and those by name.

        Raises:
            WrongArgument: a custom type cannot read what was written: the user's mistake.
            TypeError: a value that its parameter cannot take.
        """
        last = self.rest or _as_it_is
        readers = (*self.places, *[last] * (len(arguments) - len(self.places)))
        told = enumerate(zip(readers, arguments, strict=False))
        read = [_read(reader, value, str(place)) for place, (reader, value) in told]
        named = {name: _read(self.names.get(name, _as_it_is), value, name) for name, value in (keywords or {}).items()}
        return read, named


def describe(function: Callable[..., Any], keep: Keep) -> tuple[FunctionData, Arguments]:
    """Return a command's function as data, and what reads the arguments that are sent for it.

    Args:
        function: takes the source first; whether it can be a command the host says.
        keep: keeps the functions that complete its types.
    """
    documentation = inspect.getdoc(function) or ""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return FunctionData((), documentation), Arguments((), None, {})
    described: list[ParameterData] = []
    places: list[Reader] = []
    rest: Reader | None = None
    names: dict[str, Reader] = {}
    for index, one in enumerate(found):
        data, reader = describe_type(evaluated(one.annotation, function), keep) if index else (TypeData("text"), None)
        described.append(ParameterData(one.name, data, one.default is _EMPTY, _WORDS[one.kind]))
        if reader is None or one.kind is one.VAR_KEYWORD:
            continue
        if one.kind is one.VAR_POSITIONAL:
            rest = reader
            continue
        if one.kind is not one.KEYWORD_ONLY:
            places.append(reader)
        names[one.name] = reader
    return FunctionData(tuple(described), documentation), Arguments(tuple(places), rest, names)


def describe_type(annotation: Any, keep: Keep) -> tuple[TypeData, Reader]:
    """Return the type of an argument as data, and what reads its values."""
    kind = read_annotation(annotation)
    match kind:
        case Integer(minimum, maximum):
            return TypeData("integer", minimum=minimum, maximum=maximum), int
        case Float(minimum, maximum):
            return TypeData("float", minimum=minimum, maximum=maximum), float
        case Duration(minimum, maximum):
            return TypeData("duration", shortest=minimum, longest=maximum), _converted(timedelta)
        case Choice(words, values):
            chosen = dict(zip(words, values or words, strict=True))
            return TypeData("choice", words=words), lambda word: chosen.get(word, word)
        case Custom(parse, label, complete, rest):
            number = keep(complete) if complete is not None else None
            return TypeData("custom", label=label, rest=rest, complete=number), _parsed(parse, label)
    simple = {YesNo: "boolean", Word: "word", Quoted: "quoted", Greedy: "rest"}.get(type(kind))
    if simple is not None or kind is str:
        return TypeData(simple or "text"), _as_it_is
    if isinstance(kind, type):
        return TypeData("thing", name=f"{kind.__module__}:{kind.__qualname__}"), _converted(kind)
    shown = kind if isinstance(kind, str) else getattr(kind, "__name__", repr(kind))
    return TypeData("thing", name=f":{shown}"[:200]), _as_it_is


#: Runs a function of the other side: the source, its arguments in order, and by name.
Call = Callable[[Any, list[Any], dict[str, Any]], Awaitable[None]]
#: Asks the other side's handler of a number what begins with a text.
Complete = Callable[[int, str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Restoring:
    """Makes functions and trees again of what was described.

    Args:
        things: the host's own, by `module:qualname`.
        complete: asks for completions.
    """

    things: Mapping[str, type]
    complete: Complete

    def function(self, data: FunctionData, call: Call) -> Callable[..., Awaitable[None]]:
        """Return a function with the signature that was described; `call` runs what stands behind it.

        Raises:
            UsageError: it is no signature.
        """

        async def handler(source: Any, *arguments: Any, **named: Any) -> None:
            keywords = {name: _sendable(value) for name, value in named.items()}
            await call(source, [_sendable(value) for value in arguments], keywords)

        try:
            parameters = [
                inspect.Parameter(
                    one.name,
                    _WAYS[one.way],
                    default=_EMPTY if one.required or one.way in ("repeated", "keywords") else None,
                    annotation=self.annotation(one.type),
                )
                for one in data.parameters
            ]
            signature = inspect.Signature(parameters)
        except (ValueError, KeyError) as error:
            raise UsageError(f"a command's function was described by what is no signature: {error}") from None
        handler.__signature__ = signature  # type: ignore[attr-defined]  # what inspect.signature looks at (PEP 362)
        handler.__doc__ = data.documentation
        return handler

    def annotation(self, data: TypeData) -> Any:
        """Return what a parameter of this type is annotated with.

        It is never a text: the texts of annotations are evaluated, and these come from a plugin.

        Raises:
            UsageError: there is no such type, or its bounds cannot be.
        """
        match data.type:
            case "integer":
                return Integer(_whole(data.minimum), _whole(data.maximum))
            case "float":
                return Float(data.minimum, data.maximum)
            case "duration":
                return Duration(data.shortest, data.longest)
            case "choice":
                return Choice(data.words)
            case "custom":
                return Custom(str, data.label or "what the plugin expects", self._completing(data), data.rest)
            case "thing":
                return self.things.get(data.name) or _unknown(data.name)
        simple = {"text": str, "boolean": YesNo(), "word": Word(), "quoted": Quoted(), "rest": Greedy()}
        if data.type not in simple:
            raise UsageError(f"an argument of the type {data.type[:40]!r} is described, which is none")
        return simple[data.type]

    def _completing(self, data: TypeData) -> Callable[[str], Awaitable[list[str]]] | None:
        number, complete = data.complete, self.complete
        if number is None:
            return None
        return lambda prefix: complete(number, prefix)


def things_by_name(types: Mapping[type, object]) -> dict[str, type]:
    """Return the types of a host's things by the names under which plugins speak of them."""
    return {f"{one.__module__}:{one.__qualname__}": one for one in types}


def _read(reader: Reader, value: Any, argument: str) -> Any:
    try:
        return reader(value)
    except UsageError as error:
        raise WrongArgument(str(error), argument=argument) from error


def _as_it_is(value: Any) -> Any:
    return value


def _converted(kind: Any) -> Reader:
    def read(value: Any) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.MsgspecError as error:
            raise TypeError(f"the host sent no {getattr(kind, '__name__', kind)}: {error}") from None

    return read


def _parsed(parse: Callable[[str], Any], label: str) -> Reader:
    def read(written: Any) -> Any:
        try:
            return read_own(parse, label, written)
        except KeyboardInterrupt as error:  # nobody ends a plugin's process so, but the plugin's code
            raise PluginError(f"{label} cannot be read: {type(error).__name__}: {error}") from error

    return read


def _sendable(value: Any) -> Any:
    """A value as it is sent: of a number beyond what msgpack can carry, its digits."""
    if type(value) is int and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def _whole(bound: float | None) -> int | None:
    if isinstance(bound, float):
        raise UsageError(f"{bound} is no bound of whole numbers")
    return bound


def _unknown(name: str) -> type:
    """A type that no host knows, to be named in the sentence that says so."""
    shown = name.rpartition(":")[2].encode("ascii", "backslashreplace").decode().replace("\0", "")
    return type(shown[:80] or "nothing", (), {})
