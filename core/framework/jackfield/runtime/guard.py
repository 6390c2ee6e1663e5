"""Calls what plugins wrote: bounded in time, blamed on the plugin, and never able to end the host."""

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from jackfield.errors import PluginError, TakenDown, UsageError
from jackfield.hooks import HookCount, interrupts
from jackfield.runtime.visits import Visits

_log = logging.getLogger("jackfield.runtime")

GRACE_SECONDS = 1.0
"""How long a cancelled coroutine may take to end before it is reported and left behind."""

#: Told of each failure: the plugin's id, what it was doing, the error.
Blame = Callable[[str, str, BaseException], None]

#: Told that a call begins: the plugin's id, what for; returns where its time is counted.
Begin = Callable[[str, str], HookCount]


class Guard:
    """Runs functions of plugins.

    A coroutine is cancelled when its time is over. A plain function cannot be: it is measured, and blamed when it was
    slow. `SystemExit` and its like count as a failure like any other; `KeyboardInterrupt` is the user's and passes.

    Args:
        blame: told of each failure.
        timeout_seconds: for a call that names no other limit.
        begin: told of each call; the time of the call is added to what it returns.

    Attributes:
        blame: as given, for work that is not run from here.
        elsewhere: says for a plugin in a process of its own after how many seconds a call of it has ended there for
            certain, and 0 for others. It has a limit of its own, which is blamed in better words.
        visits: what is done for users, by `run_for_user`.
    """

    def __init__(self, blame: Blame, *, timeout_seconds: float = 10.0, begin: Begin = HookCount) -> None:
        self.blame = blame
        self.elsewhere: Callable[[str], float] = lambda _: 0.0
        self.visits = Visits()
        self._begin = begin
        self.timeout_seconds = timeout_seconds

    def within(self, seconds: float) -> "Guard":
        """Return a guard that does the same, with calls that may take no longer than that, wherever they run."""
        return Guard(self.blame, timeout_seconds=min(seconds, self.timeout_seconds), begin=self._begin)

    async def run(self, plugin: str, what: str, function: Callable[..., Any], *arguments: object) -> Any:
        """Call `function` for `plugin` and return its result.

        Args:
            plugin: the id that is blamed; empty for the host's own functions.
            what: what it is doing, for the log and the status: `on_enable`, `command roll`.
            function: `def` or `async def`.
            arguments: passed on.

        Raises:
            PluginError: it did not return in time, or tried to end the process.
            Exception: what the function raised, unchanged, after it was blamed.
        """
        try:
            return await self.bounded(plugin, what, function, arguments)
        except Exception as error:
            self.blame(plugin, what, error)
            raise

    async def run_for_user(self, plugin: str, what: str, function: Callable[..., Any], *arguments: object) -> Any:
        """The same for what a user asked: `UsageError` is then the user's mistake and not counted to the plugin."""
        with self.visits.begun(plugin, what) as visit:
            try:
                return await self.bounded(plugin, what, function, arguments)
            except UsageError:
                raise
            except Exception as error:
                if not visit.is_broken_off:
                    self.blame(plugin, what, error)
                raise

    async def bounded(self, plugin: str, what: str, function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
        """Call it in its time and count it, and leave the blame to who called; see `run`."""
        count, begun = self._begin(plugin, what), time.perf_counter_ns()
        try:
            return await self._timed(plugin, what, function, arguments)
        finally:
            ended = time.perf_counter_ns()
            count.took(ended - begun, ended)

    @contextlib.contextmanager
    def watched(self, plugin: str, what: str, *, for_user: bool = False) -> Iterator[None]:
        """Count and blame what happens in this block, without a limit in time: for work that may take long.

        Args:
            plugin: whose code runs.
            what: what it is doing: `timer save`, `service geocoder.find`.
            for_user: whether `UsageError` is the mistake of who called, and not counted to the plugin.

        Raises:
            PluginError: it tried to end the process, cancelled itself, or raised what is no `Exception`.
            Exception: what it raised, unchanged, after it was blamed.
        """
        count, begun = self._begin(plugin, what), time.perf_counter_ns()
        try:
            yield
        except Exception as error:
            if not (for_user and isinstance(error, UsageError)):
                self.blame(plugin, what, error)
            raise
        except BaseException as error:
            if _is_ours(error):
                raise
            failure = _ending(plugin, what, error)
            self.blame(plugin, what, failure)
            raise failure from error
        finally:
            ended = time.perf_counter_ns()
            count.took(ended - begun, ended)

    def count(self, plugin: str, what: str, nanoseconds: Iterable[int]) -> None:
        """Count what has run elsewhere, each with the time that it took.

        Args:
            plugin: whose code ran.
            what: what it did: `timer save`.
            nanoseconds: of each run.
        """
        for took in nanoseconds:
            self._begin(plugin, what).took(took, time.perf_counter_ns())

    async def _timed(self, plugin: str, what: str, function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
        limit = self.elsewhere(plugin) or self.timeout_seconds
        started = time.perf_counter()
        try:
            result = function(*arguments)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise _ending(plugin, what, error) from error
        spent = time.perf_counter() - started
        if spent > limit:
            slow = PluginError(f"{plugin}: {what} held everything up for {spent:.1f} s", plugin=plugin)
            self.blame(plugin, what, slow)
        if not inspect.isawaitable(result):
            return result
        return await self._await(plugin, what, result, limit)

    async def _await(self, plugin: str, what: str, awaitable: Awaitable[Any], limit: float) -> Any:
        task = asyncio.ensure_future(shielded(plugin, what, awaitable))
        visit = self.visits.attend(task)
        try:
            await asyncio.wait({task}, timeout=limit)
            if visit is not None and visit.is_broken_off and (not task.done() or task.cancelled()):
                raise TakenDown(f"{plugin} was taken down before {what} had ended", plugin=plugin)
            if task.done():
                failure = asyncio.CancelledError() if task.cancelled() else task.exception()
                if failure is not None and not (isinstance(failure, Exception) or interrupts(failure)):
                    raise _ending(plugin, what, failure) from failure
                return task.result()
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
            if not task.done():
                _log.error("%s: %s does not end when it is cancelled; it is left behind", plugin, what)
            raise PluginError(f"{plugin}: {what} did not return within {limit:g} s", plugin=plugin)
        finally:
            if not task.done():
                task.cancel()
            task.add_done_callback(_retrieve)


async def shielded(plugin: str, what: str, awaitable: Awaitable[Any]) -> Any:
    """Await on a plugin's behalf; a task that lets `SystemExit` through would end the event loop."""
    try:
        return await awaitable
    except SystemExit as error:
        raise PluginError(f"{plugin}: {what} tried to end the process", plugin=plugin) from error


def _ending(plugin: str, what: str, error: BaseException) -> PluginError:
    """The failure of a plugin's code that raised what would end its caller, and so everybody's start or stop."""
    if isinstance(error, SystemExit):
        return PluginError(f"{plugin}: {what} tried to end the process", plugin=plugin)
    if isinstance(error, asyncio.CancelledError):
        return PluginError(f"{plugin}: {what} cancelled itself", plugin=plugin)
    return PluginError(f"{plugin}: {what} raised {type(error).__name__}: {error}", plugin=plugin)


def _is_ours(error: BaseException) -> bool:
    """Say whether it is no failure of who raised it: Ctrl-C, the end of a coroutine, or of the task itself."""
    if not isinstance(error, asyncio.CancelledError):
        return isinstance(error, GeneratorExit) or interrupts(error)
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread, where nobody cancels anything
        return False
    return task is not None and task.cancelling() > 0


def _retrieve(task: "asyncio.Future[Any]") -> None:
    """Take a late failure, so that the loop does not report it as never retrieved."""
    if not task.cancelled():
        task.exception()
