"""`Application`: plugins running and plugins being installed, joined for one application."""

import asyncio
import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.apart import done_apart
from jackfield.api import ApiFactory, ArgumentSource, LanguageOf
from jackfield.application.answers import HostAnswers
from jackfield.application.control_socket import ControlSocket
from jackfield.application.discarding import discard_marked
from jackfield.application.lock import HostLock
from jackfield.application.outcomes import Outcomes
from jackfield.application.probation import PROBATION_SECONDS, Probation
from jackfield.application.revoking import EVERY_SECONDS, RevocationWatch
from jackfield.application.updates import Updates, UpdateWatch
from jackfield.application.watch import Watch
from jackfield.discovery import SCRIPT_FOLDERS, find_host, stamp_of_folders
from jackfield.errors import JackfieldError, StoreLocked, UsageError
from jackfield.hooks import OnError
from jackfield.host import THRESHOLD_SECONDS, Host, ScriptHooks, Scripts, State
from jackfield.isolation import External
from jackfield.manifest import HostFile
from jackfield.storage import STABLE_SECONDS, SafeMode, Starts
from jackfield.store import Layout, Store

if TYPE_CHECKING:
    from jackfield.management import Management, Update


_log = logging.getLogger("jackfield.application")

_WAY_OUT = (
    "Disable the one that is to blame (jackfield bisect finds it), or have all of them tried again: "
    "jackfield safe-mode --leave"
)


