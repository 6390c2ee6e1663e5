"""`context.plugins` of one plugin: what it sees of the others, and may do with them (J17, J20, J22, J23)."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from jackfield.api import PluginInfo
from jackfield.host.changes.orders import Orders
from jackfield.host.changes.presence import Presences
from jackfield.host.plugins import Plugins, PluginStatus
from jackfield.manifest import canonical_id
from jackfield.runtime import Scope

Check = Callable[[str, str], None]


class PluginPlugins:
    """The plugins, for one of them; see `jackfield.api.Plugins` for what each method promises.

    Args:
        plugin: its id.
        plugins: all of them.
        orders: carries out what it asks.
        presences: what was asked for this run.
        scope: what it loads belongs to.
        check: asks for `plugins:read` and `plugins:manage`.
        reload: reloads one plugin.
    """

    def __init__(
        self, plugin: str, plugins: Plugins, orders: Orders, presences: Presences, scope: Scope, check: Check
    ) -> None:
        self._plugin = plugin
        self._cid = canonical_id(plugin)
        self._plugins = plugins
        self._orders = orders
        self._presences = presences
        self._scope = scope
        self._check = check

    async def list(self) -> Sequence[PluginInfo]:
        """Return every plugin that was found, by id."""
        self._check("plugins", "read")
        return [_info(status) for status in self._plugins.list()]

    async def status(self, plugin: str) -> PluginInfo:
        """Return one plugin."""
        self._require("read", plugin)
        return _info(self._plugins.status(plugin))

    async def wait_for(self, plugin: str, *, timeout_seconds: float | None = None) -> PluginInfo:
        """Return as soon as a plugin is active."""
        self._require("read", plugin)
        return _info(await self._plugins.wait_for(plugin, timeout_seconds=timeout_seconds))

    async def load(self, plugin: str) -> PluginInfo:
        """Run a plugin for as long as this one is enabled."""
        self._check("plugins", "manage")
        cid = canonical_id(plugin)
        if cid == self._cid:
            return _info(self._plugins.status(plugin))
        require = partial(self._scope.require_open, f"plugin {plugin}")
        require()
        by = f"{self._plugin}, which loaded it and is down"
        opened = self._scope.begin(f"plugin {plugin}", lambda: self._presences.release(cid, parent=self._cid, by=by))
        try:
            await self._orders.within.free_to_go_up(plugin, "loaded")
            status = await self._orders.load(plugin, enable=True, by=self._plugin, parent=self._cid, require=require)
        except asyncio.CancelledError:
            raise  # the order goes on without who gave it: the child may come up, and goes with its parent
        except BaseException:
            self._scope.forget(opened)
            raise
        asked = self._presences.copy().get(cid)
        if asked is None or asked.parent != self._cid:
            self._scope.forget(opened)  # it ran before, and is nobody's child
        return _info(status)

    async def enable(self, plugin: str) -> PluginInfo:
        """Enable a plugin for good."""
        self._check("plugins", "manage")
        if canonical_id(plugin) == self._cid:
            return _info(self._plugins.status(plugin))
        await self._orders.within.free_to_go_up(plugin, "enabled")
        return _info(await self._orders.enable(plugin, by=self._plugin))

    async def disable(self, plugin: str) -> PluginInfo:
        """Disable a plugin for good."""
        self._check("plugins", "manage")
        await self._orders.within.free_to_go_down(plugin, "disabled")
        return _info(await self._orders.disable(plugin, by=self._plugin))

    async def unload(self, plugin: str) -> bool:
        """Take a plugin down; the user's wish is kept."""
        if canonical_id(plugin) == self._cid:
            await self.unload_self()
            return True
        self._check("plugins", "manage")
        await self._orders.within.free_to_go_down(plugin, "unloaded")
        return await self._orders.unload(plugin, by=self._plugin)

    async def reload(self, plugin: str) -> PluginInfo:
        """Import a plugin's code anew."""
        self._check("plugins", "manage")
        await self._orders.within.free_to_go_down(plugin, "reloaded")
        return _info(await self._orders.reload(plugin))

    async def unload_self(self) -> None:
        """Take this plugin down soon; returns at once."""
        self._orders.unload_later(self._plugin, by="itself")

    def _require(self, action: str, plugin: str) -> None:
        if canonical_id(plugin) != self._cid:
            self._check("plugins", action)


def _info(status: PluginStatus) -> PluginInfo:
    return PluginInfo(status.id, status.name, status.version, str(status.state), status.enabled, status.problem)
