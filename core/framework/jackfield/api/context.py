"""`Context`: all that a plugin gets from its host."""

import logging
from pathlib import Path
from typing import Any, Protocol

from jackfield.api.capabilities import Commands, Settings, Ui
from jackfield.api.events import Events
from jackfield.api.files import Environment, Files
from jackfield.api.http import Http
from jackfield.api.network import Network
from jackfield.api.plugins import Plugins
from jackfield.api.scheduling import Scheduler
from jackfield.api.services import Services
from jackfield.api.storage import Storage
from jackfield.api.texts import Resources, Translations


class Context(Protocol):
    """One plugin's view of its host, the same inline and in a worker; every facet checks the plugin's grant (C3).

    docs/reference/context.md tells which facet needs which permission.
    """

    @property
    def plugin_id(self) -> str:
        """The id in the plugin's manifest."""
        ...

    @property
    def api(self) -> Any:
        """The host's own capabilities, for this plugin; their type is in the host's published API distribution."""
        ...

    @property
    def storage(self) -> Storage:
        """What the plugin keeps: values by key, and small tables."""
        ...

    @property
    def settings(self) -> Settings:
        """What the user may set for this plugin."""
        ...

    @property
    def commands(self) -> Commands:
        """The plugin's own commands."""
        ...

    @property
    def events(self) -> Events:
        """Events between plugins."""
        ...

    @property
    def ui(self) -> Ui:
        """What the plugin shows."""
        ...

    @property
    def scheduler(self) -> Scheduler:
        """Work that goes on beside the callbacks."""
        ...

    @property
    def plugins(self) -> Plugins:
        """The other plugins."""
        ...

    @property
    def services(self) -> Services:
        """What plugins offer to each other."""
        ...

    @property
    def files(self) -> Files:
        """Files of the user, as far as they were granted."""
        ...

    @property
    def environment(self) -> Environment:
        """Environment variables, as far as they were granted."""
        ...

    @property
    def http(self) -> Http:
        """Requests to other computers, as far as they were granted."""
        ...

    @property
    def network(self) -> Network:
        """Connections to other computers, as far as they were granted."""
        ...

    @property
    def resources(self) -> Resources:
        """The files of the plugin's own package."""
        ...

    @property
    def translations(self) -> Translations:
        """The plugin's texts in the languages of those who read them."""
        ...

    @property
    def blocking(self) -> Any:
        """A synchronous view of every facet, for plain functions in threads: `context.blocking.storage.get("key")`.

        On the event loop's thread its methods raise `WouldBlock`.
        """
        ...

    @property
    def logger(self) -> logging.Logger:
        """A logger whose lines carry the plugin's id (M4).

        Its level is the user's to set, and `isEnabledFor` asks for it; a message may be a function, called only if the
        level is on; what `extra=` says is kept beside the line (K15).
        """
        ...

    @property
    def data_dir(self) -> Path:
        """A folder for the plugin alone, made on first use (K32)."""
        ...

    @property
    def config_dir(self) -> Path:
        """A folder for files that the user may edit, made on first use (K32)."""
        ...