class Application:
    """All that an application embeds: ten lines make it extensible.

        application = Application("chat", specs=chat_specs, api=chat_capabilities)
        await application.start()
        text = await application.host.call.message_sent(message=message)
        await application.stop()

    While it runs, a change made by anyone (the command line, another page) takes effect within half a second, without
    a restart. One host runs for each profile.

    Args:
        app: the application's name, as in its host.toml.
        specs: modules or objects with hook specifications.
        api: makes each plugin's `context.api`.
        home: the folder above all data; None: `JACKFIELD_HOME`, else the user's data folder.
        profile: names a profile to share; None: one for the Python environment that runs.
        marketplaces: their URLs, in order; none: plugins can be run, listed, enabled and removed, not searched.
        hostfile: what the application offers; None: the installed one of that name.
        on_error: what a hook call does when an implementation fails.
        safe: start with no plugins at all. By itself it does so after two starts in a row that did not come through,
            until other plugins are installed or enabled, or somebody says `jackfield safe-mode --leave`.
        updates_every_seconds: how often to look for updates while it runs, 86400 for every day; None: never. Nothing of
            it happens in the first minute, and rounds are counted from the last one of any process (C41). What a user
            lets the application update by itself is taken then, and grants nothing.
        on_updates: told of the updates that each round found, on the event loop's thread.
        command_prefix: what people write before a plugin's command, `!`; it stands in what they are told of its usage.
        script_folders: folders whose `.py` files and packed plugins run in full trust, unless the user disables one;
            what comes, goes or changes in them is followed as well (M1 to M3).
        script_hooks: what makes hook implementations of scripts' plain functions, by their names.
        arguments: the application's things that can be named in commands (its members, its rooms), by the type that
            plugins annotate with.
        language_of: says which language a user prefers, and with None which the application speaks (U14).
        watchdog_seconds: for how long a plugin may block the event loop before it is named; None: for ever.
        external: where external plugins may connect; None: nowhere.
        revocations_every_seconds: how often to ask the marketplaces what they have revoked; None: never, and what other
            processes learn counts all the same. Nothing of it happens in the first minute.
        probation_seconds: how long a new version has to run without a failure, else what brought it is rolled back by
            itself and held back (C46).
        program: what users type before the name of one of the framework's commands: `myapp plugins`.

    Raises:
        UsageError: there is no host file of that name.
    """

    def __init__(
        self,
        app: str,
        *,
        specs: object | Sequence[object] = (),
        api: ApiFactory | None = None,
        home: Path | None = None,
        profile: str | None = None,
        marketplaces: Sequence[str] = (),
        hostfile: HostFile | None = None,
        on_error: OnError = "skip",
        safe: bool = False,
        updates_every_seconds: float | None = None,
        on_updates: Updates = lambda updates: None,
        command_prefix: str = "",
        script_folders: Sequence[Path] = (),
        script_hooks: ScriptHooks | None = None,
        arguments: Mapping[type, ArgumentSource] | None = None,
        language_of: LanguageOf = lambda user: None,
        watchdog_seconds: float | None = THRESHOLD_SECONDS,
        external: External | None = None,
        probation_seconds: float = PROBATION_SECONDS,
        revocations_every_seconds: float | None = EVERY_SECONDS,
        program: str = "jackfield",
    ) -> None:
        environ = dict(os.environ) if home is None else {**os.environ, "JACKFIELD_HOME": str(home)}
        self.app = app
        self.marketplaces = tuple(marketplaces)
        self.layout = Layout.locate(app, profile=profile, environ=environ, program=program)
        self.hostfile = hostfile if hostfile is not None else find_host(app)
        self._scripts = Scripts(tuple(script_folders), script_hooks or {})
        self.host = Host(
            app,
            specs=specs,
            layout=self.layout,
            hostfile=self.hostfile,
            api=api,
            on_error=on_error,
            command_prefix=command_prefix,
            scripts=self._scripts,
            arguments=arguments,
            language_of=language_of,
            watchdog_seconds=watchdog_seconds,
            external=external,
        )
        self._control: ControlSocket | None = None
        self._watch: Watch | None = None
        self._updates: UpdateWatch | None = None
        if updates_every_seconds is not None and self.marketplaces:
            take, every = self._take_updates, updates_every_seconds
            self._updates = UpdateWatch(lambda: self.management, on_updates, take=take, every_seconds=every)
        self._itself = f"{self.hostfile.name} by itself"
        self.probation = Probation(
            self.host,
            lambda: self.management,
            by=self._itself,
            seconds=probation_seconds,
            outcomes=Outcomes(lambda: self.management),
        )
        self.revocations = RevocationWatch(
            self.host,
            lambda: self.management,
            self.reload,
            every_seconds=revocations_every_seconds if self.marketplaces else None,
        )
        self._lock: HostLock | None = None
        self._starting: asyncio.Task[None] | None = None
        self._safe = safe
        self._starts = Starts(self.layout.starts)
        self._stable: asyncio.TimerHandle | None = None

    @property
    def safe_mode(self) -> SafeMode | None:
        """That the plugins are not started, and why; None while they are."""
        return self._starts.safe_mode() if self.host.safe else None

    @cached_property
    def management(self) -> "Management":
        """What installs, enables, updates and rolls back; loaded when it is first asked for."""
        from jackfield.management import Management  # brings the network library, which running plugins need not

        return Management(self.app, self.layout, self.marketplaces, self.hostfile)

    async def start(self) -> None:
        """Start the plugins and begin to follow changes.

        Raises:
            StoreLocked: another host runs with this profile.
            StoreError: the active generation or the state log is damaged, or the profile cannot be written.
            UsageError: it starts or runs already; or it was stopped before it had started.
        """
        if self._starting is not None or self._lock is not None:
            raise UsageError(f"{self.app} {'starts' if self._starting is not None else 'runs'} already")
        # A task of its own: who stops the application breaks off the start, and not whoever waits for it.
        starting = self._starting = asyncio.get_running_loop().create_task(self._start())
        try:
            await asyncio.wait({starting})
        except asyncio.CancelledError:
            starting.cancel()
            await asyncio.wait({starting})
            if not starting.cancelled() and starting.exception() is None:  # it had ended in that very turn
                await self.stop()
            raise
        finally:
            self._starting = None
        if starting.cancelled():
            raise UsageError(f"{self.app} was stopped while it started")
        starting.result()

    async def _start(self) -> None:
        lock = HostLock(self.layout, self.app)
        lock.take()
        control = ControlSocket(self.layout, HostAnswers(self.host, asyncio.get_running_loop(), self.reload))
        control.start()  # first: who hangs while it starts can be asked at what
        try:
            await self._settle()
            await self._tell_folders()
            await discard_marked(self.layout, self.host.state, by=self.app)
            # Made first: a change during the start is not missed.
            follow = partial(self._follow, patiently=True)  # plugins change what is watched, again and again perhaps
            watch = Watch(self.layout, follow, settle=self._settle, script_folders=self._scripts.folders)
            await self._begin()
            self.probation.start()
            await self._start_host()
            await self.revocations.note()
        except BaseException:
            await asyncio.to_thread(control.stop)
            await self.revocations.stop()
            await self.probation.stop()
            await self.host.stop()  # what came up before the start was broken off must not run on without its lock
            lock.release()
            raise
        self._control = control
        self._stable = asyncio.get_running_loop().call_later(STABLE_SECONDS, self._starts.stable)
        self._lock, self._watch = lock, watch
        watch.start()
        self.revocations.start()
        if self._updates is not None:
            self._updates.start()

    async def _begin(self) -> None:
        """Note that a start begins, and say it where it is one without plugins.

        What is on probation is gone back from first: then the plugins that worked can go on.
        """
        safe = self._starts.begin(self._plugins(), chosen=self._safe)
        if safe is not None and not safe.chosen:
            try:
                report = await asyncio.to_thread(self.probation.give_up_all, safe.reason)
            except JackfieldError as error:
                _log.error("new plugins could not be rolled back: %s", error)
            else:
                safe = self._starts.begin(self._plugins(), chosen=False) if report is not None else safe
        self.host.safe = safe is not None
        if safe is not None:
            _log.warning("SAFE MODE: %s starts without plugins: %s. %s", self.hostfile.name, safe.reason, _WAY_OUT)

    def _plugins(self) -> str:
        """Another text for every other set of plugins."""
        wished = sorted(key for key, wish in self.host.state.items("wish/").items() if wish)
        told = (Store(self.layout).active_number(), wished, stamp_of_folders(self._scripts.folders))
        return hashlib.sha256(repr(told).encode()).hexdigest()

    async def _start_host(self) -> None:
        try:
            await self.host.start()
        except (JackfieldError, asyncio.CancelledError, KeyboardInterrupt):
            self._starts.end()  # no plugin's doing
            raise
        records = self.host.plugins.records()
        self._starts.note_slow({cid: record.start_seconds for cid, record in records.items()})
        self._note_failures()

    def _note_failures(self) -> None:
        records = self.host.plugins.records().values()
        failed = [record for record in records if record.life.state is State.FAILED]
        self._starts.note_failures({one.candidate.canonical_id: one.life.problem for one in failed})

    async def _follow(self, *, patiently: bool = False) -> None:
        safe = self._starts.safe_mode()
        if self.host.safe and safe is None:
            _log.warning("safe mode is over: the plugins of %s are tried again", self.hostfile.name)
            self.host.safe = False
        elif not self.host.safe and safe is not None and safe.since:  # else it is about the next start
            _log.warning("SAFE MODE: %s runs without plugins again: %s. %s", self.hostfile.name, safe.reason, _WAY_OUT)
            self.host.safe = True
        await self.host.reload_changes(patiently=patiently)
        await self.revocations.note()
        await discard_marked(self.layout, self.host.state, by=self.app, but=self.host.plugins.records())

    async def _tell_folders(self) -> None:
        """Leave word of the script folders, so that the command line lists and disables what lies in them."""
        told = [str(folder.absolute()) for folder in self._scripts.folders]
        if told != self.host.state.get(SCRIPT_FOLDERS, default=[]):
            await done_apart(self.host.state.change, {SCRIPT_FOLDERS: told}, by=self.app, why="script folders")

    async def _settle(self) -> None:
        """Complete what an installer that died left between the old and the new set."""
        if Store(self.layout).settled():
            return
        try:
            await asyncio.to_thread(self.management.settle)
        except StoreLocked:
            return  # the installer lives; the watch follows when it is done

    async def reload(self) -> None:
        """Follow changes now: whoever made one through `management` need not wait for the watch.

        While another installer is half way, nothing happens: the watch follows when it is done.
        """
        if Store(self.layout).settled():
            before = self.probation.decisions
            await self._follow()
            if self.probation.deciding or self.probation.decisions != before:  # what was followed is taken back
                await self.probation.decided()
                await self._follow()

    async def _take_updates(self, updates: "list[Update]") -> "list[Update]":
        """Take what the user lets the application take by itself; without plugins nobody could see what fails."""
        if self.host.safe or not any(one.policy == "auto" for one in updates):
            return updates
        from jackfield.management import take_updates

        return await take_updates(self.management, updates, by=self._itself, follow=self.reload)

    async def stop(self) -> None:
        """Stop watching, stop every plugin, and let go of the profile, whatever goes wrong before.

        A start that goes on is broken off.
        """
        starting = self._starting
        if starting is not None and starting.cancel():
            await asyncio.wait({starting})
        lock, self._lock = self._lock, None
        try:
            await self._stop()
        finally:
            if lock is not None:
                lock.release()

    async def _stop(self) -> None:
        if self._updates is not None:
            await self._updates.stop()
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.stop()
        control, self._control = self._control, None
        if control is not None:
            await asyncio.to_thread(control.stop)
        await self.revocations.stop()  # after what has others followed, and it told of that
        stable, self._stable = self._stable, None
        if stable is not None:
            stable.cancel()
        await self.probation.stop()
        if stable is not None:
            self._note_failures()
        await self.host.stop()
        if stable is not None:
            self._starts.end()
