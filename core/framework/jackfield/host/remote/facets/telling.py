"""The rest of what a plugin in another process asks: other plugins, languages, lines for its log."""

from __future__ import annotations

import logging
from typing import Any

from jackfield.api import PluginInfo
from jackfield.host.facets import PluginContext, Wiring
from jackfield.host.remote.facets.holding import Holding
from jackfield.isolation import LineRate
from jackfield.rpc import in_one_line, set_in
from jackfield.runtime import Whole

LONGEST_LINE = 16_000
LONGEST_NAME = 80
MOST_EXTRA = 32
MOST_LOGGERS = 50
"""Below that of one plugin."""
MOST_LATE_SECONDS = 60.0
"""How much earlier or later than it comes a line may say that it was written; else the time is the host's."""
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class ServedPlugins:
    """`plugins.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
    """

    def __init__(self, context: PluginContext, holding: Holding) -> None:
        self._plugins = context.plugins
        self._holding = holding

    async def list(self) -> Whole:
        """Every plugin that was found."""
        return await self._holding.whole(list(await self._plugins.list()))

    async def status(self, plugin: str) -> PluginInfo:
        """One plugin."""
        return await self._plugins.status(plugin)

    async def wait_for(self, plugin: str, timeout_seconds: float | None = None) -> PluginInfo:
        """One plugin, as soon as it is active."""
        return await self._plugins.wait_for(plugin, timeout_seconds=timeout_seconds)

    async def load(self, plugin: str) -> PluginInfo:
        """Run one that the user did not enable."""
        return await self._plugins.load(plugin)

    async def enable(self, plugin: str) -> PluginInfo:
        """Enable one for good."""
        return await self._plugins.enable(plugin)

    async def disable(self, plugin: str) -> PluginInfo:
        """Disable one for good."""
        return await self._plugins.disable(plugin)

    async def unload(self, plugin: str) -> bool:
        """Take one down."""
        return await self._plugins.unload(plugin)

    async def reload(self, plugin: str) -> PluginInfo:
        """Import one's code anew."""
        return await self._plugins.reload(plugin)

    async def unload_self(self) -> None:
        """Take the plugin itself down."""
        await self._plugins.unload_self()


class ServedTranslations:
    """`translations.…`: the texts lie with the plugin, who prefers what is known here.

    Args:
        wiring: the plugin's.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._language_of = wiring.around.language_of

    def preferred(self, user: str | None = None) -> str | None:
        """The language that a user prefers, or with nil the application's; nil: nothing is known."""
        return self._language_of(user)


class ServedLogger:
    """`logger.…` and `log`.

    Args:
        context: the plugin's.
        rate: of the lines that are kept; more are dropped and counted.
    """

    def __init__(self, context: PluginContext, rate: LineRate) -> None:
        self._logger = context.logger
        self._children: dict[str, logging.Logger] = {}
        self._rate = rate

    def level(self) -> int:
        """The number from which lines are wanted: 10 debug, 20 info, 30 warning, 40 error."""
        return self._logger.getEffectiveLevel()

    def log(
        self,
        level: int,
        message: str,
        created: float = 0.0,
        name: str = "",
        exception: str = "",
        extra: dict[str, Any] = {},  # noqa: B006 (only read)
    ) -> None:
        """Take a line: kept and shown as the plugin's own, never with its name or level made up."""
        logger = self._below(in_one_line(name[:LONGEST_NAME]))
        level = max(logging.DEBUG, min(level, logging.CRITICAL))
        if not logger.isEnabledFor(level) or not self._rate.admit():
            return
        record = logger.makeRecord(logger.name, level, "", 0, _shown(message), (), None)
        if abs(created - record.created) < MOST_LATE_SECONDS:
            record.created = created
        record.exc_text = _shown(exception) or None
        for key, value in list(extra.items())[:MOST_EXTRA]:
            if key.isidentifier() and key not in _OWN and not hasattr(record, key):
                setattr(record, key, value)
        logger.handle(record)

    def _below(self, name: str) -> logging.Logger:
        """The plugin's logger, or one below it: a few of them, for Python never forgets a logger."""
        if not name:
            return self._logger
        if name not in self._children:
            full = f"{self._logger.name}.{name}"
            known = logging.Logger.manager.loggerDict  # those that it made in processes before count, too
            if full not in known and sum(one.startswith(f"{self._logger.name}.") for one in known) >= MOST_LOGGERS:
                return self._logger
            self._children[name] = self._logger.getChild(name)
        return self._children[name]


def _shown(text: str) -> str:
    """Return what a plugin wrote so that it cannot be taken for a line of somebody else's: further lines are set in."""
    return set_in(text[:LONGEST_LINE])
