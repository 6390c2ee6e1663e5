"""What the owner asks of single plugins for as long as the chat runs: load, unload, reload."""

from collections.abc import Callable

from jackfield.host import Host


class Running:
    """The plugins of the running chat; nothing here changes what is installed or enabled.

    Args:
        host: runs them.
        on_change: told after each change.
    """

    def __init__(self, host: Host, on_change: Callable[[], None]) -> None:
        self._host = host
        self._on_change = on_change

    async def load(self, plugin: str, *, who: str) -> str:
        """Run a plugin until the chat stops; return the sentence that says so (J15).

        Raises:
            PluginError: it is not installed, is blocked, or failed; the sentence says why.
        """
        status = await self._host.load(plugin, by=who)
        self._on_change()
        until = "" if status.enabled else " It runs until the chat stops."
        return f"{status.id} was loaded.{until}"

    async def unload(self, plugin: str, *, who: str) -> str:
        """Take a plugin down until it is loaded again or the chat starts again (J21)."""
        known = await self._host.unload(plugin, by=who)
        self._on_change()
        if not known:
            return f"No plugin {plugin} is installed."
        return f"{plugin} was unloaded. /plugins load {plugin} brings it back, and so does the next start of the chat."

    async def reload(self, plugin: str | None) -> str:
        """Import a plugin's code anew, or that of all whose files changed (M24).

        Raises:
            PluginError: it cannot be reloaded, or its new code failed and the old one runs on.
        """
        if plugin is not None:
            status = await self._host.reload(plugin)
            self._on_change()
            return f"{status.id} {status.version} was reloaded."
        failures = await self._host.reload_changed()
        self._on_change()
        return "; ".join(failures) or "Everything that was saved since runs now."
