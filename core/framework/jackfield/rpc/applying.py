"""How a served method is called with the arguments that came, without a map of them in between.

Who makes a map of arguments for each call, and calls with that, pays for it as much again as for decoding. So where a
method always takes all that it can take, its arguments are read into a structure, and a function is generated that
hands its parts on. Where one of them may be left out, or may be anything, there is a map.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, Literal

import msgspec

from jackfield.rpc.codec import calls_of, reader
from jackfield.rpc.link import Raised, Served
from jackfield.rpc.messages import REQUEST, Id, Milliseconds

Encoded = msgspec.Raw | bytes
#: Reads arguments, and calls a function with what was read.
Maker = Callable[[Callable[..., Any], type[Raised]], tuple[Callable[[Any], Any], Callable[[list[Any]], list[Any]]]]


class Applied:
    """One served method.

    Args:
        method: its name on the wire.
        served: what is called.

    Attributes:
        decode: reads the arguments of a call.
        decode_many: reads those of each call of a batch.
        run: calls the function with what `decode` has read.
        run_many: calls it with each of those that `decode_many` has read; a `Raised` stands for a call that raised.
        certain: as the codec has it.
    """

    __slots__ = ("_kind", "_request", "certain", "decode", "decode_many", "method", "run", "run_many", "served")

    def __init__(self, method: str, served: Served) -> None:
        self.method = method
        self.served = served
        self.certain = served.codec.certain
        self._request: Callable[[memoryview], tuple[int, int, str, Any, int]] | None = None
        codec, fields = served.codec, served.codec.fields
        self._kind = None if fields is None else _structure(fields)
        self.decode: Callable[[Encoded], Any] = codec.decode_arguments
        self.decode_many: Callable[[Encoded], list[Any]] = codec.many_arguments
        make: Maker = _by_map
        if fields is not None and self._kind is not None:
            self.decode = msgspec.msgpack.Decoder(self._kind).decode
            self.decode_many = reader(calls_of(self._kind))
            make = _by_parts(
                names := tuple(name for name, _ in fields), in_order=_takes_in_order(served.function, names)
            )
        self.run, self.run_many = make(served.function, Raised)

    def request(self) -> Callable[[memoryview], tuple[int, int, str, Any, int]] | None:
        """Return what reads the whole body of a request of this method: kind, id, method, arguments, milliseconds.

        It raises what msgspec raises for every other message. None where the arguments are read into a map.
        """
        if self._request is None and self._kind is not None:
            parts: tuple[Any, ...] = (Literal[REQUEST], Id, Literal.__getitem__(self.method), self._kind, Milliseconds)
            shape: Any = tuple.__class_getitem__(parts)
            self._request = msgspec.msgpack.Decoder(shape).decode
        return self._request


def _structure(fields: tuple[tuple[str, Any], ...]) -> type[msgspec.Struct] | None:
    """Return what holds such arguments; None where their names do not fit."""
    if any(keyword.iskeyword(name) or name.startswith("_") for name, _ in fields):
        return None
    return msgspec.defstruct("Arguments", list(fields), gc=False, kw_only=True)


def _by_map(
    function: Callable[..., Any], raised: type[Raised]
) -> tuple[Callable[[Any], Any], Callable[[list[Any]], list[Any]]]:
    def run(arguments: dict[str, Any]) -> Any:
        return function(**arguments)

    def run_many(many: list[dict[str, Any]]) -> list[Any]:
        answers: list[Any] = []
        add = answers.append
        for arguments in many:
            try:
                add(function(**arguments))
            except (Exception, SystemExit) as error:  # noqa: BLE001  # one call does not take the others with it
                add(raised(error))
        return answers

    return run, run_many


def _takes_in_order(function: Callable[..., Any], names: tuple[str, ...]) -> bool:
    """Whether a function of Python's takes these arguments, and no others before them, by their places."""
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, FunctionType):
        return False
    code = plain.__code__
    first = 0 if plain is function else 1
    return code.co_varnames[first : first + len(names)] == names and code.co_argcount >= first + len(names)


@lru_cache(maxsize=256)
def _by_parts(names: tuple[str, ...], *, in_order: bool) -> Maker:
    """Generate what calls functions with parts of these names.

    Args:
        names: of the arguments.
        in_order: hand them over by their places, which costs less.
    """
    handed = ", ".join(f"_jf_one.{name}" if in_order else f"{name}=_jf_one.{name}" for name in names)
    source = f"""
def make(_jf_function, _jf_raised):
    def run(_jf_one):
        return _jf_function({handed})

    def run_many(_jf_many):
        answers = []
        add = answers.append
        for _jf_one in _jf_many:
            try:
                add(_jf_function({handed}))
            except (Exception, SystemExit) as error:
                add(_jf_raised(error))
        return answers

    return run, run_many
"""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<call of what is served>", "exec"), namespace)  # noqa: S102 (our own text, and identifiers)
    make: Maker = namespace["make"]
    return make
