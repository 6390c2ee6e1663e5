"""One use of a plugin, as listeners are told of it (C32)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class PluginUsage:
    """A `plugin_usage` event: the plugin's code is about to be called, or it did something at the application.

    Attributes:
        plugin: its id.
        action: what it is used for: a hook's name, `command roll`, `messages:send`.
        timestamp: seconds since the epoch.
        metadata: what else is known: `kind` is one of `KINDS`.
    """

    plugin: str
    action: str
    timestamp: float
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_mapping(self) -> dict[str, Any]:
        """Return the event as plain data, the time as ISO 8601 in UTC."""
        return {
            "event": "plugin_usage",
            "plugin": self.plugin,
            "action": self.action,
            "timestamp": datetime.fromtimestamp(self.timestamp, UTC).isoformat(),
            "metadata": dict(self.metadata),
        }


UsageListener: TypeAlias = Callable[[PluginUsage], None]
"""Told of each use, in the thread where it happens."""
