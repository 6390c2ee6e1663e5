"""What an event loop receives on one link: in portions, and not while the other side does not read."""

from __future__ import annotations

import select
import socket
from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable
from contextvars import copy_context
from time import monotonic, perf_counter_ns

from jackfield.errors import LinkClosed, ProtocolViolation
from jackfield.rpc.framing import HEADER_BYTES, SHORT_BYTES
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import REST_AFTER_SECONDS, RESTS, Link
from jackfield.rpc.loop.patience import SLOW_BATCH_NANOSECONDS, SLOW_NANOSECONDS, Patience
from jackfield.rpc.messages import DECODING_ERRORS, RESPONSE, Message, decode_message

#: The messages of one link that are taken before others have their turn.
MESSAGES_A_TURN = 100
#: An answer that comes within this time costs less to wait for than a turn of the loop, which a task is woken by.
QUICK_SECONDS = 50e-6
#: The same for a batch of many calls.
QUICK_BATCH_NANOSECONDS = 1_000_000
#: The quick answers in a row after which the next is waited for.
_QUICK_ANSWERS = 4
#: The quick answers more that are needed when one was waited for in vain; twice as many each time, up to the most.
_QUICK_ANSWERS_MISSED = 60
_QUICK_ANSWERS_MOST = 4000
#: For how long it is waited for at most. For less than a tick of the kernel (4 ms) a timer of its own is programmed,
#: and that costs 20 µs on a virtual machine.
LOOK_MILLISECONDS = 4
#: After how long, in all, no further answer is waited for before the loop has had its turn again.
_LOOKS_NANOSECONDS = 500_000
_DONTWAIT = socket.MSG_DONTWAIT


