"""`context.plugins`: what a plugin sees of the others, and may do with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin, as the others see it.

    Args:
        id: as its author writes it.
        name: for people.
        version: of the code that runs, or would run.
        state: where it stands, in the words of docs/reference/lifecycle.md: `active`, `idle`, `blocked`, …
        enabled: whether the user wants it to run.
        problem: why it does not run as it should; empty when all is well.
    """

    id: str
    name: str
    version: str
    state: str
    enabled: bool
    problem: str = ""


class Plugins(Protocol):
    """The plugins of the host (J11, J17, J20, J22, J23).

    Looking needs `plugins:read`, changing needs `plugins:manage`; what a plugin does with itself needs neither. Nobody
    is given consent on the user's behalf: a plugin that asks for more than it was granted stays blocked.
    """

    async def list(self) -> Sequence[PluginInfo]:
        """Return every plugin that was found, by id."""
        ...

    async def status(self, plugin: str) -> PluginInfo:
        """Return one plugin.

        Raises:
            UnknownPlugin: none of that id is installed.
        """
        ...

    async def wait_for(self, plugin: str, *, timeout_seconds: float | None = None) -> PluginInfo:
        """Return as soon as a plugin is active; it need not be installed yet.

        Raises:
            PluginError: it failed or is blocked, or the host stopped; the sentence says why.
            TimeoutError: it was not active in time.
        """
        ...

    async def load(self, plugin: str) -> PluginInfo:
        """Run a plugin that the user did not enable, for as long as this plugin is enabled.

        It belongs to this plugin's scope and is unloaded with it. One that runs already is left as it is and is
        nobody's child.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it is blocked or failed; the sentence says why.
        """
        ...

    async def enable(self, plugin: str) -> PluginInfo:
        """Enable a plugin as the user would, for good.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it is blocked or failed; the sentence says why. The wish is kept.
        """
        ...

    async def disable(self, plugin: str) -> PluginInfo:
        """Disable a plugin as the user would, for good; its code stays loaded. Who needs it goes down before it.

        Raises:
            UnknownPlugin: none of that id is installed.
        """
        ...

    async def unload(self, plugin: str) -> bool:
        """Take a plugin down until it is loaded again or the host starts again; the user's wish is kept.

        Returns:
            Whether there is a plugin of that id; an unknown one is no error (C9).
        """
        ...

    async def reload(self, plugin: str) -> PluginInfo:
        """Import a plugin's code anew, and that of whoever needs it, with state handed over.

        Raises:
            UnknownPlugin: none of that id is installed.
            PluginError: it cannot be reloaded, or its new code failed; the old one runs on.
        """
        ...

    async def unload_self(self) -> None:
        """Take this plugin down, as soon as what happens now has come to an end; returns at once (J22)."""
        ...
