"""Work that goes on beside the callbacks: tasks, threads and timers, as protocols, and `@new_thread`."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from jackfield.api.events import Subscription
from jackfield.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Thread(Protocol[ResultT_co]):
    """A thread that the plugin started; awaiting it gives what its function returned."""

    @property
    def name(self) -> str:
        """What it is called in the log and in the status."""
        ...

    @property
    def alive(self) -> bool:
        """Whether its function has not returned yet."""
        ...

    async def result(self) -> ResultT_co:
        """Return what the function returned, as soon as it does.

        Raises:
            PluginError: the function tried to end the process.
            Exception: whatever the function raised; it was counted to the plugin already.
        """
        ...

    def __await__(self) -> Generator[Any, None, ResultT_co]: ...

    def close(self) -> None:
        """Tell it to stop, by its event; Python cannot end a thread, so the function must look."""
        ...


class Scheduler(Protocol):
    """Work that goes on beside the callbacks; it belongs to the plugin and ends with it (K26, K28).

    When the plugin is disabled, the newest is told first. What has not ended a second later is named in the log and in
    the plugin's status. May be used from the event loop's thread and from threads started here.
    """

    @property
    def stopping(self) -> threading.Event:
        """Set when what runs must end: in a thread started here its own, elsewhere that of the whole plugin."""
        ...

    def start(self, coroutine: Coroutine[Any, Any, Any], *, name: str = "") -> "asyncio.Task[Any]":
        """Start a task; it is cancelled when the plugin is disabled, and its failure is counted to the plugin."""
        ...

    def start_thread(self, function: Callable[..., T], *arguments: object, name: str = "") -> Thread[T]:
        """Run a plain function in a thread of its own; what it raises is counted to the plugin.

        Args:
            function: `def`. A parameter called `stopping` is given the event that tells it to stop; without one it
                looks at `context.scheduler.stopping`.
            arguments: passed on.
            name: for the log; empty: the function's name.

        Raises:
            UsageError: the function is `async def`.
            PluginError: the plugin is not enabled.
        """
        ...

    def after(self, seconds: float, function: Callable[..., Any], *arguments: object, name: str = "") -> Subscription:
        """Call `function`, `def` or `async def`, once, `seconds` (0 or more) from now.

        Raises:
            UsageError: the time is no number of seconds.
            PluginError: the plugin is not enabled.
        """
        ...

    def every(self, seconds: float, function: Callable[..., Any], *arguments: object, name: str = "") -> Subscription:
        """Call `function`, `def` or `async def`, every `seconds` (more than 0), the first time after as many.

        At most once a millisecond. Calls never overlap: one that takes longer than its turn makes the next ones fall
        out, not pile up. One that fails is counted to the plugin and the next one comes all the same.

        Raises:
            UsageError: the time is no number of seconds, or 0.
            PluginError: the plugin is not enabled.
        """
        ...


@overload
def new_thread(function: Callable[P, T]) -> Callable[P, Thread[T]]: ...


@overload
def new_thread(function: str = "") -> Callable[[Callable[P, T]], Callable[P, Thread[T]]]: ...


def new_thread(
    function: Callable[P, T] | str = "",
) -> Callable[P, Thread[T]] | Callable[[Callable[P, T]], Callable[P, Thread[T]]]:
    """Make a call of a plugin's method, or of a module's function, start a thread and return its `Thread` (U16).

    The first argument of the call says whose thread it is: the plugin itself, or its `context`.

        @new_thread
        def count(self, path): ...

        @new_thread("counting")
        def count(context, path): ...

    Args:
        function: what is decorated, or the thread's name.

    Raises:
        UsageError: at a call whose first argument is neither a plugin nor a context.
    """
    if not isinstance(function, str):
        return _threaded(function, "")
    name = function
    return lambda decorated: _threaded(decorated, name)


def _threaded(function: Callable[P, T], name: str) -> Callable[P, Thread[T]]:
    @functools.wraps(function)
    def start(*arguments: P.args, **named: P.kwargs) -> Thread[T]:
        owner: Any = arguments[0] if arguments else None
        scheduler: Scheduler | None = getattr(getattr(owner, "context", owner), "scheduler", None)
        if scheduler is None:
            raise UsageError(
                f"{function.__qualname__} starts a thread, but its first argument is neither a plugin nor a context"
            )
        if named:
            return scheduler.start_thread(
                functools.partial(function, *arguments, **named), name=name or function.__name__
            )
        return scheduler.start_thread(function, *arguments, name=name or function.__name__)

    return start
