"""`context.plugins` in a worker: the host answers each call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jackfield.api import PluginInfo
from jackfield.worker.facets.asking import Asking


class RemotePlugins:
    """See `jackfield.api.Plugins`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list(self) -> Sequence[PluginInfo]:
        """Return every plugin that was found, by id."""
        found: Sequence[PluginInfo] = await self._asking.whole("plugins.list", {}, tuple[PluginInfo, ...])
        return list(found)

    async def status(self, plugin: str) -> PluginInfo:
        """Return one plugin."""
        return await self._info("status", plugin)

    async def wait_for(self, plugin: str, *, timeout_seconds: float | None = None) -> PluginInfo:
        """Return as soon as a plugin is active."""
        return await self._info("wait_for", plugin, timeout_seconds=timeout_seconds)

    async def load(self, plugin: str) -> PluginInfo:
        """Run a plugin that the user did not enable, for as long as this plugin is enabled."""
        return await self._info("load", plugin)

    async def enable(self, plugin: str) -> PluginInfo:
        """Enable a plugin as the user would, for good."""
        return await self._info("enable", plugin)

    async def disable(self, plugin: str) -> PluginInfo:
        """Disable a plugin as the user would, for good."""
        return await self._info("disable", plugin)

    async def unload(self, plugin: str) -> bool:
        """Take a plugin down until it is loaded again or the host starts again."""
        there: bool = await self._asking.call("plugins.unload", {"plugin": plugin}, bool)
        return there

    async def reload(self, plugin: str) -> PluginInfo:
        """Import a plugin's code anew, and that of whoever needs it, with state handed over."""
        return await self._info("reload", plugin)

    async def unload_self(self) -> None:
        """Take this plugin down, as soon as what happens now has come to an end."""
        await self._asking.call("plugins.unload_self", {})

    async def _info(self, method: str, plugin: str, **named: Any) -> PluginInfo:
        info: PluginInfo = await self._asking.call(f"plugins.{method}", {"plugin": plugin, **named}, PluginInfo)
        return info
