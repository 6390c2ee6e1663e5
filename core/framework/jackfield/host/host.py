"""`Host`: runs the plugins of one application, as the user wishes them, and follows changes while it runs."""

import asyncio
import importlib.metadata
import logging
import traceback
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from jackfield.api import ApiFactory
from jackfield.discovery import find_host
from jackfield.errors import JackfieldError, UsageError
from jackfield.hooks import FailureLog, HookManager, OnError
from jackfield.host.code import Code
from jackfield.host.commands import CommandRegistry
from jackfield.host.context import Surroundings
from jackfield.host.events import EventBus
from jackfield.host.guard import Guard
from jackfield.host.hearing import Hearing, require_offered
from jackfield.host.judgement import Verdict, levels
from jackfield.host.lifecycle import Happening, Life, State
from jackfield.host.plugins import Plugins, Record
from jackfield.host.runner import Runner
from jackfield.host.survey import Survey, survey
from jackfield.host.switch import Switch, compare
from jackfield.host.ui import UiRegistry
from jackfield.manifest import HostFile, Version
from jackfield.storage import State as StateLog
from jackfield.store import Holds, Layout, Store

DRAWING_SECONDS = 2.0
"""What drawing one component may take: a page waits for it."""


class Host:
    """Runs plugins inline. Bound to the event loop that runs `start`.

    A plugin's failure is its own: it is logged, counted, shown in its status, and never raised from here. Plugins that
    nobody enabled are never imported.

    Args:
        app: the application's name, as in its host.toml; also the name of hook markers.
        specs: modules or objects with hook specifications.
        layout: where the profile lies; None: where `Layout.locate(app)` says.
        hostfile: what the application offers; None: the installed one of that name.
        api: makes each plugin's `context.api`.
        on_error: what a hook call does when an implementation fails; "skip" goes on without it.
        safe: start with no plugins at all.
        callback_timeout_seconds: what a callback, command or listener may take.
        command_prefix: what people write before a plugin's command, `!`.

    Raises:
        UsageError: a hook needs a permission that the host file does not offer.

    Attributes:
        plugins: every plugin found, with its status.
        commands: `dispatch(text, source)`, `help()`.
        events: the bus between plugins.
        ui: components and menu items.
    """

    def __init__(
        self,
        app: str,
        *,
        specs: object | Sequence[object] = (),
        layout: Layout | None = None,
        hostfile: HostFile | None = None,
        api: ApiFactory | None = None,
        on_error: OnError = "skip",
        safe: bool = False,
        callback_timeout_seconds: float = 10.0,
        command_prefix: str = "",
    ) -> None:
        self.app = app
        self.layout = layout if layout is not None else Layout.locate(app)
        self.hostfile = hostfile if hostfile is not None else find_host(app)
        self.safe = safe
        self.plugins = Plugins()
        self._hearing = Hearing(self.plugins)
        self._manager = HookManager(app, on_error=on_error, may=self._hearing.may)
        for spec in specs if isinstance(specs, Sequence) else (specs,):
            self._manager.add_hookspecs(spec)
        require_offered(self._manager, self.hostfile)
        self._manager.add_blame_listener(self._blame_hook)
        guard = Guard(self._blame, timeout_seconds=callback_timeout_seconds)
        self.commands = CommandRegistry(guard.run_for_user, prefix=command_prefix)
        self.events = EventBus(guard.run)
        drawing = Guard(self._blame, timeout_seconds=min(DRAWING_SECONDS, callback_timeout_seconds))
        self.ui = UiRegistry(guard.run, drawing.run)
        self._store = Store(self.layout)
        self._holds = Holds()
        self._state = StateLog(self.layout.state)
        around = Surroundings(
            app,
            self.layout,
            self._state,
            guard,
            self.commands,
            self.events,
            self.ui,
            api,
            self._hearing.grant,
            self._blame,
        )
        self._runner = Runner(self.plugins, around, self._manager)
        self._code = Code()
        self._turn = asyncio.Lock()
        self._running = False
        self._failures = FailureLog()
        self._log = logging.getLogger(f"{app}.plugins")

    @property
    def hook(self) -> Any:
        """Synchronous hook calls: `host.hook.name(argument=...)`."""
        return self._manager.hook

    @property
    def call(self) -> Any:
        """Asynchronous hook calls: `await host.call.name(argument=...)`."""
        return self._manager.call

    @property
    def state(self) -> StateLog:
        """The profile's state log."""
        return self._state

    async def start(self) -> None:
        """Load and enable every plugin that is wished and may run; dependencies first, independent ones side by side.

        Raises:
            StoreError: the active generation or the state log is damaged.
            UsageError: it runs already.
        """
        async with self._turn:
            if self._running:
                raise UsageError(f"the host of {self.app} runs already")
            seen = await self._look()
            self._code.open()
            self._running = True
            for record in self.plugins.records().values():
                self.plugins.tell(record, Happening.FOUND)  # what failed in an earlier run may try again
            await self._settle(seen)

    async def reload_changes(self) -> None:
        """Follow what changed since: the active generation, wishes, grants, settings, the environment.

        What did not change runs on untouched. Nothing happens when the host does not run.

        Raises:
            StoreError: the new generation or the state log is damaged; everything runs on as before.
        """
        async with self._turn:
            if not self._running:
                return
            seen = await self._look()
            await self._settle(seen)
            for record in self.plugins.records().values():
                if record.wiring is not None:
                    record.wiring.settings.refresh()

    async def stop(self) -> None:
        """Disable and unload every plugin, dependents first; what fails is logged and the rest still ends."""
        async with self._turn:
            if not self._running:
                return
            records = self.plugins.records()
            await self._down(frozenset(cid for cid, record in records.items() if _is_loaded(record)), idle=())
            self._code.close()
            self._holds.release()
            self._running = False
            self.plugins.stop_waiting()

    @cached_property
    def _framework(self) -> Version:
        return Version.from_pep440(importlib.metadata.version("jackfield"), published=False)

    async def _look(self) -> Survey:
        wished: Collection[str] | None = () if self.safe else None
        while True:
            seen = await asyncio.to_thread(
                survey, self._store, self._state, self.hostfile, framework=self._framework, enabled=wished
            )
            if self._holds.take(seen.generation):
                return seen

    async def _settle(self, seen: Survey) -> None:
        """Go from what runs to what shall run."""
        verdicts = seen.judgement.verdicts
        records = self.plugins.records()
        running = {cid: record.footing for cid, record in records.items() if _is_loaded(record)}
        resting = {cid for cid in running if cid in verdicts and cid not in seen.wishes.enabled}
        wanted = {cid: seen.footings[cid] for cid, verdict in verdicts.items() if verdict.runs or cid in resting}
        switch = compare(running, wanted, self._code.loaded_machine_code)
        idle = tuple(cid for cid in resting if cid not in switch.stop)
        removed = frozenset(cid for cid in records if cid not in verdicts)
        self._hearing.follow(seen.wishes.grants, self._manager, leaving=True)
        await self._down(switch.stop, idle=idle, removed=removed, replaced=frozenset(wanted))
        self._hearing.follow(seen.wishes.grants, self._manager)
        self._code.exchange(seen.generation, switch, records)
        for cid in removed - set(switch.held):
            self.plugins.remove(cid)
        for cid, verdict in verdicts.items():
            self._note(cid, verdict, seen, switch)
        self.plugins.shadow(tuple(self._shadow(verdict, seen) for verdict in seen.judgement.shadowed))
        await self._up(seen)
        self._mark_held(switch)
        if not switch.held:  # else older code still runs, and may read its files at any time
            self._holds.release(keep=seen.generation.number)
        self._hearing.tell(self._manager)

    async def _down(
        self,
        stop: frozenset[str],
        *,
        idle: Iterable[str],
        removed: frozenset[str] = frozenset(),
        replaced: frozenset[str] = frozenset(),
    ) -> None:
        """Disable what is active and unload what stops, dependents first."""
        records = self.plugins.records()
        going = [cid for cid in records if cid in stop or cid in idle]
        needs = {cid: records[cid].footing.requires & frozenset(going) for cid in going}

        async def take_down(cid: str) -> None:
            record = records[cid]
            if record.life.state in (State.ACTIVE, State.PENDING_RESTART):
                await self._runner.disable(record)
            if cid in stop:
                await self._runner.unload(record, removed=cid in removed, replaced=cid in replaced)

        for level in reversed(levels(going, needs)):
            await asyncio.gather(*(take_down(cid) for cid in level))

    def _note(self, cid: str, verdict: Verdict, seen: Survey, switch: Switch) -> None:
        """Bring a plugin's record up to date, short of running code."""
        record = self.plugins.records().get(cid)
        if record is None:
            record = Record(verdict.candidate)
            self.plugins.put(cid, record)
        wish_before, record.enabled = record.enabled, cid in seen.wishes.enabled
        if cid in switch.held:
            if record.life.state is State.ACTIVE:
                problem = (
                    f"{verdict.candidate.version} takes over when {self.hostfile.name} starts again: {switch.held[cid]}"
                )
                self.plugins.tell(record, Happening.HELD, problem)
            return
        if _is_loaded(record):
            return
        footing = seen.footings[cid]
        same = record.footing.code == footing.code and record.footing.trees == footing.trees
        same = same and wish_before == record.enabled
        if record.life.state is State.FAILED and same and verdict.runs:
            return  # trying the same code again at every change of anything would fail again every time
        record.candidate, record.footing = verdict.candidate, footing
        target = State.BLOCKED if verdict.problem else State.FOUND
        if record.life.state is target and record.life.problem == verdict.problem and not verdict.runs:
            return
        self.plugins.tell(record, Happening.FOUND)
        if verdict.problem:
            self.plugins.tell(record, Happening.BLOCKED, verdict.problem)
        elif verdict.runs:
            self.plugins.tell(record, Happening.RESOLVED)

    def _mark_held(self, switch: Switch) -> None:
        """Tell whose installed code waits for a restart, and whose does not any more."""
        for cid, record in self.plugins.records().items():
            if cid in switch.held and record.life.state in (State.ACTIVE, State.PENDING_RESTART):
                why = f"what is installed waits for a restart of {self.hostfile.name}: {switch.held[cid]}"
                self.plugins.tell(record, Happening.HELD, why)
            elif cid not in switch.held and record.life.state is State.PENDING_RESTART:
                self.plugins.tell(record, Happening.RELEASED)

    def _shadow(self, verdict: Verdict, seen: Survey) -> Record:
        life = Life(State.SHADOWED, verdict.problem)
        return Record(verdict.candidate, life, verdict.candidate.canonical_id in seen.wishes.enabled)

    async def _up(self, seen: Survey) -> None:
        """Load, then enable, level by level; whoever needs a plugin that did not come up is blocked (K18, K19)."""
        for step in (self._load, self._enable):
            for level in seen.judgement.levels:
                await asyncio.gather(*(step(self.plugins.record(cid)) for cid in level))

    async def _load(self, record: Record) -> None:
        if record.life.state is not State.RESOLVED:
            return
        problem = self._missing_need(record, State.LOADED, State.IDLE, State.ACTIVE, State.PENDING_RESTART)
        stuck = self._code.stuck(record.footing.trees)
        if stuck:
            problem = f"waits for a restart of {self.hostfile.name}: an earlier {stuck} is machine code and still there"
        damage = self._store.damage_below(record.footing.trees)
        if damage:
            problem = f"{damage[0]} since it was installed: jackfield store verify --repair"
        if problem:
            self.plugins.tell(record, Happening.BLOCKED, problem)
            return
        self._code.note_owner(record)
        await self._runner.load(record)

    async def _enable(self, record: Record) -> None:
        if record.life.state not in (State.LOADED, State.IDLE):
            return
        problem = self._missing_need(record, State.ACTIVE, State.PENDING_RESTART)
        if problem:
            await self._runner.unload(record, removed=False, replaced=False)
            self.plugins.tell(record, Happening.FOUND)
            self.plugins.tell(record, Happening.BLOCKED, problem)
        else:
            await self._runner.enable(record)

    def _missing_need(self, record: Record, *up: State) -> str:
        manifest = record.candidate.manifest
        for need in manifest.requires if manifest is not None else ():
            other = self.plugins.records().get(need.canonical_id)
            if not need.optional and (other is None or other.life.state not in up):
                return f"needs {need.id}, which {_why(other)}"
        return ""

    def _blame(self, plugin: str, what: str, error: BaseException) -> None:
        if not plugin:
            self._failures.tell(self._log, f"{what} failed", error)
            return
        log = logging.getLogger(f"{self.app}.plugins.{plugin}")
        self._failures.tell(log, f"{plugin} failed in {what}", error)
        self._count(plugin, what, error)

    def _blame_hook(self, plugin: str, hook: str, error: BaseException) -> None:
        self._count(plugin, f"hook {hook}", error)  # the manager has logged it

    def _count(self, plugin: str, what: str, error: BaseException) -> None:
        try:
            record = self.plugins.record(plugin)
        except JackfieldError:  # a name that is no plugin's: an object that the host registered itself
            return
        record.errors += 1
        record.last_failure = f"{type(error).__name__} in {what}: {error}"
        record.last_error = "".join(traceback.format_exception(error))


def _is_loaded(record: Record) -> bool:
    return record.life.state.runs_code


def _why(record: Record | None) -> str:
    if record is None:
        return "is missing"
    if record.life.state in (State.FAILED, State.BLOCKED):
        return f"{'failed' if record.life.state is State.FAILED else 'is blocked'}: {record.life.problem}"
    return f"is {record.life.state}"
