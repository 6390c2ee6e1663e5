"""One plugin at a time: load, enable, disable, unload, each with what happens when the plugin fails (K16 to K21).

Nothing here raises for what a plugin does: the plugin's life tells it. C8: a failed plugin is kept with its traceback.
C10: what fails in `on_disable` or `on_unload` is logged and counted, and the plugin goes all the same.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from jackfield.errors import CommandTaken, JackfieldError, LinkClosed, ProcessLost, SandboxError, in_short
from jackfield.hooks import HookManager
from jackfield.host.changes.bringing import Bringing, Brought
from jackfield.host.changes.data_shape import DataShape
from jackfield.host.changes.entrances import leave, open_entrances
from jackfield.host.changes.leaving import Leaving
from jackfield.host.changes.patience import Patience
from jackfield.host.changes.within import callback as within
from jackfield.host.changes.within import is_within
from jackfield.host.facets import Surroundings
from jackfield.host.lifecycle import Happening, State
from jackfield.host.loader import misplaced
from jackfield.host.plugins import Plugins, Record
from jackfield.host.remote import Elsewhere, RemotePlugin, StandIns, asking
from jackfield.isolation import ZygoteLostError
from jackfield.runtime import GRACE_SECONDS

_log = logging.getLogger("jackfield.host")

_STARTING = ("on_load", "on_migrate", "on_enable")

ORDER_SECONDS = 1.0
"""How long a plugin waits for those before it, so that hooks keep their order: a slow start keeps nobody longer."""


#: What `on_unload` returned, waiting for the `on_load` of the code that replaces it.
HandedOver = dict[str, Any]


class Runner:
    """Takes single plugins through their lives.

    Args:
        plugins: where their lives are told.
        around: what their contexts share.
        manager: where their hooks are registered.
        elsewhere: brings up those that run in another process.
        patience: with the starts of external ones.

    Attributes:
        bringing: imports their code.
        elsewhere: as given.
        on_process_start: told of each plugin whose process runs.
        on_process_missing: told of each plugin that failed because there was no process for it, with a sentence and
            whether there was one that ended by itself, and whether that counts; it returns the sentence that is told.
        on_process_end: told of each plugin whose process has ended by itself, with a sentence, before its life is, and
            whether the plugin is to blame; it returns the sentence that is told.
    """

    def __init__(
        self,
        plugins: Plugins,
        around: Surroundings,
        manager: HookManager,
        elsewhere: Elsewhere,
        patience: Patience,
    ) -> None:
        self._plugins = plugins
        self._around = around
        self._manager = manager
        self._ends: set[asyncio.Task[None]] = set()
        self.on_process_start: Callable[[Record], None] = lambda _: None
        self.on_process_missing: Callable[[Record, str, bool, bool], str] = lambda _, why, ended, blamed: why
        self.on_process_end: Callable[[Record, str, bool], str] = lambda _, why, blamed: why
        self._handed: HandedOver = {}
        self._shape = DataShape(around.layout.root, around.state)
        self.elsewhere = elsewhere
        self._leaving = Leaving(elsewhere)
        self._patience = patience
        self.stand_ins = StandIns(manager, around, is_within)
        self.bringing = Bringing(plugins, around, elsewhere, self._shape, patience)

    async def end_prepared(self) -> None:
        """End the processes that were prepared and not needed, and those that were replaced."""
        await asyncio.gather(self.bringing.end_prepared(), self._leaving.end())

    async def load(self, record: Record, brought: Brought | None = None) -> None:
        """Import a resolved plugin and call `on_load`; afterwards it is loaded, blocked or failed.

        Args:
            record: the plugin.
            brought: its code, where it has been imported already.
        """
        with self._patience.step(record.candidate, record.placement):
            await self._load(record, brought)

    async def _load(self, record: Record, brought: Brought | None) -> None:
        candidate, inline = record.candidate, not record.placement.own_process
        problem = ""
        if brought is None and inline:  # another process has a path of its own, and looks for itself
            problem = misplaced(candidate) or self.bringing.problem(candidate)
        if problem:
            self._plugins.tell(record, Happening.BLOCKED, problem)
            return
        if not record.comes_back:  # else its count goes on, and whoever looks sees why it ended
            record.errors, record.last_error, record.last_failure, record.refusals = 0, "", "", {}
        previous = self._handed.pop(candidate.canonical_id, None)
        try:
            brought = brought or self.bringing.take(candidate)
            await self._leaving.make_room(candidate, is_up=brought is not None)
            if brought is None:
                await self._shape.prepare(record)
                brought = await self.bringing.bring(candidate, record.placement)
            record.wiring, record.loaded, record.remote, record.start_seconds = brought
            if record.remote is not None:
                record.remote.on_end = partial(self._process_ended, record, record.remote)
                self.on_process_start(record)
            await self._callback(record, "on_load", previous)
        except Exception as error:  # noqa: BLE001  # whatever the plugin's code raises is its failure alone
            await self._failed(record, "while it was loaded", error)
            return
        self._plugins.tell(record, Happening.LOADED)

    async def enable(self, record: Record, before: asyncio.Event | None = None) -> None:
        """Call `on_enable`, then open the plugin's hooks and commands; afterwards it is active or failed.

        Args:
            record: a plugin that is loaded or idle.
            before: set when those are through that come up side by side with it and are called before it, so that the
                order of hooks is the same at every start. It waits a moment for them, and no longer.
        """
        with self._patience.step(record.candidate, record.placement):
            await self._enable(record, before)

    async def _enable(self, record: Record, before: asyncio.Event | None) -> None:
        wiring, loaded = record.wiring, record.loaded
        if wiring is None or loaded is None:
            return
        wiring.scope.open()
        wiring.entrances.open()
        try:
            if record.remote is not None:
                await record.remote.open_scope()
            await self._shape.migrate(record, partial(self._callback, record, "on_migrate"))
            await self._callback(record, "on_enable")
        except Exception as error:  # noqa: BLE001  # see load
            await self._end_scopes(record)
            await self._failed(record, "in on_enable", error)
            await self._shape.settle_quietly(record.candidate.canonical_id)  # its code is gone now
            return
        if before is not None and not before.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ORDER_SECONDS):
                    await before.wait()
        try:
            open_entrances(record, wiring, loaded, self._around, self._manager, self.stand_ins)
        except Exception as error:  # noqa: BLE001  # see load
            self._around.blame(record.candidate.id, "hooks and commands", error)
            await self._quietly(record, "on_disable")
            await self._end_scopes(record)
            await self._failed(record, "while its hooks and commands were added", error)
            return
        self._plugins.tell(record, Happening.ENABLED)

    async def disable(self, record: Record, *, stays: bool = False, replaced: bool = False) -> None:
        """Close the plugin's hooks and commands, call `on_disable`, end all that it began; afterwards it is idle.

        What it does for users has a moment to end before, and is broken off then.

        Args:
            record: a plugin that is active.
            stays: its code stays loaded, but for a process in which something does not end: that is killed.
            replaced: its next code comes at once; who calls it waits for that, if it is in another process.
        """
        wiring, remote, asked = record.wiring, record.remote, asking.get()
        for_itself = asked is not None and asked.plugin == record.candidate.id
        if replaced and remote is not None and record.loaded is not None and wiring is not None:
            self.stand_ins.put(record.loaded.target, seconds=remote.call_seconds, leave=wiring.entrances.close)
            if not for_itself:  # it would wait for what asks for this
                # What it was given it answers itself, and what it hands over holds what it has learned from that.
                await remote.until_quiet(GRACE_SECONDS)
        elif wiring is not None and replaced:
            wiring.entrances.close()  # a call under way still has its answer: a filter's next code would miss it
        elif wiring is not None:
            leave(record, wiring, self._manager)
        if not for_itself and not (replaced and remote is not None):
            # One of these may ask for this; and a process that is replaced answers as long as it can.
            await self._around.guard.visits.end(record.candidate.id, GRACE_SECONDS)
        await self._quietly(record, "on_disable")
        await self._end_scopes(record)
        self._plugins.tell(record, Happening.DISABLED)
        if stays and record.left_behind and record.remote is not None and record.remote.process is not None:
            await self.unload(record, removed=False, replaced=False)
            record.left_behind = ()

    async def unload(self, record: Record, *, removed: bool, replaced: bool, keep_process: bool = False) -> None:
        """Call `on_unload`, and `on_removed` when it was uninstalled; afterwards its code may be dropped.

        Args:
            record: a plugin that is loaded or idle.
            removed: it is not installed any more.
            replaced: the same plugin is loaded again; its new code gets what `on_unload` returns.
            keep_process: leave its process, if it has one, to the caller: its code may have to come back.
        """
        if record.remote is not None:
            record.remote.on_end = None  # it is on its way down: its end is no failure any more, and nobody follows it
        result = await self._quietly(record, "on_unload")
        if removed:
            await self._quietly(record, "on_removed")
        if result is None and record.loaded is not None and record.candidate.origin == "script":
            result = record.loaded.target  # what a script keeps, it keeps in its module (M36)
        if replaced and result is not None:
            self._handed[record.candidate.canonical_id] = result
        if record.wiring is not None:
            await record.wiring.close()
        remote = record.remote
        record.loaded = record.wiring = record.remote = None
        self._plugins.tell(record, Happening.UNLOADED)
        if remote is not None:
            if replaced and not keep_process and record.placement.isolation != "external":
                self._leaving.add(record.candidate, remote)
            elif not keep_process:
                await remote.end("it was uninstalled" if removed else "it was disabled or unloaded")

    async def silence(self, record: Record) -> None:
        """See to it that nothing of a plugin is called any more, not even to say goodbye, and that its process is gone.

        It is still to be disabled and unloaded.

        Args:
            record: a plugin that runs, and does harm.
        """
        if record.wiring is not None:
            leave(record, record.wiring, self._manager)
        if record.loaded is not None:
            record.loaded = replace(record.loaded, callbacks={})
        remote, record.remote = record.remote, None
        if remote is not None:
            remote.on_end = None
            await remote.cut("it was revoked")

    def handed(self) -> HandedOver:
        """Return what waits to be handed over, as a copy."""
        return dict(self._handed)

    def hand(self, cid: str, handed: HandedOver) -> None:
        """Hand over to the next `on_load` of a plugin what it handed over before."""
        if cid in handed:
            self._handed[cid] = handed[cid]

    async def _callback(self, record: Record, name: str, *arguments: object) -> Any:
        callback: Callable[..., Any] | None = record.loaded.callbacks.get(name) if record.loaded is not None else None
        if callback is None:
            return None
        began = perf_counter()
        try:
            with within(record.candidate.canonical_id, name):
                return await self._around.guard.run(record.candidate.id, name, callback, *arguments)
        finally:
            record.start_seconds += perf_counter() - began if name in _STARTING else 0.0

    async def _quietly(self, record: Record, name: str) -> Any:
        if record.remote is not None and record.remote.line.ended is not None:
            return None  # nobody is there any more to say goodbye to
        try:
            return await self._callback(record, name)
        except ProcessLost:  # it did not answer
            if record.remote is not None:
                record.remote.hang_up()
            return None
        except Exception as error:  # noqa: BLE001  # counted and logged by the guard; the way down goes on
            if name == "on_unload":
                _log.warning("%s hands nothing over: on_unload raised %s", record.candidate.id, in_short(repr(error)))
            return None

    async def _end_scopes(self, record: Record) -> None:
        wiring = record.wiring
        if wiring is None:
            return
        wiring.entrances.close()
        remote = record.remote
        left = await remote.close_scope(2 * GRACE_SECONDS) if remote is not None and remote.line.ended is None else []
        wiring.scope.close()
        record.left_behind = left or await wiring.scheduler.end(GRACE_SECONDS)
        for name in record.left_behind:
            _log.error("%s does not end when it is told to; it is left behind", name)
        await wiring.close()

    async def _failed(self, record: Record, when: str, error: Exception) -> None:
        if record.remote is not None:
            error = await record.remote.in_place_of(error)
        told = str(error) if isinstance(error, JackfieldError) else f"{type(error).__name__}: {error}"
        text = "" if isinstance(error, CommandTaken | ProcessLost) else "".join(traceback.format_exception(error))
        wiring, remote = record.wiring, record.remote
        record.loaded = record.wiring = record.remote = None
        if remote is not None:
            remote.on_end = None
            await remote.end(f"it failed: {told}")
        if wiring is not None:
            await wiring.close()
        if self._patience.is_broken_off(record.candidate.canonical_id):  # nothing has failed: it comes again
            self._plugins.tell(record, Happening.UNLOADED if record.life.state.runs_code else Happening.FOUND)
            return
        if record.life.state is State.FOUND:
            self._plugins.tell(record, Happening.RESOLVED)
        why = f"{in_short(told)} ({when})"
        if record.placement.own_process and _had_one_of(error, SandboxError, LinkClosed):
            lost = _had_one_of(error, ZygoteLostError)
            why = self.on_process_missing(record, why, _had_one_of(error, LinkClosed), not lost)
        self._plugins.tell(record, Happening.FAILED, why, text)

    def _process_ended(self, record: Record, remote: RemotePlugin, why: str) -> None:
        """Take a plugin down whose process has ended by itself; the one place where that is noticed."""
        if record.wiring is not None:
            record.wiring.entrances.close()  # at once: whoever calls a hook now has nothing to wait for
        task = asyncio.get_running_loop().create_task(self._after_end(record, remote, why))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    async def _after_end(self, record: Record, remote: RemotePlugin, why: str) -> None:
        async with record.step:
            if record.remote is not remote or remote.on_end is None:
                return  # it failed, or went down, in the step before
            external = record.candidate.origin == "external"
            lost = remote.process is not None and remote.process.was_lost
            if not external and not lost:
                self._around.blame(record.candidate.id, "its process", ProcessLost(why, plugin=record.candidate.id))
            await self._end_scopes(record)
            if record.remote is not remote or remote.on_end is None:
                return  # it is unloaded meanwhile
            record.loaded = record.wiring = record.remote = None
            if record.life.state is State.PENDING_RESTART:
                self._plugins.tell(record, Happening.RELEASED)
            if external:  # a connection has ended and no code has failed: the program may come again (J24)
                if record.life.state is State.ACTIVE:
                    self._plugins.tell(record, Happening.DISABLED)
                self._plugins.tell(record, Happening.UNLOADED)
            else:
                self._plugins.tell(record, Happening.FAILED, self.on_process_end(record, why, not lost))


def _had_one_of(error: Exception, *kinds: type[Exception]) -> bool:
    """Say whether it was for want of a process that a plugin failed, and not by its code, which would fail again."""
    return any(isinstance(one, kinds) for one in (error, error.__cause__))
