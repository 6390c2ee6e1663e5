"""`context` of a plugin in a process of its own: every facet asks the host, but for what lies here anyway."""

from __future__ import annotations

import importlib.util
import logging
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

from jackfield.manifest import logger_name
from jackfield.runtime import BlockingView, PluginResources, PluginScheduler, PluginTranslations, not_in_context
from jackfield.worker.facets import (
    Asking,
    RemoteCommands,
    RemoteEnvironment,
    RemoteEvents,
    RemoteFiles,
    RemoteHttp,
    RemoteNetwork,
    RemotePlugins,
    RemoteServices,
    RemoteSettings,
    RemoteStorage,
    RemoteUi,
    make_api,
    make_logger,
    serve_functions,
)
from jackfield.worker.inside import Inside


class RemoteContext:
    """What a plugin gets of its host, asked for over the link; see `jackfield.api.Context`.

    Args:
        inside: what the plugin's side shares.
    """

    def __init__(self, inside: Inside) -> None:
        manifest = tomllib.loads(inside.spec.manifest)
        self._plugin_id = str(manifest.get("id", inside.spec.plugin))
        self._language = str(manifest.get("language", ""))
        self._inside = inside
        self._asking = asking = Asking(self._plugin_id, inside.calls, inside.handlers)
        self._storage = RemoteStorage(asking)
        self._settings = RemoteSettings(asking)
        self._commands = RemoteCommands(asking, inside.commands)
        self._events = RemoteEvents(asking)
        self._ui = RemoteUi(asking)
        self._plugins = RemotePlugins(asking)
        self._services = RemoteServices(asking)
        self._files = RemoteFiles(asking, inside.scope, inside.descriptors)
        self._environment = RemoteEnvironment(asking)
        self._http = RemoteHttp(asking)
        self._network = RemoteNetwork(asking, inside.scope, inside.descriptors)
        self._resources = PluginResources(self._plugin_id, _package(inside))
        serve_functions(inside.handlers)
        inside.handlers.serve("settings.changed", self._settings.changed)

    def __getattr__(self, name: str) -> Any:
        raise not_in_context(name, vars(self).get("_plugin_id"))

    @property
    def plugin_id(self) -> str:
        """The id in the plugin's manifest."""
        return self._plugin_id

    @cached_property
    def api(self) -> Any:
        """The host's own capabilities, for this plugin."""
        return make_api(self._asking, self._inside.spec.api_type)

    @property
    def storage(self) -> RemoteStorage:
        """What the plugin keeps: values by key, and small tables."""
        return self._storage

    @property
    def settings(self) -> RemoteSettings:
        """What the user may set for this plugin."""
        return self._settings

    @property
    def commands(self) -> RemoteCommands:
        """The plugin's own commands."""
        return self._commands

    @property
    def events(self) -> RemoteEvents:
        """Events between plugins."""
        return self._events

    @property
    def ui(self) -> RemoteUi:
        """What the plugin shows."""
        return self._ui

    @property
    def scheduler(self) -> PluginScheduler:
        """Work that goes on beside the callbacks."""
        return self._inside.scheduler

    @property
    def plugins(self) -> RemotePlugins:
        """The other plugins."""
        return self._plugins

    @property
    def services(self) -> RemoteServices:
        """What plugins offer to each other."""
        return self._services

    @property
    def files(self) -> RemoteFiles:
        """Files of the user, as far as they were granted."""
        return self._files

    @property
    def environment(self) -> RemoteEnvironment:
        """Environment variables of the host, as far as they were granted."""
        return self._environment

    @property
    def http(self) -> RemoteHttp:
        """Requests to other computers, as far as they were granted."""
        return self._http

    @property
    def network(self) -> RemoteNetwork:
        """Connections to other computers, as far as they were granted."""
        return self._network

    @property
    def resources(self) -> PluginResources:
        """The files of the plugin's own package, which lie here."""
        return self._resources

    @cached_property
    def translations(self) -> PluginTranslations:
        """The plugin's texts in the languages of those who read them."""
        return PluginTranslations(self._resources, self._language, self._preferred, self.logger)

    @property
    def blocking(self) -> Any:
        """A synchronous view of every facet, for plain functions."""
        return BlockingView(self, self._inside.crossing)

    @cached_property
    def logger(self) -> logging.Logger:
        """A logger whose lines carry the plugin's id and go to the host."""
        spec = self._inside.spec
        name = logger_name(spec.project, self._plugin_id)
        return make_logger(self._asking, name, lines_per_second=spec.limits.log_lines_per_second)

    @property
    def data_dir(self) -> Path:
        """A folder for the plugin alone, made on first use."""
        return _made(self._inside.spec.data_dir)

    @property
    def config_dir(self) -> Path:
        """A folder for files that the user may edit, made on first use."""
        return _made(self._inside.spec.config_dir)

    def _preferred(self, user: str | None) -> str | None:
        language: str | None = self._asking.now("translations.preferred", {"user": user}, str | None)
        return language


def _made(folder: str) -> Path:
    path = Path(folder)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _package(inside: Inside) -> Path | None:
    """The folder of the package that the entry point names; of a single module there is none."""
    top = inside.spec.entry_point.partition(":")[0].strip().partition(".")[0]
    named = inside.spec.named.get(top)
    places = [Path(named)] if named is not None else [Path(place) / top for place in inside.spec.paths]
    if not places:  # a program that connected by itself has a path of its own; this looks, and imports nothing
        found = importlib.util.find_spec(top)
        places = [Path(place) for place in (found.submodule_search_locations or ())] if found is not None else []
    return next((place for place in places if place.is_dir()), None)
