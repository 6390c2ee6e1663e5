"""The context that an inline plugin gets: every facet, tied to one plugin, its scope and its grant."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jackfield.api import ApiFactory, Check, LanguageOf, Plugins
from jackfield.host.commands import CommandRegistry
from jackfield.host.facets.beneath import Beneath
from jackfield.host.facets.connecting import PluginNetwork
from jackfield.host.facets.events import EventBus, outside_of_events
from jackfield.host.facets.files import PluginEnvironment, PluginFiles
from jackfield.host.facets.http import PluginHttp
from jackfield.host.facets.keeping import PluginStorage
from jackfield.host.facets.listening import PluginEvents
from jackfield.host.facets.network import Fetcher
from jackfield.host.facets.offers import ServiceRegistry
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.host.facets.services import PluginServices
from jackfield.host.facets.settings_and_commands import PluginCommands, PluginSettings
from jackfield.host.facets.showing import PluginUi
from jackfield.host.facets.ui import UiRegistry
from jackfield.host.scripts import ScriptHooks
from jackfield.host.uses import Kind
from jackfield.manifest import Candidate, Contributions
from jackfield.permissions import Grant
from jackfield.runtime import (
    BlockingView,
    Crossing,
    Guard,
    PluginResources,
    PluginScheduler,
    PluginTranslations,
    Scope,
    nobody_prefers,
    not_in_context,
)
from jackfield.storage import (
    DATABASE,
    FILE_NAME,
    FILES,
    PluginDatabase,
    Quota,
    Settings,
    State,
    make_private,
    quota_of,
)
from jackfield.store import Layout


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the contexts of all plugins of one host share.

    Args:
        app: the host's name; part of the loggers' names.
        layout: where data and configuration lie.
        state: the profile's state log.
        guard: calls plugins' functions.
        commands, events, ui: the host's registries.
        api: makes `context.api`; None: it is None.
        grant: the grant of a canonical id, as it is now.
        blame: told of failures.
        refused: told of uses that a grant does not cover.
        services: what plugins offer to each other.
        fetcher: does plugins' requests by HTTP.
        script_hooks: what makes hook implementations of scripts' plain functions.
        wake: brings up the plugins, of some or all, that sleep until something is used: `wake("services", name, None)`.
        language_of: says which language somebody prefers.
        plugins: makes `context.plugins`: called with the plugin's id, its scope and its check.
        logger: makes `context.logger`, by the plugin's id.
        on_level: `on_level(plugin, listener)` has a listener called when the level of its logger has changed.
        counted: makes the check for `context.api`, which counts what it lets through, of the plugin's id and its check.
    """

    app: str
    layout: Layout
    state: State
    guard: Guard
    commands: CommandRegistry
    events: EventBus
    ui: UiRegistry
    api: ApiFactory | None
    grant: Callable[[str], Grant | None]
    blame: Callable[[str, str, BaseException], None]
    refused: Callable[[str, str], None]
    wake: Callable[[Kind, str, Collection[str] | None], Awaitable[None]]
    plugins: Callable[[str, Scope, Callable[[str, str], None]], Plugins]
    logger: Callable[[str], logging.Logger]
    counted: Callable[[str, Check], Check]
    script_hooks: ScriptHooks = field(default_factory=dict)
    services: ServiceRegistry = field(default_factory=ServiceRegistry)
    fetcher: Fetcher = field(default_factory=Fetcher)
    language_of: LanguageOf = nobody_prefers
    on_level: Callable[[str, Callable[[], None]], None] = lambda _plugin, _listener: None


async def settings_of(candidate: Candidate, around: Surroundings) -> Settings:
    """Read a plugin's settings, off the loop's thread: it may have made its `settings.toml` the work of seconds."""
    cid, layout = candidate.canonical_id, around.layout
    declared = candidate.manifest.contributes.settings if candidate.manifest is not None else ()
    read = partial(Settings, around.state, cid, declared, plugin=candidate.id, program=layout.program)
    return await asyncio.to_thread(read, file=layout.config(cid) / FILE_NAME) if declared else read()


