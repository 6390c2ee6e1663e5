"""`context.scheduler`: tasks, threads and timers that belong to a plugin's scope (K26, K28)."""

import asyncio
import contextlib
import contextvars
import inspect
import math
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from jackfield.api import Subscription
from jackfield.errors import PluginError, UsageError
from jackfield.runtime.blocking import Crossing
from jackfield.runtime.guard import Guard, shielded
from jackfield.runtime.scopes import Opened, Scope
from jackfield.runtime.threads import ScopedThread, own_stopping

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST_SECONDS = 0.001
"""Between two calls of a repeating timer: one without any rest would leave the event loop none either."""


class PluginScheduler:
    """What goes on beside a plugin's callbacks.

    Args:
        plugin: its id.
        scope: what everything belongs to.
        guard: counts timers, and is told of what fails.
        crossing: leads from the plugin's threads to the event loop.
        apart: makes the context variables of work that goes on by itself, whatever began it.
    """

    def __init__(
        self,
        plugin: str,
        scope: Scope,
        guard: Guard,
        crossing: Crossing,
        *,
        apart: Callable[[], contextvars.Context] = contextvars.copy_context,
    ) -> None:
        self._plugin = plugin
        self._scope = scope
        self._guard = guard
        self._crossing = crossing
        self._apart = apart
        self._tasks: set[asyncio.Task[Any]] = set()
        self._threads: set[ScopedThread] = set()
        self._closed_themselves: set[asyncio.Task[Any]] = set()
        self._stopping: threading.Event | None = None

    @property
    def stopping(self) -> threading.Event:
        """Set when what runs must end: in a thread started here its own, elsewhere that of the whole plugin."""
        own = own_stopping()
        return own if own is not None else self._here("stopping", self._stopping_of_all)

    def start(self, coroutine: Coroutine[Any, Any, Any], *, name: str = "") -> "asyncio.Task[Any]":
        """Start a task; it is cancelled when the plugin is disabled."""
        if not inspect.iscoroutine(coroutine):
            raise TypeError(f"a task needs a coroutine, not {type(coroutine).__name__}")
        task, _ = self._here("scheduler.start", self._begin, coroutine, f"task {name or coroutine.__qualname__}")
        return task

    def start_thread(self, function: Callable[..., Any], *arguments: object, name: str = "") -> ScopedThread:
        """Run a plain function in a thread of its own, told to stop when the plugin is disabled."""
        if inspect.iscoroutinefunction(inspect.unwrap(function)):
            raise UsageError(
                f"{self._plugin}: a thread runs a plain function, and {name_of(function)} is async",
                plugin=self._plugin,
                hint="context.scheduler.start(function()) starts a task",
            )
        return self._here("scheduler.start_thread", self._begin_thread, function, arguments, name)

    def after(self, seconds: float, function: Callable[..., Any], *arguments: object, name: str = "") -> Subscription:
        """Call a function once, after a while."""
        delay = self._seconds(seconds, zero=True)
        what = f"timer {name or name_of(function)}"

        async def wait_and_call() -> None:
            await asyncio.sleep(delay)
            await self._turn(function, arguments, what)

        return self._here("scheduler.after", self._begin_timer, wait_and_call(), what)

    def every(self, seconds: float, function: Callable[..., Any], *arguments: object, name: str = "") -> Subscription:
        """Call a function again and again; calls never overlap."""
        interval = self._seconds(seconds, zero=False)
        what = f"timer {name or name_of(function)}"
        return self._here("scheduler.every", self._begin_timer, self._repeat(interval, function, arguments, what), what)

    async def end(self, grace_seconds: float) -> list[str]:
        """Wait until everything has ended that the scope's close told to end; return the names of what has not.

        What ends later takes its name off the list.

        Args:
            grace_seconds: how long it may take altogether.
        """
        for task in self._tasks:
            task.cancel()  # a timer that closed itself while it ran is not in the scope any more
        names = {task: task.get_name() for task in self._tasks} | {
            thread.ended: f"{self._plugin}: {thread.name}" for thread in self._threads
        }
        if not names:
            return []
        _, unended = await asyncio.wait(names, timeout=grace_seconds)
        left = [names[one] for one in unended]
        for one in unended:
            one.add_done_callback(lambda ended: left.remove(names[ended]))
        return left

    def _begin(self, coroutine: Coroutine[Any, Any, Any], what: str) -> tuple["asyncio.Task[Any]", Opened]:
        self._require_open(coroutine, what)
        label = what.removeprefix("task ")
        task = self._crossing.loop.create_task(
            shielded(self._plugin, what, coroutine), name=f"{self._plugin}: {label}", context=self._apart()
        )
        self._tasks.add(task)
        opened = self._scope.begin(what, lambda: self._cancel(task))

        def ended(task: "asyncio.Task[Any]") -> None:
            self._tasks.discard(task)
            self._closed_themselves.discard(task)
            self._scope.forget(opened)
            coroutine.close()  # one that was cancelled before it began would count as never awaited
            if not task.cancelled() and (error := task.exception()) is not None:
                self._guard.blame(self._plugin, what, error)

        task.add_done_callback(ended)
        return task, opened

    def _begin_timer(self, coroutine: Coroutine[Any, Any, Any], what: str) -> Opened:
        return self._begin(coroutine, what)[1]

    def _begin_thread(self, function: Callable[..., Any], arguments: tuple[object, ...], name: str) -> ScopedThread:
        what = f"thread {name or name_of(function)}"
        self._scope.require_open(what)
        thread = ScopedThread(self._plugin, what, function, arguments, self._crossing.loop)
        thread.opened = self._scope.begin(what, thread.stopping.set)
        self._threads.add(thread)

        def ended(_: object) -> None:
            self._threads.discard(thread)
            self._scope.forget(thread.opened)
            if (error := thread.failure) is not None:
                self._guard.blame(self._plugin, what, error)

        thread.ended.add_done_callback(ended)
        thread.start()
        return thread

    async def _repeat(
        self, interval: float, function: Callable[..., Any], arguments: tuple[object, ...], what: str
    ) -> None:
        loop = self._crossing.loop
        turn = loop.time() + interval
        while True:
            await asyncio.sleep(turn - loop.time())
            await self._turn(function, arguments, what)
            if asyncio.current_task() in self._closed_themselves:
                return
            missed = max(0, math.floor((loop.time() - turn) / interval))
            turn += interval * (1 + missed)

    async def _turn(self, function: Callable[..., Any], arguments: tuple[object, ...], what: str) -> None:
        """Call a timer's function; whatever it raises is counted to the plugin and ends there."""
        with contextlib.suppress(Exception), self._guard.watched(self._plugin, what):
            result = function(*arguments)
            if inspect.isawaitable(result):
                await result

    def _cancel(self, task: "asyncio.Task[Any]") -> None:
        """Cancel a task; one that closes itself finishes what it is at, and is not broken off in the middle."""
        if self._crossing.here() and asyncio.current_task() is task:
            self._closed_themselves.add(task)
        else:
            task.cancel()

    def _stopping_of_all(self) -> threading.Event:
        """One event for each time that the plugin is enabled; before and after, one that is set."""
        if self._stopping is None or (self._stopping.is_set() and self._scope.is_open):
            self._stopping = threading.Event()
            if self._scope.is_open:
                self._scope.begin("signal to stop", self._stopping.set)
            else:
                self._stopping.set()
        return self._stopping

    def _here(self, what: str, begin: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Begin something on the event loop's thread, whichever thread asks."""
        if self._crossing.here():
            return begin(*arguments, **named)
        begun: T = self._crossing.wait(what, begin, *arguments, **named)
        return begun

    def _require_open(self, coroutine: Coroutine[Any, Any, Any], what: str) -> None:
        try:
            self._scope.require_open(what)
        except PluginError:
            coroutine.close()  # else Python warns that nobody awaited it
            raise

    def _seconds(self, seconds: float, *, zero: bool) -> float:
        found = math.nan
        if type(seconds) in (int, float):
            with contextlib.suppress(OverflowError):  # a whole number beyond every float
                found = float(seconds)
        if not math.isfinite(found) or found < 0 or (found == 0 and not zero):
            expected = "0 or more" if zero else "more than 0"
            raise UsageError(
                f"{self._plugin}: a timer needs a number of seconds, {expected}, not {_shown(seconds)}",
                plugin=self._plugin,
            )
        return found if zero else max(found, SHORTEST_SECONDS)


def _shown(seconds: object) -> str:
    """What was given for a time; of a whole number too long to be a time its size (Python refuses to print some)."""
    if isinstance(seconds, int) and seconds.bit_length() > 200:
        return f"a number of about {seconds.bit_length() * 3 // 10} digits"
    return f"{seconds!r}"[:200]


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called in the log: its name, also behind a partial or an object's `__call__`."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__qualname__", type(inner).__qualname__).removeprefix("<locals>.").rpartition("<locals>.")[2]
