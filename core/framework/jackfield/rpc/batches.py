"""The calls of one batch, made in their order as long as their answers fit into one message.

A few bytes ask for a thousand answers, of half a MiB each: they are counted as they come, and not when all are there.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

from jackfield.errors import CannotCross
from jackfield.rpc.applying import Applied
from jackfield.rpc.link import REST_AFTER_SECONDS, RESTS, Raised, Served, encode
from jackfield.rpc.steps import InSteps

CALLS_A_TURN: Final = 50
"""That run before others have their turn on the event loop, or before their answers are counted."""


async def one_by_one(served: Served, many: Sequence[dict[str, Any]], most_bytes: int) -> list[Any]:
    """Make the calls of a batch, and let others have their turn in between.

    Args:
        served: what is called.
        many: the arguments of each call.
        most_bytes: of the message that answers.

    Raises:
        CannotCross: the answers do not fit into it; those calls that are left are not made.
    """
    from asyncio import sleep  # who waits has no event loop, and loads none

    answers: list[Any] = []
    room = _Room(most_bytes)
    held = 0.0

    def took(began: float) -> None:
        nonlocal held
        held += monotonic() - began

    for place, arguments in enumerate(many):
        began = monotonic()
        value = _call(served, arguments)
        took(began)
        if inspect.isawaitable(value):
            try:
                value = await InSteps(value, took)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # one call of a batch does not take the others with it
                value = Raised(error)
        answers.append(value)
        room.take((value,))
        if held > REST_AFTER_SECONDS:
            await sleep(held * RESTS)
            held = 0.0
        elif not (place + 1) % CALLS_A_TURN:
            await sleep(0)
    return answers


def in_portions(applied: Applied, many: list[Any], most_bytes: int) -> list[Any] | Raised:
    """Make them all at once, or some at a time where they are many; as `one_by_one`, whose error is returned."""
    if len(many) <= CALLS_A_TURN:
        return applied.run_many(many)
    answers: list[Any] = []
    room = _Room(most_bytes)
    try:
        for first in range(0, len(many), CALLS_A_TURN):
            portion = applied.run_many(many[first : first + CALLS_A_TURN])
            answers += portion
            room.take(portion)
    except CannotCross as error:
        return Raised(error)
    return answers


class _Room:
    """What is left of a message for answers.

    Args:
        most_bytes: of the message.
    """

    __slots__ = ("_left_bytes", "_most_bytes")

    def __init__(self, most_bytes: int) -> None:
        self._left_bytes = self._most_bytes = most_bytes

    def take(self, answers: Sequence[Any]) -> None:
        """Note that a part of it is taken.

        Raises:
            CannotCross: there is no more.
        """
        try:
            size = len(encode(answers))
        except CannotCross:  # one of them is an error, or no data, which is told by a sentence
            size = sum(map(_size, answers))
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise CannotCross(
                f"the answers to a batch are beyond the {self._most_bytes} bytes of one message",
                hint="ask in several batches",
            )


def _size(answer: Any) -> int:
    try:
        return len(encode(answer))
    except CannotCross:
        return 0


def _call(served: Served, arguments: dict[str, Any]) -> Any:
    try:
        return served.function(**arguments)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # one call of a batch does not take the others with it
        return Raised(error)
