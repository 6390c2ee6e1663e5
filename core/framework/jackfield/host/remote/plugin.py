"""One plugin in another process: the line to it, its life there, and how the host is told of its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context, copy_context
from time import monotonic
from typing import Any

from jackfield.errors import CallTimeout, LinkClosed, PluginError, ProcessLost, ProtocolViolation, TakenDown
from jackfield.host.remote.asking import Waiting, asking, led_by_starts
from jackfield.host.remote.starts import Waited
from jackfield.host.remote.words import in_words
from jackfield.isolation import LED_TO_SECONDS, Line, Watch, ZygoteLostError
from jackfield.rpc import in_one_line
from jackfield.runtime import GRACE_SECONDS, CallbackAnswer

_log = logging.getLogger("jackfield.host")

GOODBYE_SECONDS = 1.0
"""How long a process may take to end once its line was closed, before it is killed."""

LONGEST_TOLD = 200
MOST_LEFT = 20
"""Names of what a plugin did not end, and characters of each, that are told."""

ENDED_SECONDS = 1.0
"""How long it is waited for that a process tells how it ended, once its line has."""

MOST_WAIT_SECONDS = 4.0
"""How long what another plugin asks waits until there is processor time for it: less than the listeners of one plugin
have for an event."""

AGAIN_SECONDS = 0.25
"""Between two looks whether there is: what a process used is measured as often."""

ALIVE_SECONDS = 5.0
"""What one that is not ours to stop may take to say that it is there, after a call that it did not answer in time."""


class RemotePlugin:
    """Calls one plugin in another process, and notices its end.

    Args:
        plugin: its id.
        line: to it, greeted.
        process: what is killed with it; None for one that somebody else started.
        call_seconds: what a call may take that says nothing else.

    Attributes:
        import_seconds: what the import of its code took.
        led_by: what leads the callback of its life that is under way; None while none is.
        on_end: told once, with a sentence, when it ended by itself: `weather was killed by SIGKILL`.
        waited: what waits for it: other plugins, and starts of plugins.
    """

    def __init__(self, plugin: str, line: Line, process: Watch | None, *, call_seconds: float = 5.0) -> None:
        self.plugin = plugin
        self.line = line
        self.process = process
        self.call_seconds = call_seconds
        self.import_seconds = 0.0
        self.led_by: Context | None = None
        self.waited = Waited()
        self.on_end: Callable[[str], None] | None = None
        self._ending = False
        self._taken_down = ""
        self._asking: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._watching = self._loop.create_task(self._watch(), name=f"{plugin}: end of its process")

    async def call(
        self,
        method: str,
        arguments: Mapping[str, Any],
        answer: Any = Any,
        *,
        timeout_seconds: float | None = None,
        what: str = "",
    ) -> Any:
        """Call a method of the plugin (`jackfield.host.remote.PluginCalls`).

        Who is cancelled waits no more, and the call has its time all the same: code that does not let itself be
        cancelled is stopped when that is over.

        Raises:
            PluginError: it did not answer in time, or its process is gone.
            Exception: what the method raised.
        """
        waiting = self.waiting(method)
        try:
            if waiting is not None and waiting.is_for_another:
                await self._until_it_has_time()
            return await self._call(method, arguments, answer, timeout_seconds or self.call_seconds, what)
        finally:
            if waiting is not None:
                waiting.end()

    async def _call(self, method: str, arguments: Mapping[str, Any], answer: Any, seconds: float, what: str) -> Any:
        began = monotonic()
        try:
            return await self.line.call(method, arguments, answer, timeout_seconds=seconds)
        except CallTimeout as error:
            raise self.was_late(what or in_words(method, arguments), seconds) from error
        except LinkClosed as error:
            raise self.is_gone(what or in_words(method, arguments), error) from error
        except asyncio.CancelledError:
            self.given_up(what or in_words(method, arguments), seconds, began + seconds - monotonic())
            raise

    async def _until_it_has_time(self) -> None:
        """Wait while what others ask of the plugin would take the last of the processor time that it may use."""
        process, until = self.process, monotonic() + MOST_WAIT_SECONDS
        while process is not None and not self._ending and self.line.ended is None:
            seconds = min(process.spare_time.wait_seconds(), until - monotonic())
            if seconds <= 0:
                return
            await asyncio.sleep(min(seconds, AGAIN_SECONDS))

    def waiting(self, method: str = "") -> Waiting | None:
        """Return what waits for this plugin while a method is called, a plugin or a start; None where nothing does."""
        asked, starts = asking.get(), led_by_starts()
        if asked is None and not starts:
            return None
        if asked is not None and (not asked.plugin or asked.own_time is self.line.own_time):
            asked = None  # its own time does not stand still
        return Waiting(asked, self.waited, starts, is_life=method.startswith("plugin."))

    @property
    def longest_seconds(self) -> float:
        """After how many seconds a call has ended for certain, answered or not."""
        return self.call_seconds + LED_TO_SECONDS + GRACE_SECONDS

    def given_up(self, what: str, seconds: float, left_seconds: float = GRACE_SECONDS) -> None:
        """See to it that a call for which nobody waits any more does not go on for ever.

        Args:
            what: was called.
            seconds: the time that it had.
            left_seconds: what is left of that.
        """
        if self.process is None or self._ending or self.line.ended is not None:
            return
        task = asyncio.get_running_loop().create_task(self._ask(what, seconds, max(left_seconds, GRACE_SECONDS)))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, what: str, seconds: float, left_seconds: float) -> None:
        """Ask whether it is at work, and stop it where it is not: its code holds up whatever else is asked of it."""
        try:
            await self.line.call("plugin.health", {}, None, timeout_seconds=left_seconds)
        except CallTimeout:
            if not self._ending:
                self.was_late(what, seconds)
        except Exception:  # noqa: BLE001  # gone meanwhile, which is told elsewhere; or it is at work, and says something
            return

    async def open_scope(self) -> None:
        """Let the plugin begin things."""
        await self.call("scope.open", {}, None)

    async def close_scope(self, seconds: float) -> list[str]:
        """End all that the plugin began; return the names of what has not ended."""
        try:
            left: list[str] = await self.call("scope.close", {}, list[str], timeout_seconds=seconds)
        except Exception as error:  # noqa: BLE001  # a process that is gone has ended it all; the way down goes on
            _log.warning("%s did not end what it began: %s", self.plugin, error)
            return []
        return [in_one_line(one[:LONGEST_TOLD]) for one in left[:MOST_LEFT]]

    async def callback(self, name: str, *arguments: object, timeout_seconds: float | None = None) -> Any:
        """Call a callback of its life; return the state that it hands over, as data.

        What cannot cross is told in the log, and nothing is handed over in its place.

        Args:
            name: the callback's.
            *arguments: what it is given.
            timeout_seconds: what it may take at least; None: as any call.
        """
        given = [await self._crossing(name, one) for one in arguments]
        told = {"name": name, "arguments": given}
        before, self.led_by = self.led_by, copy_context()
        try:
            seconds = max(self.call_seconds, timeout_seconds or 0.0)
            left: CallbackAnswer = await self.call("plugin.callback", told, CallbackAnswer, timeout_seconds=seconds)
        finally:
            self.led_by = before
        if left.problem:
            _log.warning(
                "%s hands nothing over to its next code: %s", self.plugin, in_one_line(left.problem[:LONGEST_TOLD])
            )
        return left.state

    async def _crossing(self, name: str, value: object) -> object:
        import msgspec

        try:
            msgspec.msgpack.encode(value)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            _log.warning("%s is not given what was handed over to its %s: %s", self.plugin, name, error)
            return None
        return value

    def was_late(self, what: str, seconds: float) -> PluginError:
        """Return the error for a call that was not answered in time; a worker is stopped for it.

        One that somebody else started is asked whether it is there at all: else everybody waits for each call of one
        that hangs, for as long as it does.
        """
        if self.process is not None:
            return self.process.late(what, seconds)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._doubt)
        return ProcessLost(f"{self.plugin} did not answer {what} within {seconds:g} s", plugin=self.plugin)

    def _doubt(self) -> None:
        if not self._asking and not self._ending and self.line.ended is None:
            task = self._loop.create_task(self._end_unless_alive(), name=f"{self.plugin}: is it alive")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _end_unless_alive(self) -> None:
        """End the line of one that answers nothing any more; it may come again."""
        try:
            await self.line.call("plugin.health", {}, None, timeout_seconds=ALIVE_SECONDS)
        except CallTimeout:
            self.line.close("it did not answer any more")
        except Exception:  # noqa: BLE001  # gone meanwhile; or it is alive, whatever it says
            return

    def is_gone(self, what: str, error: LinkClosed) -> PluginError:
        """Return the error for a call of a process that is gone; where its host ended it, nobody is to blame."""
        if self.process is not None and self.process.breach is not None:
            return self.process.breach.error()
        if taken_down := self._taken_down or self.line.taken_down:
            return TakenDown(f"{self.plugin} did not answer {what}: {taken_down} meanwhile", plugin=self.plugin)
        return ProcessLost(f"{self.plugin} did not answer {what}: {error.message}", plugin=self.plugin)

    async def in_place_of(self, error: Exception) -> Exception:
        """Return what to say of a failed start: how its process ended, where it did so by itself meanwhile.

        Args:
            error: why it failed.
        """
        process, cause = self.process, error.__cause__ or error
        if process is None or self._ending or not isinstance(cause, LinkClosed) or isinstance(cause, ProtocolViolation):
            return error
        try:
            async with asyncio.timeout(ENDED_SECONDS):
                how = await process.wait()
        except TimeoutError:
            return error  # it lives, and has closed its line
        if process.breach is not None:
            return error  # which names the limit
        told = ProcessLost(f"{self.plugin} {how}", plugin=self.plugin)
        told.__cause__ = ZygoteLostError(str(cause)) if process.was_lost else cause
        return told

    def hang_up(self) -> None:
        """End the line to one that somebody else started and that says no goodbye: it would be waited for again."""
        if self.process is None:
            self.line.close("it did not say goodbye in time")

    async def until_quiet(self, seconds: float) -> None:
        """Wait until it has answered what it was asked by others than its host, or until the time is over."""
        await self.line.until_quiet(("hook.", "handler.", "service."), seconds)

    async def finish(self) -> None:
        """End the process, as soon as it has answered what it was asked; its successor is at work."""
        await self.until_quiet(self.call_seconds)
        await self.end("it was replaced")

    async def end(self, reason: str = "it was taken down") -> None:
        """End the process: say goodbye, and kill it if it stays; returns when it is gone.

        Args:
            reason: why, as who still waits for an answer is told it.
        """
        self._ending = True
        if self.line.ended is None:  # else it has ended by itself
            self._taken_down = reason
        self.line.close(reason)
        process = self.process
        if process is not None:
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            process.close()
        await asyncio.wait({self._watching, *self._asking})

    async def cut(self, reason: str) -> None:
        """End the process without a goodbye, so that nothing of it runs any more; returns when it is gone."""
        if self.process is not None:
            self.process.kill()
        await self.end(reason)

    async def _watch(self) -> None:
        """Notice the end of the line, which is that of the plugin: one place for who restarts it."""
        await self._until_gone()
        if self._ending:
            return
        closed = self.line.ended
        why = f"{self.plugin} went away: {closed.message}" if closed is not None else f"{self.plugin} went away"
        process = self.process
        if process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ENDED_SECONDS):
                    how = f"{self.plugin} {await process.wait()}"
                    if not isinstance(closed, ProtocolViolation):  # else it was sent away, whatever it did then
                        why = how
            if process.breach is not None:
                why = str(process.breach.error())  # with what its user can do
            process.close()  # one whose line has ended is of no use, whatever it does
        if self.on_end is not None:
            self.on_end(why)

    async def _until_gone(self) -> None:
        """Wait for the end of the line, or for that of the process, whose line something else may hold open."""
        closing = asyncio.create_task(self.line.wait_closed())
        if self.process is not None:
            ending = asyncio.create_task(self.process.wait())
            await asyncio.wait({closing, ending}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            # What it sent before is read first, and its end tells of itself.
            if not (await asyncio.wait({closing}, timeout=ENDED_SECONDS))[0] and not self._ending:
                self.line.close("its process has ended")
        await closing
