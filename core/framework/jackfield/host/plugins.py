"""The plugins of a running host: what each is, where it stands, and who waits for it (C5, C7, C11, J11)."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

from jackfield.errors import PluginError, UnknownPlugin, UsageError
from jackfield.host.facets import Wiring
from jackfield.host.lifecycle import Happening, Life, State, advance
from jackfield.host.remote import RemotePlugin
from jackfield.host.revoked import RevokedNow
from jackfield.host.switch import Footing
from jackfield.manifest import Candidate, canonical_id
from jackfield.permissions import Placement
from jackfield.runtime import Loaded

_log = logging.getLogger("jackfield.host")


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """A plugin as users and front ends see it.

    Args:
        id: as its author writes it.
        name: for people.
        version: of the code that runs, or would run.
        state: where it stands.
        origin: `store`, `environment`, `script` or `external`.
        isolation: where it runs, or would: `inline`, `worker`, `process` for one of its own that is not confined, or
            `external`.
        grade: of a worker, how well it is confined: `full` or `base`; empty otherwise.
        enabled: the user's wish.
        problems: a sentence for each thing that is wrong: why it does not run, or which hooks are not called and what
            failed last.
        error: the traceback of the last failure; empty when there was none.
        errors: failures (hooks, commands, tasks, callbacks) since the plugin was loaded; a process that ended by itself
            and was started again goes on counting.
        legacy: it has no manifest.
        description: one line from the manifest.
        refusals: what it tried at `context` since it was loaded and was not granted: `resource:action` -> how often.
        note: a sentence on where it stands that is no problem: what it waits for; empty where there is nothing to say.
        blocked: how often it has blocked the event loop since the host started.
        blocked_seconds: the longest time for which it did.
        comes_back: whether it has failed because its process ended, and is started again by itself in a moment.
        revoked: what is told of it where a marketplace revoked it, as the end of a sentence; also of one that runs
            because its user allowed it.
    """

    id: str
    name: str
    version: str
    state: State
    origin: str
    isolation: str
    enabled: bool
    problems: tuple[str, ...] = ()
    error: str = ""
    errors: int = 0
    legacy: bool = False
    description: str = ""
    refusals: Mapping[str, int] = field(default_factory=dict, hash=False)
    note: str = ""
    blocked: int = 0
    blocked_seconds: float = 0.0
    grade: str = ""
    comes_back: bool = False
    revoked: str = ""

    @property
    def problem(self) -> str:
        """All problems in one sentence; empty when all is well."""
        return "; ".join(self.problems)


@dataclass(slots=True)
class Record:
    """What the host keeps of one plugin; `life` changes through `Plugins.tell` alone.

    Args:
        candidate: what was found, and is loaded when something is.
        life: where it stands.
        enabled: the user's wish.
        footing: what it runs on.
        placement: where its code runs, or would.
        loaded: its code, while it is loaded.
        wiring: its context and what is behind it, while it is loaded.
        remote: the way to its code, while that is loaded in another process.
        own_folder: its package's folder in the environment, when it was imported for the plugin alone.
        errors: failures since it was loaded.
        last_error: the traceback of the last one.
        last_failure: the last one in one line.
        uncalled: a sentence for each hook that it implements and may not hear.
        note: a sentence on where it stands that is no problem.
        start_seconds: what its own code took to come up, the last time: its import, and the callbacks of its start.
        step: held while it is taken a step of its life, so that no two are taken at once.
        refusals: what it tried and was not granted, replaced at each change.
        blocked: how often it has blocked the event loop.
        blocked_seconds: the longest time for which it did.
        comes_back: whether its process ended and is started again in a moment.
        left_behind: names of the tasks and threads that have not ended since it was last disabled; kept up to date.
        revoked: what comes of it, where a marketplace revoked it.
    """

    candidate: Candidate
    life: Life = field(default_factory=Life)
    enabled: bool = False
    footing: Footing = field(default_factory=lambda: Footing(()))
    placement: Placement = field(default_factory=Placement)
    loaded: Loaded | None = None
    wiring: Wiring | None = None
    remote: RemotePlugin | None = None
    own_folder: Path | None = None
    errors: int = 0
    last_error: str = ""
    last_failure: str = ""
    uncalled: tuple[str, ...] = ()
    note: str = ""
    start_seconds: float = 0.0
    step: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusals: Mapping[str, int] = field(default_factory=dict)
    blocked: int = 0
    blocked_seconds: float = 0.0
    left_behind: Sequence[str] = ()
    comes_back: bool = False
    revoked: RevokedNow | None = None

    @property
    def status(self) -> PluginStatus:
        """What is shown of it."""
        manifest = self.candidate.manifest
        return PluginStatus(
            id=self.candidate.id,
            name=self.candidate.name,
            version=self.candidate.version,
            state=self.life.state,
            origin=self.candidate.origin,
            isolation=self.placement.isolation,
            grade=self.placement.grade,
            comes_back=self.comes_back and self.life.state in (State.FAILED, State.RESOLVED),
            enabled=self.enabled,
            problems=(self.life.problem,) if self.life.problem else self._troubles,
            error=self.life.traceback or self.last_error,
            errors=self.errors,
            legacy=self.candidate.legacy,
            description=manifest.description if manifest is not None else "",
            refusals=self.refusals,
            note=self.note,
            blocked=self.blocked,
            blocked_seconds=self.blocked_seconds,
            revoked=self.revoked.note or self.revoked.problem if self.revoked is not None else "",
        )

    @property
    def _troubles(self) -> tuple[str, ...]:
        """What is wrong with a plugin that runs all the same."""
        wrong = self.wiring.settings.problems if self.wiring is not None else ()
        last = (self.last_failure,) if self.last_failure else ()
        left = (f"{name} did not end when it was told to" for name in self.left_behind)
        return (*self.uncalled, *left, *wrong, *last)


class Plugins:
    """All plugins that were found, by canonical id; the host writes, everyone reads.

    Attributes:
        on_block: told, in the watchdog's thread, that a plugin blocks the event loop: its id, the seconds so far, and
            whether it is over.
    """

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._shadowed: tuple[Record, ...] = ()
        self._waiters: dict[str, set[asyncio.Future[PluginStatus]]] = {}
        self._listeners: list[Callable[[PluginStatus], None]] = []
        self.on_block: Callable[[str, float, bool], None] = lambda plugin, seconds, over: None

    def __iter__(self) -> Iterator[PluginStatus]:
        return iter(self.list())

    def list(self) -> Sequence[PluginStatus]:
        """Return every plugin, also those that are shadowed, by id."""
        records = [*self._records.values(), *self._shadowed]
        return sorted((record.status for record in records), key=lambda status: (status.id, status.origin))

    def active(self) -> Sequence[PluginStatus]:
        """Return the plugins that are enabled and run (C11)."""
        return [status for status in self.list() if status.state in (State.ACTIVE, State.PENDING_RESTART)]

    def status(self, plugin: str) -> PluginStatus:
        """Return one plugin, by id in any spelling.

        Raises:
            UnknownPlugin: none of that id was found.
        """
        return self.record(plugin).status

    async def wait_for(self, plugin: str, *, timeout_seconds: float | None = None) -> PluginStatus:
        """Return as soon as the plugin is active; it need not be installed yet.

        Raises:
            PluginError: it failed or is blocked, or the host stopped; the sentence says why.
            TimeoutError: it was not active in time.
            UsageError: the time is none.
        """
        cid = canonical_id(plugin)
        if timeout_seconds is not None and isnan(timeout_seconds):
            # A timer for it would stand in the loop's heap unordered, and others' could wait below it for good.
            raise UsageError("timeout_seconds is a number of seconds, and nan is none")
        record = self._records.get(cid)
        if record is not None:
            outcome = _outcome(record)
            if isinstance(outcome, PluginError):
                raise outcome
            if outcome is not None:
                return outcome
        waiter: asyncio.Future[PluginStatus] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(cid, set()).add(waiter)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await waiter
        finally:
            waiters = self._waiters.get(cid, set())
            waiters.discard(waiter)
            if not waiters:  # nobody remembers names that plugins made up
                self._waiters.pop(cid, None)

    def elsewhere_seconds(self, plugin: str) -> float:
        """Return after how many seconds a call of a plugin in another process has ended; 0 for one that is here."""
        record = self._records.get(canonical_id(plugin)) if plugin else None
        return record.remote.longest_seconds if record is not None and record.remote is not None else 0.0

    def on_change(self, listener: Callable[[PluginStatus], None]) -> Callable[[], None]:
        """Call `listener(status)` at every step of a plugin's life; returns what takes the listener away."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def record(self, plugin: str) -> Record:
        """Return what the host keeps of a plugin; for the host itself.

        Raises:
            UnknownPlugin: none of that id was found.
        """
        record = self._records.get(canonical_id(plugin))
        if record is None:
            raise UnknownPlugin(f"no plugin {plugin} is installed", plugin=plugin)
        return record

    def records(self) -> dict[str, Record]:
        """Return the records by canonical id, as a copy."""
        return dict(self._records)

    def script_files(self) -> dict[Path, Candidate]:
        """Return each script whose code is in the process, by its file."""
        running = (record.candidate for record in self._records.values() if record.life.state.runs_code)
        return {one.file: one for one in running if one.origin == "script" and one.file is not None}

    def put(self, cid: str, record: Record) -> None:
        """Add a plugin."""
        self._records[cid] = record

    def remove(self, cid: str) -> None:
        """Forget a plugin that is not installed any more."""
        self._records.pop(cid, None)

    def shadow(self, records: tuple[Record, ...]) -> None:
        """Set which plugins lost to another of their id."""
        self._shadowed = records

    def tell(self, record: Record, happening: Happening, problem: str = "", traceback: str = "") -> None:
        """Advance a plugin's life, and tell whoever waits or listens."""
        before = record.life
        record.life = advance(record.life, happening, problem, traceback)
        if record.life == before:
            return
        self._tell_waiters(record)
        self._tell_listeners(record)

    def note(self, record: Record, sentence: str) -> None:
        """Set what is said of where a plugin stands, and tell who listens."""
        if sentence != record.note:
            record.note = sentence
            self._tell_listeners(record)

    def blocked(self, plugin: str, seconds: float) -> None:
        """Count that a plugin blocked the event loop; told by the watchdog's thread."""
        record = self._records.get(canonical_id(plugin))
        if record is not None:
            record.blocked += 1
            record.blocked_seconds = max(record.blocked_seconds, seconds)
        self.on_block(plugin, seconds, True)

    def note_uncalled(self, record: Record, hooks: Sequence[tuple[str, str]]) -> None:
        """Set which hooks of a plugin are not called, each with the permission that it lacks, and tell who listens."""
        name = record.candidate.id
        uncalled = tuple(f"{hook} is not called: {name} may not {needs}" for hook, needs in hooks)
        if uncalled == record.uncalled:
            return
        for sentence in uncalled:
            if sentence not in record.uncalled:
                _log.warning("%s", sentence)
        record.uncalled = uncalled
        self._tell_listeners(record)

    def _tell_waiters(self, record: Record) -> None:
        outcome = _outcome(record)
        if outcome is not None:
            for waiter in self._waiters.pop(record.candidate.canonical_id, set()):
                if not waiter.done():
                    _settle(waiter, outcome)

    def _tell_listeners(self, record: Record) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(record.status)
            except Exception:  # noqa: BLE001 (a front end's mistake must not stop a plugin's life)
                _log.exception("a listener of plugins failed")

    def stop_waiting(self) -> None:
        """Tell everyone who still waits that the host stops."""
        for cid, waiters in self._waiters.items():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(PluginError(f"the host stopped before {cid} was active", plugin=cid))
        self._waiters.clear()


def _outcome(record: Record) -> PluginStatus | PluginError | None:
    """What a waiter is told, or None while it has to wait on."""
    if record.life.state in (State.ACTIVE, State.PENDING_RESTART):
        return record.status
    if record.life.state in (State.FAILED, State.BLOCKED):
        identity = record.candidate.id
        return PluginError(f"{identity} is {record.life.state}: {record.life.problem}", plugin=identity)
    return None


def _settle(waiter: "asyncio.Future[PluginStatus]", outcome: PluginStatus | PluginError) -> None:
    if isinstance(outcome, PluginError):
        waiter.set_exception(outcome)
    else:
        waiter.set_result(outcome)
