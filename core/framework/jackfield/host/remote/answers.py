"""What a plugin answers a hook with, held to the spec: one that does not fit is its failure, and ends nothing.

The protocol ends a link for an answer that does not fit, since whoever answers checks first. A plugin checks by the
spec only where it can import it, and an author's mistake must not cost the process.
"""

from __future__ import annotations

import inspect
from typing import Any

from jackfield.errors import CannotCross
from jackfield.rpc import CallCodec, Misfit, WithErrors, fitted

_plain = CallCodec(inspect.Signature(return_annotation=Any))


class HookCodec(CallCodec):
    """Reads the answers of one hook; what does not fit is a `Misfit`, raised or in its place in a batch.

    Args:
        signature: of the hook, its annotations resolved.
        plugin: who answers.
        hook: the hook's name.

    Raises:
        CannotCross: an annotation is no data.
    """

    __slots__ = ("_hook", "_kind", "_plugin")

    def __init__(self, signature: inspect.Signature, plugin: str, hook: str) -> None:
        super().__init__(signature)
        self._kind = signature.return_annotation
        self._plugin = plugin
        self._hook = hook
        strict, strict_many = self.answer, self.many_answers

        def answer(encoded: Any) -> Any:
            try:
                return strict(encoded)
            except CannotCross as error:
                raise self._misfit(error.message) from error

        def many_answers(encoded: Any) -> list[Any]:
            try:
                return strict_many(encoded)
            except CannotCross:
                return WithErrors(self._read(one) for one in _plain.many_answers(encoded))

        self.answer = answer
        self.many_answers = many_answers

    def _read(self, value: Any) -> Any:
        try:
            return fitted(value, self._kind, builtin_types=(bytes,))
        except Exception as error:  # noqa: BLE001 (a type of the application may raise its own when one is made)
            return self._misfit(f"does not fit what is declared: {error}")

    def _misfit(self, why: str) -> Misfit:
        return Misfit(f"{self._plugin} answered {self._hook} with what {why}")
