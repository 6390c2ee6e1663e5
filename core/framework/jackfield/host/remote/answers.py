"""What a plugin answers a hook with, held to the spec: one that does not fit is its failure, and ends nothing.

The protocol ends a link for an answer that does not fit, since whoever answers checks first. A plugin checks by the
spec only where it can import it, and an author's mistake must not cost the process.
"""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from jackfield.errors import CannotCross
from jackfield.rpc import CallCodec

_plain = CallCodec(inspect.Signature(return_annotation=Any))


class Misfit:
    """Stands for an answer that does not fit; it is no data, so no plugin can send one."""

    __slots__ = ("_why",)

    def __init__(self, why: str) -> None:
        self._why = why

    def error(self, plugin: str, hook: str) -> TypeError:
        """Return the error that it is."""
        return TypeError(f"{plugin} answered {hook} with what {self._why}")


class WithMisfits(list[Any]):
    """The answers to a batch, some of which may be misfits."""


class HookCodec(CallCodec):
    """Reads the answers of one hook; what does not fit becomes a `Misfit`.

    Args:
        signature: of the hook, its annotations resolved.

    Raises:
        CannotCross: an annotation is no data.
    """

    __slots__ = ("_kind",)

    def __init__(self, signature: inspect.Signature) -> None:
        super().__init__(signature)
        self._kind = signature.return_annotation
        strict, strict_many = self.answer, self.many_answers

        def answer(encoded: Any) -> Any:
            try:
                return strict(encoded)
            except CannotCross as error:
                return Misfit(error.message)

        def many_answers(encoded: Any) -> list[Any]:
            try:
                return strict_many(encoded)
            except CannotCross:
                return WithMisfits(self._read(one) for one in _plain.many_answers(encoded))

        self.answer = answer
        self.many_answers = many_answers

    def _read(self, value: Any) -> Any:
        try:
            return msgspec.convert(value, self._kind, builtin_types=(bytes,))
        except msgspec.ValidationError as error:
            return Misfit(f"does not fit what is declared: {error}")
