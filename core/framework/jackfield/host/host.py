"""`Host`: runs the plugins of one application, as the user wishes them, and follows changes while it runs."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from jackfield.api import ApiFactory, ArgumentSource, LanguageOf
from jackfield.api import Plugins as PluginFacet
from jackfield.discovery import find_host
from jackfield.errors import UsageError
from jackfield.hooks import HookManager, OnError
from jackfield.host.changes import (
    Circumstances,
    Code,
    Demand,
    Following,
    Looking,
    Orders,
    PluginPlugins,
    Presences,
    Reloading,
    Runner,
    Turn,
    follow_settings,
)
from jackfield.host.commands import CommandRegistry
from jackfield.host.external import Gate
from jackfield.host.facets import DRAWING_SECONDS, EventBus, Surroundings, UiRegistry
from jackfield.host.health import Health
from jackfield.host.hearing import Hearing, require_offered
from jackfield.host.lifecycle import Happening
from jackfield.host.plugins import Plugins, PluginStatus
from jackfield.host.remote import Elsewhere, standing_still
from jackfield.host.scripts import NO_SCRIPTS, Scripts
from jackfield.host.uses import Kind
from jackfield.host.watching import THRESHOLD_SECONDS, Failures, Observing
from jackfield.isolation import External
from jackfield.manifest import HostFile
from jackfield.runtime import Guard, Scope, nobody_prefers
from jackfield.storage import State as StateLog
from jackfield.store import Holds, Layout, Store


class Host:
    """Runs plugins, each where it belongs. Bound to the event loop that runs `start`.

    A plugin's failure is its own: it is logged, counted, shown in its status, and never raised from here. Plugins that
    nobody enabled are never imported.

    Args:
        app: the application's name, as in its host.toml; also the name of hook markers.
        specs: modules or objects with hook specifications.
        layout: where the profile lies; None: where `Layout.locate(app)` says.
        hostfile: what the application offers; None: the installed one of that name.
        api: makes each plugin's `context.api`; with a protocol as its return annotation, workers have its types.
        on_error: what a hook call does when an implementation fails; "skip" goes on without it.
        safe: start with no plugins at all.
        callback_timeout_seconds: what a callback, command or listener may take.
        command_prefix: what people write before a plugin's command, `!`.
        scripts: folders whose scripts run unless the user disables them.
        arguments: the host's things that can be named in commands, by the type that plugins annotate with.
        watchdog_seconds: for how long a plugin may block the event loop before it is named (U18); None: for ever.
        language_of: says which language a user prefers, and with None which the application speaks (U14).
        external: where external plugins may connect; None: nowhere.

    Raises:
        UsageError: a hook needs a permission that the host file does not offer.

    Attributes:
        plugins: every plugin found, with its status.
        commands: `dispatch(text, source)`, `complete(text, cursor, source)`, `help_page(topic, source)`.
        events: the bus between plugins.
        ui: components and menu items.
        observed: what is seen of plugins while they run: `stats()`, `threads()`.
        usage: what plugins are used for, with errors and time; `on_use(listener)` tells of each use (C29 to C32).
        logs: the last lines of each plugin's logger, and its level (K15).
        gate: lets external plugins in.
        health: asks plugins whether they work.
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
        scripts: Scripts = NO_SCRIPTS,
        arguments: Mapping[type, ArgumentSource] | None = None,
        watchdog_seconds: float | None = THRESHOLD_SECONDS,
        language_of: LanguageOf = nobody_prefers,
        external: External | None = None,
    ) -> None:
        self.app, self.safe = app, safe
        self.layout = layout if layout is not None else Layout.locate(app)
        self.hostfile = hostfile if hostfile is not None else find_host(app)
        self.plugins = Plugins()
        self._hearing = Hearing(self.plugins)
        self._manager = HookManager(app, on_error=on_error, count=True, may=self._hearing.may)
        for spec in specs if isinstance(specs, Sequence) else (specs,):
            self._manager.add_hookspecs(spec)
        require_offered(self._manager, self.hostfile)
        self.observed = Observing(app, self.layout, self.plugins, self._manager, watchdog_seconds)
        self.usage, self.logs = self.observed.usage, self.observed.logs
        self._failures = Failures(app, self.plugins, self.observed)
        self._manager.add_blame_listener(self._failures.blame_hook)
        guard = Guard(self._failures.blame, timeout_seconds=callback_timeout_seconds, begin=self.usage.begin)
        guard.elsewhere = self.plugins.elsewhere_seconds
        self.health = Health(self.plugins, guard)
        self.commands = CommandRegistry(guard.run_for_user, prefix=command_prefix, sources=arguments)
        self.events = EventBus(standing_still(guard.run), self.hostfile.events)
        self.ui = UiRegistry(guard.run_for_user, guard.within(DRAWING_SECONDS).run)
        self._store, self._state = Store(self.layout), StateLog(self.layout.state)
        self._holds, self._presences = Holds(), Presences()
        self._looking = Looking(
            self._store, self._state, self.hostfile, scripts, self._holds, self._presences, self._circumstances
        )
        self._turn, welcome = Turn(), (self._looking.unwelcome, self._follow_connections)
        self.gate = Gate(app, external, self.layout, self._state, self.plugins, *welcome, self._turn.patience)
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
            self._failures.blame,
            self._failures.refuse,
            self.wake_for,
            self._plugins_for,
            self.logs.logger,
            self.observed.counted,
            scripts.hooks,
            language_of=language_of,
            on_level=self.logs.on_level,
        )
        connected = self.gate.connected(api)
        self._elsewhere = Elsewhere(around, self._manager, self.hostfile, self._holds.of_worker, connected)
        runner = Runner(self.plugins, around, self._manager, self._elsewhere, self._turn.patience)
        self._code, self._demand = Code(), Demand(self.plugins, self._manager, self._hearing, self.commands, self.ui)
        self.events.tell(first=self._before_event, listened=self._wake_sender)
        self._following = Following(
            self.hostfile.name,
            plugins=self.plugins,
            runner=runner,
            manager=self._manager,
            hearing=self._hearing,
            code=self._code,
            store=self._store,
            holds=self._holds,
            demand=self._demand,
        )
        reloading = Reloading(self.hostfile.name, plugins=self.plugins, runner=runner, code=self._code)
        look, visits = self._looking.look, guard.visits
        self._orders = Orders(self._following, self._turn, look, self._state, self._presences, reloading, visits)
        self._orders.recovering.follow(runner)
        self._demand.wake_by(self._orders.waking.wake, self._orders.waking.wake_now)

    async def wake_for(self, kind: Kind, name: str, among: Collection[str] | None = None) -> None:
        """Bring up the plugins with `activation = "demand"` that declare what is about to be used.

        Hooks, commands, components, menu items and events do so by themselves; what else an application has may.

        Args:
            kind: the key under `[contributes]`.
            name: as the manifest has it; an event's with its `plugin:<id>:`.
            among: canonical ids of those that may be brought up by it; None: all.
        """
        await self._demand.use(kind, name, among)

    async def _before_event(self, event: str) -> None:
        self.observed.sent(event)
        await self._demand.use("listens", event)

    def _wake_sender(self, event: str) -> None:
        """Bring up who sends an event that somebody listens to now: it would never send it otherwise."""
        if self._demand.wants("events", event):
            self._orders.soon(self._demand.use("events", event))

    def _plugins_for(self, plugin: str, scope: Scope, check: Callable[[str, str], None]) -> PluginFacet:
        return PluginPlugins(plugin, self.plugins, self._orders, self._presences, scope, check)

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
            UsageError: it runs already, or the certificate for external plugins is none.
        """
        async with self._turn.taken():
            if self._orders.running:
                raise UsageError(f"the host of {self.app} runs already")
            self.gate.make_ready()
            self._presences.clear()
            seen = await self._looking.look()
            self._code.open()
            self._orders.open()
            self.observed.follow(self._state)
            self.observed.start()
            self._following.begin()
            for record in self.plugins.records().values():
                self.plugins.tell(record, Happening.FOUND)  # what failed in an earlier run may try again
            await self._following.settle(seen)
            await self._orders.end_released()
        self.gate.open()

    async def reload_changes(self, *, patiently: bool = False) -> None:
        """Follow what changed since: the active generation, wishes, grants, settings, the environment.

        What did not change runs on untouched. Nothing happens when the host does not run. If cancelled, it goes on.

        Args:
            patiently: nobody waits for it: an external plugin that is coming up has all its time.

        Raises:
            StoreError: the new generation or the state log is damaged; everything runs on as before.
        """
        await self._orders.to_its_end(self._follow_changes(patiently))

    async def _follow_changes(self, patiently: bool) -> None:
        self.gate.check()
        async with self._turn.taken(asked_for=not patiently):
            if self._orders.running:
                self.observed.follow(self._state)
                await self._orders.follow_all(on_disk=False)
                await follow_settings([one.wiring.settings for one in self.plugins.records().values() if one.wiring])

    async def stop(self) -> None:
        """Disable and unload every plugin, dependents first; what fails is logged and the rest still ends."""
        await self.gate.close()
        async with self._turn.taken():
            if not self._orders.running:
                return
            records = self.plugins.records()
            await self._following.down(frozenset(cid for cid, record in records.items() if record.life.state.runs_code))
            await self._elsewhere.close()
            self._code.drop_unused(records)
            self._code.close()
            self._holds.release()
            self._orders.close()
            self._demand.follow({}, {})
            self.plugins.stop_waiting()
            await asyncio.to_thread(self.observed.stop)
        await self.gate.part("the host stops")

    async def load(self, plugin: str, *, enable: bool = True, by: str = "the host") -> PluginStatus:
        """Run a plugin until the host stops, whether or not the user enabled it; the wish stays as it is (J15, J17).

        Args:
            plugin: its id.
            enable: False: load its code, call `on_load`, and leave it at that (K21).
            by: who asks, as the plugin's status shows it.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it is blocked or failed; the sentence says why.
            UsageError: the host does not run.
        """
        return await self._orders.load(plugin, enable=enable, by=by)

    async def enable(self, plugin: str, *, by: str = "the host") -> PluginStatus:
        """Enable a plugin for good and bring it up; one that failed is tried again (K21).

        Nothing is granted by it: a plugin that nobody consented to is blocked and says so.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it is blocked or failed; the sentence says why, and the wish is kept.
            UsageError: the host does not run.
        """
        return await self._orders.enable(plugin, by=by)

    async def disable(self, plugin: str, *, by: str = "the host") -> PluginStatus:
        """Disable a plugin for good; who needs it goes down before it, its code stays loaded (K20).

        Raises:
            UnknownPlugin: none of that id is installed.
            UsageError: the host does not run.
        """
        return await self._orders.disable(plugin, by=by)

    async def unload(self, plugin: str, *, by: str = "the host") -> bool:
        """Take a plugin down and drop its code, until it is loaded or enabled anew or the host starts again (J20, J21).

        Returns:
            Whether there is a plugin of that id; an unknown one is no error (C9).

        Raises:
            UsageError: the host does not run.
        """
        return await self._orders.unload(plugin, by=by)

    async def reload(self, plugin: str) -> PluginStatus:
        """Import a plugin's code anew, and after it that of whoever needs it, with state handed over (M24, M36).

        What `on_unload` of the old code returns goes to `on_load` of the new. One that failed or waits is tried again.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it is not enabled, cannot be exchanged without a restart, or its new code failed: then the
                old code runs on. The sentence says which.
            UsageError: the host does not run.
        """
        return await self._orders.reload(plugin)

    async def reload_changed(self) -> list[str]:
        """Import every plugin anew whose files changed on disk, and follow whatever else changed (M3, M24).

        Returns:
            A sentence for each plugin whose new code failed; its old code runs on.

        Raises:
            StoreError: the new generation or the state log is damaged; everything runs on as before.
            UsageError: the host does not run.
        """
        return await self._orders.reload_changed()

    def _circumstances(self) -> Circumstances:
        return self.safe, self.gate.attendance, self.plugins.script_files()

    async def _follow_connections(self, begins: Callable[[], None]) -> None:
        """Go where external plugins take part that have come, and others do not that have gone."""
        async with self._turn.taken(asked_for=False):
            begins()
            if self._orders.running:
                await self._following.settle(await self._looking.look())
                await self._orders.end_released()