class Wiring:
    """One plugin's context and what the host keeps behind it, out of the plugin's easy reach.

    Args:
        candidate: the plugin.
        around: what all contexts share.
        settings: as `settings_of` read them.

    Attributes:
        context: what the plugin gets.
        scope: everything that it begins through `context`.
        entrances: its hooks and marked commands, which open last and close first.
        commands: adds its marked commands to `entrances`.
        listeners: adds its marked listeners to `entrances`.
        scheduler: knows its tasks.
        database: behind `context.storage`.
        threads: in which the host waits for what it asks.
        settings: behind `context.settings`.
        around: what all contexts share.
    """

    def __init__(self, candidate: Candidate, around: Surroundings, settings: Settings) -> None:
        cid = candidate.canonical_id
        name = candidate.id
        contributes = candidate.manifest.contributes if candidate.manifest is not None else Contributions()

        self.around = around
        check = Permits(name, lambda: around.grant(cid), around.refused)
        self.scope = Scope(name)
        self.entrances = Scope(name)
        data = around.layout.data(cid)
        asked = candidate.manifest.limits if candidate.manifest is not None else {}
        self.threads = OwnThreads(name)
        quota = Quota(name, partial(quota_of, around.state, cid, asked), data / FILES)
        self.database = PluginDatabase(data / DATABASE, plugin=name, quota=quota, bounded=True)
        self.settings = settings
        crossing = Crossing(name, asyncio.get_running_loop())
        self.scheduler = PluginScheduler(name, self.scope, around.guard, crossing, apart=outside_of_events)
        declared = {one.name: one for one in contributes.commands}
        self.commands = PluginCommands(name, around.commands, self.entrances, check, declared)
        needed = candidate.manifest.requires if candidate.manifest is not None else ()
        requires = {one.canonical_id: one.optional for one in needed}
        self.listeners = PluginEvents(name, around.events, self.entrances, check, requires=requires)
        components = {one.name: one for one in contributes.components}
        resources = PluginResources(name, candidate.folder or candidate.file)
        logger = around.logger(name)
        language = candidate.manifest.language if candidate.manifest is not None else ""
        self.context = PluginContext(
            plugin_id=name,
            api=around.api(name, around.counted(name, check)) if around.api is not None else None,
            storage=PluginStorage(self.database, check, self.threads),
            settings=PluginSettings(name, self.settings, self.scope, around.guard.run, self.threads),
            commands=PluginCommands(name, around.commands, self.scope, check, declared),
            events=PluginEvents(name, around.events, self.scope, check, declared=contributes.events, requires=requires),
            ui=PluginUi(name, around.ui, self.scope, check, components),
            scheduler=self.scheduler,
            files=PluginFiles(name, self.scope, check, Beneath(str(around.layout.root)), self.threads),
            environment=PluginEnvironment(check),
            http=PluginHttp(name, self.scope, check, around.fetcher, self.threads),
            network=PluginNetwork(name, self.scope, check, self.threads),
            services=PluginServices(
                name,
                around.services,
                self.scope,
                check,
                wake=partial(around.wake, "services"),
                guard=around.guard,
                declared=contributes.services,
                requires=requires,
            ),
            plugins=around.plugins(name, self.scope, check),
            crossing=crossing,
            resources=resources,
            translations=PluginTranslations(resources, language, around.language_of, logger),
            logger=logger,
            data_dir=data / FILES,
            config_dir=around.layout.config(cid),
        )

    async def close(self) -> None:
        """Let go of files and threads; the next use has others. It may be waited for what the database is at."""
        self.threads.close()
        await asyncio.to_thread(self.database.close)


class PluginContext:
    """`context` of one inline plugin: the facets of `jackfield.api.Context` and nothing else. Made by `Wiring`."""

    def __init__(
        self,
        *,
        plugin_id: str,
        api: object,
        storage: PluginStorage,
        settings: PluginSettings,
        commands: PluginCommands,
        events: PluginEvents,
        ui: PluginUi,
        scheduler: PluginScheduler,
        files: PluginFiles,
        environment: PluginEnvironment,
        http: PluginHttp,
        network: PluginNetwork,
        services: PluginServices,
        plugins: Plugins,
        resources: PluginResources,
        translations: PluginTranslations,
        crossing: Crossing,
        logger: logging.Logger,
        data_dir: Path,
        config_dir: Path,
    ) -> None:
        self._plugin_id = plugin_id
        self._api = api
        self._storage = storage
        self._settings = settings
        self._commands = commands
        self._events = events
        self._ui = ui
        self._scheduler = scheduler
        self._files = files
        self._environment = environment
        self._http = http
        self._network = network
        self._services = services
        self._plugins = plugins
        self._resources = resources
        self._translations = translations
        self._crossing = crossing
        self._logger = logger
        self._data_dir = data_dir
        self._config_dir = config_dir

    def __getattr__(self, name: str) -> Any:
        raise not_in_context(name, vars(self).get("_plugin_id"))

    @property
    def plugin_id(self) -> str:
        """The id in the plugin's manifest."""
        return self._plugin_id

    @property
    def api(self) -> Any:
        """The host's own capabilities, for this plugin."""
        return self._api

    @property
    def storage(self) -> PluginStorage:
        """The plugin's own key-value store."""
        return self._storage

    @property
    def settings(self) -> PluginSettings:
        """What the user may set for this plugin."""
        return self._settings

    @property
    def commands(self) -> PluginCommands:
        """The plugin's own commands."""
        return self._commands

    @property
    def events(self) -> PluginEvents:
        """Events between plugins."""
        return self._events

    @property
    def ui(self) -> PluginUi:
        """What the plugin shows."""
        return self._ui

    @property
    def scheduler(self) -> PluginScheduler:
        """Work that goes on beside the callbacks."""
        return self._scheduler

    @property
    def plugins(self) -> Plugins:
        """The other plugins."""
        return self._plugins

    @property
    def services(self) -> PluginServices:
        """What plugins offer to each other."""
        return self._services

    @property
    def files(self) -> PluginFiles:
        """Files of the user, as far as they were granted."""
        return self._files

    @property
    def environment(self) -> PluginEnvironment:
        """Environment variables, as far as they were granted."""
        return self._environment

    @property
    def http(self) -> PluginHttp:
        """Requests to other computers, as far as they were granted."""
        return self._http

    @property
    def network(self) -> PluginNetwork:
        """Connections to other computers, as far as they were granted."""
        return self._network

    @property
    def resources(self) -> PluginResources:
        """The files of the plugin's own package."""
        return self._resources

    @property
    def translations(self) -> PluginTranslations:
        """The plugin's texts in the languages of those who read them."""
        return self._translations

    @property
    def blocking(self) -> Any:
        """A synchronous view of every facet, for plain functions in threads."""
        return BlockingView(self, self._crossing)

    @property
    def logger(self) -> logging.Logger:
        """A logger whose lines carry the plugin's id."""
        return self._logger

    @property
    def data_dir(self) -> Path:
        """A folder for the plugin alone, made on first use."""
        make_private(self._data_dir)
        return self._data_dir

    @property
    def config_dir(self) -> Path:
        """A folder for files that the user may edit, made on first use."""
        make_private(self._config_dir)
        return self._config_dir
