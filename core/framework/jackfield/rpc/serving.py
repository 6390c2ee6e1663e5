"""Running what the other side calls, the same for both drivers; each sends what comes out in its own way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jackfield.errors import CannotCross, LinkClosed, ProtocolViolation, UsageError
from jackfield.rpc.applying import Applied
from jackfield.rpc.batches import in_portions, one_by_one
from jackfield.rpc.burden import LIGHT_BYTES, Burden
from jackfield.rpc.link import Link, Raised, Served
from jackfield.rpc.messages import (
    BATCH_RESPONSE,
    DECODING_ERRORS,
    RESPONSE,
    Batch,
    BatchResponse,
    Cancel,
    Failure,
    Notification,
    Request,
    Response,
)
from jackfield.rpc.replies import Gathered, Reply

_UNFITTING = (*DECODING_ERRORS, CannotCross)

Answer = Response | Failure | BatchResponse
#: Takes an awaitable and where its outcome belongs; only an event loop has one.
Later = Callable[[Any, Reply], None]


class Server:
    """Answers the requests of one link.

    Args:
        link: where they come from.
        send: sends an answer.
        later: runs what a method returned and is to be awaited; None where nothing can be.

    Attributes:
        depth: how many calls of the other side run within each other.
        known: how served methods are called, those that were called so far.
    """

    __slots__ = ("_burden", "_later", "_link", "_open", "_send", "_telling", "_told", "depth", "known")

    def __init__(self, link: Link, send: Callable[[object], None], later: Later | None = None) -> None:
        self._link = link
        self._send = send
        self._later = later
        self._burden = Burden(link.peer, link.limits.held_bytes)
        self._open: dict[int, Reply | Gathered] = {}
        self._telling: dict[int, Reply | Gathered] = {}  # notifications that have not ended
        self._told = 0
        self.known: dict[str, Applied] = {}
        self.depth = 0

    def applied(self, method: str, served: Served) -> Applied:
        """How a served method is called; kept while the same is served under its name."""
        applied = self.known.get(method)
        if applied is None or applied.served is not served:
            applied = self.known[method] = Applied(method, served)
        return applied

    def request(self, message: Request) -> None:
        """Run one call; its answer is sent now or, by a deferred or asynchronous method, later.

        Raises:
            ProtocolViolation: the request breaks a rule of the ledger.
        """
        link = self._link
        ledger, number = link.ledger, message.id
        if number <= ledger.last_asked or len(ledger.theirs) >= ledger.open_calls:
            ledger.rise(number)  # refuses it
        ledger.last_asked = number
        self.depth += 1
        try:
            served = link.serve(message.method)
            if served is None or self.depth > link.limits.nesting:
                raise self._not_served(message)  # noqa: TRY301  # one call less for each request
            codec, encoded = served.codec, message.arguments
            decode, weight = codec.decode_arguments, 0
            try:
                if len(encoded) > LIGHT_BYTES:
                    decode, weight = codec.read_arguments, self._burden.weigh(encoded, codec)
                arguments = decode(encoded)
            except _UNFITTING as error:
                raise _unfitting(message, error) from error
            if served.deferred:
                self._start(served, arguments, self._reply(message, served, weight))
                return
            value = served.function(**arguments)
            if self._later is not None and inspect.isawaitable(value):
                self._later(value, self._reply(message, served, weight))
                return
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
            self.fail(number, error)
        else:
            self.give(number, served, value)
        finally:
            self.depth -= 1

    def give(self, number: int, served: Served, value: Any) -> None:
        """Answer with what a method returned."""
        if type(value) in served.codec.certain:
            self._dispatch(number, (RESPONSE, number, value))
        else:
            self._dispatch(number, self._link.response(number, served, value))

    def fail(self, number: int, error: BaseException) -> None:
        """Answer with what a method raised."""
        self._dispatch(number, self._link.failure(number, error))

    def take(self, message: Batch | Notification | Cancel) -> None:
        """Run what else was asked for.

        Raises:
            ProtocolViolation: a batch breaks a rule of the ledger.
        """
        if isinstance(message, Cancel):
            if (waiting := self._open.pop(message.id, None)) is not None:
                waiting.cancel()
            return
        if isinstance(message, Batch):
            self._link.ledger.admit(message.id)
        self.depth += 1
        try:
            served = self._link.serve(message.method)
            if served is None or self.depth > self._link.limits.nesting:
                raise self._not_served(message)  # noqa: TRY301  # one call less for each request
            if isinstance(message, Batch):
                self._run_batch(message, served)
            else:
                weight = self._weight(message, served)
                self._start(served, served.codec.arguments(message.arguments), self._unanswered(weight))
        except ProtocolViolation:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
            if isinstance(message, Batch):
                self._answer(self._link.failure(message.id, error))
        finally:
            self.depth -= 1

    def end(self) -> None:
        """Tell everything that still runs for the other side that nobody waits for it."""
        for waiting in (self._open, self._telling):
            while waiting:
                waiting.popitem()[1].cancel()

    def _not_served(self, message: Request | Batch | Notification) -> UsageError:
        if self._link.serve(message.method) is None:
            return UsageError(f"there is no method {message.method}")
        return UsageError(f"calls go back and forth more than {self._link.limits.nesting} deep")

    def _run_batch(self, message: Batch, served: Served) -> None:
        applied = self.applied(message.method, served) if self._later is None and not served.deferred else None
        read, weight = served.codec.many_arguments if applied is None else applied.decode_many, 0
        try:
            if applied is None and (weight := self._weight(message, served)):
                read = served.codec.read_many
            many = read(message.arguments)
        except CannotCross as error:
            raise _unfitting(message, error) from error
        number, burden = message.id, self._burden
        burden.held_bytes += weight

        certain = served.codec.certain

        def send(answers: Any) -> None:
            self._open.pop(number, None)
            if not self._link.ledger.answered(number):
                return  # it was before
            burden.held_bytes -= weight
            if isinstance(answers, Raised):
                self._dispatch(number, self._link.failure(number, answers.error))
                return
            if certain.issuperset(map(type, answers)):  # nothing raised, and all of it fits, most often
                with suppress(CannotCross, LinkClosed):
                    self._send((BATCH_RESPONSE, number, answers, ()))
                    return
            self._dispatch(number, self._link.batch_response(number, served, answers))

        if self._later is not None:
            reply = self._open[number] = Reply(send, message.milliseconds)
            self._later(one_by_one(served, many, self._link.writer.limit_bytes), reply)
        elif applied is not None:
            send(in_portions(applied, many, self._link.writer.limit_bytes))
        elif many:
            gathered = self._open[number] = Gathered(len(many), send, message.milliseconds)
            for arguments, one in zip(many, gathered.replies, strict=True):
                self._start(served, arguments, one)
        else:
            send([])

    def _start(self, served: Served, arguments: dict[str, Any], reply: Reply) -> None:
        """Run one call whose answer goes to a reply."""
        try:
            if served.deferred:
                served.function(reply, **arguments)
                return
            value = served.function(**arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
            reply.fail(error)
            return
        if self._later is not None and inspect.isawaitable(value):
            self._later(value, reply)
        else:
            reply.give(value)

    def _weight(self, message: Batch | Notification, served: Served) -> int:
        encoded = message.arguments
        return self._burden.weigh(encoded, served.codec) if len(encoded) > LIGHT_BYTES else 0

    def _reply(self, message: Request, served: Served, weight: int) -> Reply:
        number, burden = message.id, self._burden
        self._link.ledger.hold(number)
        burden.held_bytes += weight

        def send(value: Any) -> None:
            burden.held_bytes -= weight
            self._open.pop(number, None)
            if isinstance(value, Raised):
                self._answer(self._link.failure(number, value.error))
            elif type(value) not in served.codec.certain:
                self._answer(self._link.response(number, served, value))
            elif self._link.ledger.answered(number):
                self._dispatch(number, (RESPONSE, number, value))

        reply = self._open[number] = Reply(send, message.milliseconds)
        return reply

    def _unanswered(self, weight: int) -> Reply:
        """Return where the outcome of a notification goes; what it started ends with the link like any request's.

        Args:
            weight: about how many bytes its arguments take.

        Raises:
            ProtocolViolation: too many of them have not ended.
        """
        self._told += 1
        if len(self._telling) >= self._link.limits.open_calls:
            peer, most = self._link.peer, self._link.limits.open_calls
            raise ProtocolViolation(f"{peer} has more than {most} notifications that have not ended")
        number, burden = self._told, self._burden
        burden.held_bytes += weight

        def ended(_: Any) -> None:
            burden.held_bytes -= weight
            self._telling.pop(number, None)

        reply = self._telling[number] = Reply(ended, 0)
        return reply

    def _answer(self, answer: Answer) -> None:
        """Send the answer to an open request, unless it was answered."""
        if self._link.ledger.answered(answer.id):
            self._dispatch(answer.id, answer)

    def _dispatch(self, number: int, answer: object) -> None:
        """Send an answer, or that it cannot be sent."""
        try:
            self._send(answer)
        except CannotCross as error:  # it is larger than the other side takes
            self._send(self._link.failure(number, error))
        except LinkClosed:
            pass  # nobody waits for it any more; whoever reads next is told why


class Cancelled(Exception):
    """What a call ends with that nobody waits for; told as the kind "Cancelled"."""


def _unfitting(message: Request | Batch, error: Exception) -> TypeError:
    """Arguments that do not fit are the mistake of who called, not one of the protocol."""
    why = error.message if isinstance(error, CannotCross) else f"does not fit what is declared: {error}"
    return TypeError(f"the arguments of {message.method}: {why}")
