"""What an adopted application is told of its plugins, when it asks or when one fails; loaded then."""

import traceback
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """An entry point that could not be imported or registered; the others were loaded.

    Attributes:
        name: the entry point's name, which is the plugin's.
        group: its group.
        distribution: the distribution that brought it, with version: `chat-weather 1.2.0`.
        error: what was raised.
    """

    name: str
    group: str
    distribution: str
    error: BaseException

    @property
    def traceback(self) -> str:
        """The traceback as text, for a person."""
        return "".join(traceback.format_exception(self.error))


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One plugin as `PluginManager.list_plugins` shows it.

    Attributes:
        name: the name it is, or would be, registered under.
        distribution: the distribution that brought it; empty for one that the application registered itself.
        version: that distribution's version.
        group: the entry-point group; empty for one that the application registered itself.
        enabled: the user's wish.
        state: "active" is registered; "disabled" by the user; "blocked" by the application (`set_blocked`), or because
            a marketplace revoked it, which `error` says; "failed" could not be loaded; "found" is not loaded yet.
        error: what it failed with, one line; empty otherwise.
    """

    name: str
    distribution: str
    version: str
    group: str
    enabled: bool
    state: Literal["active", "disabled", "blocked", "failed", "found"]
    error: str = ""
