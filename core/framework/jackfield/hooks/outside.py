"""Implementations whose code is in another process: they are sent a call, and answer it later.

To a hook's caller such an implementation is a function like any other. Where several are called and none gets what
another one answered, all of them are sent their call before any answer is waited for.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from threading import RLock
from typing import Any, Protocol, cast, final

ATTRIBUTE = "_jackfield_outside"


class SomeFailed(list[Any]):
    """The answers to many calls, some of which are errors."""


class Sent(Protocol):
    """A call on its way.

    Attributes:
        began: when it was sent, on the clock of `time.perf_counter_ns`.
        ended: when its answer came, or when it was given up; known when it has been waited for.
    """

    began: int
    ended: int

    def __await__(self) -> Generator[Any, Any, Any]:
        """Give its answer, or raise what was raised; for a call that `send` has sent."""
        ...

    def wait(self) -> Any:
        """Return its answer, or raise what was raised; for a call that `send_now` has sent."""
        ...


@final
class Underway:
    """A call whose answer did not come at once: it is awaited. No plugin can answer with one, for it is no data.

    Args:
        answer: what is awaited.
    """

    __slots__ = ("_answer",)

    def __init__(self, answer: Awaitable[Any]) -> None:
        self._answer = answer

    def __await__(self) -> Generator[Any, Any, Any]:
        """Give its answer, or raise what was raised."""
        return self._answer.__await__()


class Outside(Protocol):
    """An implementation in another process.

    A call of it takes the arguments of the function that stands for it as one mapping by name, which is what is sent:
    generated calls make it, for a function in between would cost more than to make it.

    Attributes:
        is_here: tells whether this is the thread whose event loop has to go on for its answers; that one may wait while
            no loop runs in it.
    """

    is_here: Callable[[], bool]

    def ask(self, given: dict[str, Any], began: int, /) -> Any:
        """Send a call, and return its answer where that came at once, else an `Underway`.

        Args:
            given: the arguments.
            began: when the hook's call came to this implementation, on the clock of `time.perf_counter_ns`.
        """
        ...

    def ask_now(self, given: dict[str, Any], began: int, free: bool, /) -> Any:
        """Send a call and wait for its answer.

        Args:
            given: the arguments.
            began: as for `ask`.
            free: whether this is that thread, and no loop runs in it.
        """
        ...

    def call(self, given: dict[str, Any], /) -> Awaitable[Any]:
        """Return what is awaited for the answer to a call that is sent then."""
        ...

    def call_now(self, given: dict[str, Any], /) -> Any:
        """Send a call and wait for its answer."""
        ...

    def send(self, given: dict[str, Any], /) -> Sent:
        """Send a call, on the event loop's thread, and return what is awaited for its answer."""
        ...

    def send_now(self, given: dict[str, Any], /) -> Sent:
        """Send a call, in a thread that will wait for its answer."""
        ...

    def require_waiting(self) -> None:
        """Return if this thread may wait for an answer.

        Raises:
            UsageError: it is that of the event loop, which would stand still.
        """
        ...

    def send_batch(self, many: Sequence[Mapping[str, Any]]) -> Awaitable[list[Any]]:
        """Send many calls in one message; each is answered, or by the error that it raised: in a `SomeFailed`."""
        ...


def this_thread() -> Callable[[], bool]:
    """Return what tells whether it is called in the thread that calls this one.

    A lock that a thread never gives back knows it as its owner. To ask the lock, as the standard library's conditions
    do, costs less than to make the numbers of two threads and compare them.
    """
    lock = RLock()
    lock.acquire()
    is_mine: Callable[[], bool] = lock._is_owned  # type: ignore[attr-defined]  # what `threading.Condition` asks as well
    return is_mine


def outside_of(function: Callable[..., Any]) -> Outside | None:
    """Return what a function stands for, if its code is in another process."""
    return cast("Outside | None", getattr(function, ATTRIBUTE, None))


def stands_for(function: Callable[..., Any], outside: Outside) -> None:
    """Let a function stand for an implementation in another process."""
    setattr(function, ATTRIBUTE, outside)
