"""`context` of a plugin in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jackfield.runtime import BlockingView, PluginScheduler
from jackfield.worker.inside import Inside


class RemoteContext:
    """What a plugin gets of its host, asked for over the link.

    Args:
        inside: what the plugin's side shares.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    @property
    def plugin_id(self) -> str:
        """The plugin's id."""
        return self._inside.spec.plugin

    @property
    def scheduler(self) -> PluginScheduler:
        """Work that goes on beside the callbacks."""
        return self._inside.scheduler

    @property
    def blocking(self) -> Any:
        """A synchronous view of every facet, for plain functions."""
        return BlockingView(self, self._inside.crossing)

    @property
    def data_dir(self) -> Path:
        """A folder for the plugin alone."""
        return Path(self._inside.spec.data_dir)

    @property
    def config_dir(self) -> Path:
        """A folder for files that the user may edit."""
        return Path(self._inside.spec.config_dir)
