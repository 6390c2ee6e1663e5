"""Which calls are open in both directions, as a state machine without I/O.

The rules, each a `ProtocolViolation` of the other side when it breaks one:

- its requests carry rising ids, and no more than `open_calls` of them wait for an answer at a time;
- it answers what it was asked, once, and in the form it was asked: one answer for a call, a list for a batch;
- a batch is answered for each of its calls, and an answer fits the return annotation.

A call that this side has given up (its time was over) may still be answered once; too many of those never answered mean
that the other side does not answer any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from jackfield.errors import CannotCross, LinkClosed, PluginError, ProtocolViolation, TakenDown
from jackfield.rpc.codec import CallCodec, Misfit, WithErrors
from jackfield.rpc.failures import told
from jackfield.rpc.messages import BatchFailure, BatchResponse, Failure, Response

#: Calls given up and not answered yet.
ABANDONED_CALLS = 1000

#: Ends that were planned and that the other side was told of, kept until it tells of them in turn.
MOST_ENDS = 64


class OpenCall(Struct, eq=False):
    """A call that was sent and whose answer is awaited.

    Args:
        number: its id.
        method: what was called.
        codec: reads the answer.
        count: how many calls, if it is a batch; None for a single one.
        deadline: when its time is over, in seconds of `time.monotonic()`; infinity for never.
        began: when it was sent, if a driver wants to know.
        done: whether it has its answer.
        value: what was answered.
        error: what was raised instead.
        settled: told when it is done; a driver's.
        waiter: what the driver keeps for that moment.
    """

    # A struct is made four times as fast as an object with slots, and there is one for each call.

    number: int
    method: str
    codec: Any
    count: int | None
    deadline: float
    began: float = 0.0
    done: bool = False
    value: Any = None
    error: Any = None
    settled: Any = None
    waiter: Any = None

    def result(self) -> Any:
        """What was answered.

        Raises:
            Exception: what the other side raised, or why there is no answer.
        """
        if self.error is not None:
            raise self.error
        return self.value

    def settle(self, value: Any, error: Exception | None) -> None:
        """Give it its answer, the first time."""
        if self.done:
            return
        self.value, self.error = value, error
        self.done = True
        if self.settled is not None:
            self.settled(self)


class Ledger:
    """The calls of one connection.

    Args:
        peer: what the other side is called in sentences, e.g. "the worker of weather".
        open_calls: how many requests of the other side may wait for an answer.
    """

    __slots__ = ("_abandoned", "_ends", "last_asked", "last_number", "mine", "open_calls", "peer", "theirs")

    def __init__(self, peer: str, open_calls: int) -> None:
        self.peer = peer
        self.open_calls = open_calls
        self.last_number = 0  # of the requests of this side
        self.mine: dict[int, OpenCall] = {}
        self._abandoned: dict[int, None] = {}
        self._ends: dict[tuple[str, str | None], None] = {}  # sentence, and whose end it was
        self.last_asked = 0
        self.theirs: set[int] = set()

    @property
    def awaited(self) -> int:
        """How many calls of this side wait for their answer."""
        return len(self.mine)

    def open(self, method: str, codec: CallCodec, count: int | None, deadline: float) -> OpenCall:
        """Note a call that is about to be sent."""
        self.last_number = number = self.last_number + 1
        call = self.mine[number] = OpenCall(number, method, codec, count, deadline)
        return call

    def overdue(self, now: float) -> list[OpenCall]:
        """The calls whose time is over."""
        return [call for call in self.mine.values() if call.deadline <= now]

    def nearest_deadline(self) -> float:
        """When the first of the open calls will be late; infinity if none can be."""
        return min((call.deadline for call in self.mine.values()), default=float("inf"))

    def note(self, number: int, method: str, codec: CallCodec, deadline: float, began: float = 0.0) -> OpenCall:
        """Note a call that was sent; the caller reads, so that nobody can have settled it."""
        call = self.mine[number] = OpenCall(number, method, codec, None, deadline, began)
        return call

    def wrong_answer(self, method: str, error: CannotCross | ProtocolViolation) -> ProtocolViolation:
        """What the other side has broken by an answer that is none to that method."""
        return ProtocolViolation(f"{self.peer} answered {method} with what {error.message}")

    def forget(self, call: OpenCall) -> None:
        """Take a call back that was never sent."""
        self.mine.pop(call.number, None)

    def abandon(self, call: OpenCall) -> None:
        """Give a call up that was sent; its answer may come late.

        Raises:
            ProtocolViolation: too many calls were never answered.
        """
        self._abandoned[call.number] = None  # first, for another thread may settle it in this moment
        if self.mine.pop(call.number, None) is None:
            del self._abandoned[call.number]
            return
        if len(self._abandoned) > ABANDONED_CALLS:
            raise ProtocolViolation(f"{self.peer} left {ABANDONED_CALLS} calls without an answer")

    def settle(self, message: Response | Failure | BatchResponse) -> None:
        """Give an answer to the call that waits for it.

        Raises:
            ProtocolViolation: no call waits for it, or it is not the answer to that call.
        """
        number = message.id
        call = self.mine.pop(number, None)
        if call is None:
            if number in self._abandoned:
                del self._abandoned[number]
                return
            asked = "a second time" if number <= self.last_number else "which was never made"
            raise ProtocolViolation(f"{self.peer} answered call {number} {asked}")
        try:
            if call.count is None and isinstance(message, Response):
                call.value = call.codec.answer(message.answer)
                call.done = True
                if call.settled is not None:
                    call.settled(call)
                return
            value, error = self._answer(call, message)
        except Misfit as wrong:
            value, error = None, wrong
        except (CannotCross, ProtocolViolation) as wrong:
            violation = self.wrong_answer(call.method, wrong)
            call.settle(None, violation)
            raise violation from wrong
        call.settle(value, error)

    def _answer(self, call: OpenCall, message: Response | Failure | BatchResponse) -> tuple[Any, Exception | None]:
        if isinstance(message, Failure):
            return None, self._told(message)
        if isinstance(message, Response):
            raise ProtocolViolation("answers one call, and a batch was sent")
        if call.count is None:
            raise ProtocolViolation("answers a batch, and one call was sent")
        answers = call.codec.many_answers(message.answers)
        if len(answers) != call.count:
            raise ProtocolViolation(f"answers {len(answers)} calls, and {call.count} were sent")
        if message.failures:
            answers = WithErrors(answers)
        for one in message.failures:
            if one.place >= call.count:
                raise ProtocolViolation(f"tells of call {one.place} of {call.count}")
            answers[one.place] = self._told(one)
        return answers, None

    def told_of_end(self, error: TakenDown) -> None:
        """Note that the other side is told of an end that was planned: it may come back as why a call failed."""
        self._ends[error.message, error.plugin] = None
        if len(self._ends) > MOST_ENDS:
            del self._ends[next(iter(self._ends))]

    def _told(self, message: Failure | BatchFailure) -> Exception:
        error = told(message.kind, message.message, message.details, self.peer)
        if self._ends and type(error) is PluginError and (error.message, error.plugin) in self._ends:
            del self._ends[error.message, error.plugin]  # once: nobody excuses a second failure by it
            return TakenDown(error.message, plugin=error.plugin, hint=error.hint)
        return error

    def admit(self, number: int) -> None:
        """Note a request of the other side.

        Raises:
            ProtocolViolation: its id is not above the last, or too many are open.
        """
        self.rise(number)
        self.theirs.add(number)

    def rise(self, number: int) -> None:
        """Note the id of a request that is answered before the next one is read, and so is never open.

        Raises:
            ProtocolViolation: its id is not above the last, or too many are open.
        """
        if number <= self.last_asked:
            raise ProtocolViolation(f"{self.peer} used the id {number} after {self.last_asked}; ids rise")
        if len(self.theirs) >= self.open_calls:
            raise ProtocolViolation(f"{self.peer} has more than {self.open_calls} calls open")
        self.last_asked = number

    def hold(self, number: int) -> None:
        """Let a request that has risen be open until it is answered."""
        self.theirs.add(number)

    def is_open(self, number: int) -> bool:
        """Whether a request of the other side still waits for its answer."""
        return number in self.theirs

    def answered(self, number: int) -> bool:
        """Note that a request is answered; False if it was before."""
        if number not in self.theirs:
            return False
        self.theirs.remove(number)
        return True

    def end(self, error: LinkClosed) -> None:
        """Fail every call that waits."""
        for call in list(self._waiting()):
            call.settle(
                None, type(error)(error.message, hint=error.hint)
            )  # each is raised, with a traceback of its own
        self.theirs.clear()

    def _waiting(self) -> Iterator[OpenCall]:
        while self.mine:
            yield self.mine.popitem()[1]