class Intake:
    """Watches the socket of one link.

    What the other side asks for runs in the context in which this was made, whoever waits for an answer meanwhile:
    what such a caller was led by is none of the other side's business, and would lead all that it asks for later.

    Args:
        link: the link.
        loop: the event loop that drives it.
        take: is given each message.
        is_held: whether nothing is to be taken now.
        refuse: is given what the other side has broken.

    Attributes:
        look_until: until when an answer may be waited for, on the clock of `time.perf_counter_ns`; 0 where none may, or
            something else is to be taken first.
        poll: waits until something can be received, so many milliseconds at most; whether it can.
    """

    __slots__ = (
        "_again",
        "_context",
        "_descriptor",
        "_is_held",
        "_link",
        "_loop",
        "_mine",
        "_missed",
        "_packets_a_turn",
        "_patience",
        "_quick",
        "_reader",
        "_recv_into",
        "_refuse",
        "_rest_until",
        "_take",
        "_watching",
        "look_until",
        "poll",
    )

    def __init__(
        self,
        link: Link,
        loop: AbstractEventLoop,
        take: Callable[[Message], None],
        is_held: Callable[[], bool],
        refuse: Callable[[ProtocolViolation], None],
    ) -> None:
        self._link = link
        self._loop = loop
        self._context = copy_context()
        self._take = take
        self._is_held = is_held
        self._refuse = refuse
        self._reader = link.reader
        self._recv_into = link.socket.recv_into
        self._mine = link.ledger.mine
        self._descriptor = link.socket.fileno()
        self._packets_a_turn = MESSAGES_A_TURN if link.socket.type == socket.SOCK_SEQPACKET else 1
        self._watching = False
        self._again: Handle | None = None  # takes what was received before, in a later turn
        self._rest_until = 0.0
        poll = select.poll()
        poll.register(link.socket, select.POLLIN)
        self.poll: Callable[[int], object] = poll.poll
        self._patience = Patience(loop)
        self._quick = 0  # answers in a row
        self._missed = _QUICK_ANSWERS_MISSED  # how many fewer these are when the next is waited for in vain
        self.look_until = 0

    def start(self) -> None:
        """Watch the socket, and take what was received before."""
        if self._watching or self._again is not None or self._link.ended is not None:
            return
        if (rest := self._rest_until - monotonic()) > 0:
            self._again = self._loop.call_later(rest, self._go_on, context=self._context.copy())
        elif self._link.reader.waiting_bytes:  # left when reading was stopped, or by another driver
            self._again = self._loop.call_soon(self._go_on, context=self._context.copy())
        else:
            self._watch()

    def stop(self) -> None:
        """Receive nothing more until `start`."""
        self.look_until = 0
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._descriptor)

    def look(self, now: int) -> memoryview | None:
        """Receive the answer to a call that was just sent, without a turn of the loop, if those before it were quick.

        A turn of asyncio's loop costs more than the whole call where both processes share a core. So when the last
        answers came within microseconds, this one is waited for: milliseconds at most, and when it does not come, none
        is for many calls. The first after half a millisecond is left to the loop, which sees if answers are quick
        still. Calls that are made again and again do the same in a function of their own, see `QuickCalls.quick`.

        Args:
            now: on the clock of `time.perf_counter_ns`.

        Returns:
            memoryview | None: the body of a short frame that came alone, void when more is received; None where
                nothing came, or what came is left to the loop.
        """
        if now > self.look_until:
            return None
        reader = self._reader
        try:
            if not self.poll(LOOK_MILLISECONDS):
                self.missed(now)
                return None
            if perf_counter_ns() - now > SLOW_NANOSECONDS:
                self.waited(now)
            count = self._recv_into(reader.view, 0, _DONTWAIT)
        except OSError:
            return None  # the loop will see the same
        length = count - HEADER_BYTES
        if 0 < length <= SHORT_BYTES and reader.first[0] == length:
            return reader.bodies[length] or reader.body(length)
        if count:
            self.leave(count)
        return None  # at the end of the stream the loop will see it once more

    def look_for(self, call: OpenCall) -> bool:
        """Do the same for a batch that was just sent, whose answer may be long; whether it is answered.

        Whatever else comes before its answer is taken.
        """
        until, reader, began = self.look_until, self._reader, perf_counter_ns()
        while not call.done and perf_counter_ns() <= until and self._watching:  # else it rests, or is held
            try:
                if not self.poll(LOOK_MILLISECONDS):
                    self.missed(began)
                    return False
                count = self._recv_into(reader.room(), 0, _DONTWAIT)
            except OSError:
                return False  # the loop will see the same
            if not count:
                return False
            reader.received(count)
            self._context.copy().run(self._take_messages)
        if perf_counter_ns() - began > SLOW_BATCH_NANOSECONDS:
            self.waited(began)
        elif call.done and self._watching and reader.ready is not None:
            self.look_until = until
        return call.done

    def answered_in(self, nanoseconds: int) -> None:
        """Note how long a batch took that was answered by way of the loop."""
        self._note(quick=nanoseconds < QUICK_BATCH_NANOSECONDS)

    def waited(self, began: int) -> None:
        """Note that an answer kept the loop waiting: for some times as long the next ones are left to it.

        Args:
            began: when it began to wait, on the clock of `time.perf_counter_ns`.
        """
        self.look_until = 0
        self._patience.spend(began, perf_counter_ns())

    def missed(self, began: int) -> None:
        """Note that an answer was waited for in vain, from when on."""
        self._patience.spend(began, perf_counter_ns())
        self.look_until, self._quick = 0, -self._missed
        self._missed = min(2 * self._missed, _QUICK_ANSWERS_MOST)

    def leave(self, count: int) -> None:
        """Leave to the loop what `look` has received.

        Args:
            count: how many bytes.
        """
        self._reader.begin(count)
        self.stop()
        self.start()

    def _watch(self) -> None:
        self._watching = True
        self._context.run(self._loop.add_reader, self._descriptor, self._readable)  # asyncio calls it in a copy

    def _readable(self) -> None:
        """Take what has come: a portion, or short answers packet by packet while more of them are to be expected."""
        link, reader = self._link, self._reader
        for _ in range(self._packets_a_turn):
            try:
                count = self._recv_into(reader.room(), 0, _DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                link.lose(error, may_read=False)
                return
            if not count:
                link.lose(None, may_read=False)
                return
            if reader.waiting_bytes or not self._settled(count):
                reader.received(count)
                self._take_messages()
                return
            if not self._mine or not self._watching:
                return

    def _settled(self, count: int) -> bool:
        """Take what came if it is one short answer and nothing else, as it is most often; whether it was."""
        reader, length = self._reader, count - HEADER_BYTES
        if not (1 < length <= SHORT_BYTES and reader.first[0] == length and reader.is_small):
            return False
        body = reader.bodies[length] or reader.body(length)
        if body[1] != RESPONSE:
            return False
        try:
            response = decode_message(body)
            call = self._mine.get(response.id)  # type: ignore[union-attr]  # its kind was looked at
            if call is None or call.waiter is None or call.count is not None:
                return False
            call.value = call.codec.response(body)[2]
        except DECODING_ERRORS:
            return False  # whoever takes it then says what is wrong
        del self._mine[call.number]
        call.done = True
        self._note(quick=monotonic() - call.began < QUICK_SECONDS)
        call.waiter.go_on()
        return True

    def _note(self, *, quick: bool) -> None:
        if quick:
            self._quick += 1
            if self._quick >= _QUICK_ANSWERS:
                self._quick = _QUICK_ANSWERS
                self._missed = max(self._missed - 1, _QUICK_ANSWERS_MISSED)
                if (
                    self._watching
                    and self._reader.ready is not None
                    and self._patience.allows(now := perf_counter_ns())
                ):
                    self.look_until = now + _LOOKS_NANOSECONDS
        elif self._quick > 0:
            self._quick = max(self._quick - _QUICK_ANSWERS // 2, 0)

    def _take_messages(self) -> None:
        self.look_until = 0
        began = monotonic()
        self._take_some(began + REST_AFTER_SECONDS)
        if (held := monotonic() - began) > REST_AFTER_SECONDS:
            self._rest_until = began + held * (1 + RESTS)
            if self._watching or self._again is not None:
                self.stop()
                self.start()

    def _take_some(self, until: float) -> None:
        link, take = self._link, self._take
        try:
            for _ in range(MESSAGES_A_TURN):
                message = link.next_message()
                if message is None:
                    return
                take(message)
                if link.ended is not None or not self._watching:
                    return
                if self._is_held():
                    self.stop()
                    return
                if monotonic() > until:
                    break
        except ProtocolViolation as error:
            self._refuse(error)
            return
        except LinkClosed:
            return  # whoever ended it has said why
        self.stop()
        self.start()  # after the others' turn, and before more is received

    def _go_on(self) -> None:
        self._again = None
        if self._link.ended is None and not self._is_held():
            self._watch()
            self._take_messages()
