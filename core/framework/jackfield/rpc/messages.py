"""What two processes say to each other: nine kinds of message, each an array that starts with its kind.

Arguments and answers are carried as they are and decoded by the codec of their method, which knows the types. A message
of another shape, an unknown kind, a field too many or out of its range is a `ProtocolViolation`.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from jackfield.errors import ProtocolViolation

#: The newest version of the protocol that this side speaks, and the oldest.
PROTOCOL_VERSION = 1
OLDEST_PROTOCOL_VERSION = 1

#: Ids stay whole in JavaScript's numbers (ECMA-262, Number.MAX_SAFE_INTEGER).
Id = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Method = Annotated[str, Meta(min_length=1, max_length=200)]
#: What is left of the call's time when it is sent; 0 for no limit.
Milliseconds = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Text = Annotated[str, Meta(max_length=16_384)]
Details = Annotated[dict[Annotated[str, Meta(max_length=100)], Text], Meta(max_length=32)]
#: The calls of one batch: enough to make the cost of a message small, few enough to stop in between.
BATCH_CALLS = 10_000


#: The kinds of most messages. They are written as a tuple with this number, which is made faster than a struct.
REQUEST, RESPONSE, BATCH_RESPONSE = 1, 2, 6


class Hello(Struct, array_like=True, tag=0, forbid_unknown_fields=True, frozen=True):
    """The first message in each direction.

    Args:
        protocol: always "jackfield".
        oldest: the oldest version of the protocol that the sender speaks.
        newest: the newest one.
        frame_bytes: the largest body of a frame that the sender takes.
        details: what else the two agree on, e.g. a key.
    """

    protocol: Annotated[str, Meta(max_length=32)] = "jackfield"
    oldest: Annotated[int, Meta(ge=1, le=65_535)] = OLDEST_PROTOCOL_VERSION
    newest: Annotated[int, Meta(ge=1, le=65_535)] = PROTOCOL_VERSION
    frame_bytes: Annotated[int, Meta(ge=1024, le=2**31 - 1)] = 1 << 20
    details: Details = {}


class Request(Struct, array_like=True, tag=REQUEST, forbid_unknown_fields=True, gc=False):
    """Call a method: `arguments` is a map by name, `milliseconds` what is left of the call's time."""

    id: Id
    method: Method
    arguments: Raw
    milliseconds: Milliseconds


class Response(Struct, array_like=True, tag=RESPONSE, forbid_unknown_fields=True, gc=False):
    """The answer to the request with that id."""

    id: Id
    answer: Raw


class Failure(Struct, array_like=True, tag=3, forbid_unknown_fields=True, gc=False):
    """The request with that id raised: the kind of error, its sentence, and details such as "traceback"."""

    id: Id
    kind: Annotated[str, Meta(max_length=200)]
    message: Text
    details: Details


class Notification(Struct, array_like=True, tag=4, forbid_unknown_fields=True, gc=False):
    """Call a method and want no answer, not even an error."""

    method: Method
    arguments: Raw


class Batch(Struct, array_like=True, tag=5, forbid_unknown_fields=True, gc=False):
    """Call one method many times, in order: `arguments` is an array of maps."""

    id: Id
    method: Method
    arguments: Raw
    milliseconds: Milliseconds


class BatchFailure(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """The call at `place` of a batch raised."""

    place: Annotated[int, Meta(ge=0, lt=BATCH_CALLS)]
    kind: Annotated[str, Meta(max_length=200)]
    message: Text
    details: Details


class BatchResponse(Struct, array_like=True, tag=BATCH_RESPONSE, forbid_unknown_fields=True, gc=False):
    """The answers to a batch, one for each call; nil stands where `failures` tells of an error."""

    id: Id
    answers: Raw
    failures: Annotated[list[BatchFailure], Meta(max_length=BATCH_CALLS)]


class Cancel(Struct, array_like=True, tag=7, forbid_unknown_fields=True, gc=False):
    """Nobody waits for the answer to that request any more; it is still answered, or fails as "Cancelled"."""

    id: Id


class Goodbye(Struct, array_like=True, tag=8, forbid_unknown_fields=True, gc=False):
    """The last message: why the sender ends the connection."""

    reason: Text


Message = Hello | Request | Response | Failure | Notification | Batch | BatchResponse | Cancel | Goodbye

#: The kinds that answer a request, and those beside a request that ask for something.
ANSWERS = (Response, Failure, BatchResponse)
ASKED = (Batch, Notification, Cancel)

#: What decoding raises for bytes that do not fit: not msgpack, another shape, too deep, text that is no UTF-8.
DECODING_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError, OverflowError)

_decode: Callable[[memoryview | bytes], Message] = msgspec.msgpack.Decoder(Message).decode


#: `read_message`, for who tells the errors of decoding itself.
decode_message = _decode


def read_message(body: memoryview | bytes) -> Message:
    """Decode the body of a frame; arguments and answers in it refer to `body` and are void when that is.

    Raises:
        ProtocolViolation: it is no message.
    """
    try:
        return _decode(body)
    except DECODING_ERRORS as error:
        raise ProtocolViolation(f"a frame is no message: {error}") from error


def raw(value: Any) -> Raw:
    """Let a value stand where encoded bytes are declared: encoding a message takes either."""
    return value  # type: ignore[no-any-return]  # encoded in place, which saves encoding and copying it apart
