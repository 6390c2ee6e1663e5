"""What a host sees of its plugins while they run: uses, time, log lines, who blocks the loop, every stack."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from jackfield.analytics import LEVEL_KEY, Analytics, PluginStats, UsageFile
from jackfield.api import Check
from jackfield.errors import JackfieldError
from jackfield.hooks import HookManager
from jackfield.host.plugins import Plugins
from jackfield.host.watching.logs import PluginLogs
from jackfield.host.watching.stacks import Whose, threads_and_tasks
from jackfield.host.watching.watchdog import Block, Watchdog
from jackfield.storage import DATABASE, State
from jackfield.store import Layout

_log = logging.getLogger("jackfield.host")


class Observing:
    """Everything that a host notes down.

    Args:
        app: the application's name.
        layout: where what is kept lies.
        plugins: every plugin of the host.
        manager: calls the hooks.
        watchdog_seconds: for how long the event loop may be blocked unnoticed; None: no watchdog.

    Attributes:
        usage: counts, and tells of uses.
        logs: the plugins' loggers and last lines.
    """

    def __init__(
        self, app: str, layout: Layout, plugins: Plugins, manager: HookManager, watchdog_seconds: float | None
    ) -> None:
        self.usage = Analytics(manager.counters, manager.add_use_listener)
        self.logs = PluginLogs(app, layout.logs)
        self._layout = layout
        self._plugins = plugins
        self._manager = manager
        self._whose = Whose(plugins)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watchdog: Watchdog | None = None
        if watchdog_seconds is not None:
            self._watchdog = Watchdog(
                self._whose.culprit,
                self._blocks,
                self._blocked,
                threshold_seconds=watchdog_seconds,
                beside=self.logs.write,
            )

    def start(self) -> None:
        """Begin a run: counts are those of this run."""
        self.usage.reset()
        self._loop = asyncio.get_running_loop()
        if self._watchdog is not None:
            self._watchdog.start()

    def stop(self) -> None:
        """End it: what was counted is added to the profile's file, what was logged is written."""
        if self._watchdog is not None:
            self._watchdog.stop()
        self._loop = None
        self.logs.write()
        self.logs.release()
        try:
            UsageFile(self._layout.usage).merge(self.usage.uses())
        except JackfieldError as error:
            _log.warning("what was counted in this run is lost: %s", error)

    def follow(self, state: State) -> None:
        """Take up the log levels that the user set."""
        self.logs.follow({key.removeprefix(LEVEL_KEY): value for key, value in state.items(LEVEL_KEY).items()})

    def counted(self, plugin: str, check: Check) -> Check:
        """Return a check for the application's API that counts what it lets through."""

        def checked(resource: str, action: str, target: str | None = None) -> None:
            check(resource, action, target)
            self.usage.acted(plugin, f"{resource}:{action}")

        return checked

    def sent(self, event: str) -> None:
        """Count an event of a plugin: `plugin:<id>:<event>`."""
        kind, _, rest = event.partition(":")
        plugin, _, name = rest.partition(":")
        if kind == "plugin" and name:
            self.usage.sent(plugin, event)

    def stats(self) -> list[PluginStats]:
        """Return every plugin, the most used first; also those that did nothing yet."""
        storage = self._storage()
        known = self.usage.all(storage)
        names = {one.plugin for one in known}
        idle = [PluginStats(name, (), storage[name]) for name in sorted(storage) if name not in names]
        return [*known, *idle]

    def hooks_of(self, plugin: str) -> int:
        """Return how many hooks a plugin implements now."""
        target = self._manager.get_plugin(plugin)
        return len(self._manager.get_hookcallers(target) or ()) if target is not None else 0

    def threads(self) -> Mapping[str, Any]:
        """Return every thread and task with its stack; from any thread."""
        return threads_and_tasks(self._whose, self._loop)

    def _storage(self) -> dict[str, int]:
        found = {}
        for cid, record in self._plugins.records().items():
            database = self._layout.data(cid) / DATABASE
            sizes = []
            for path in (database, database.with_name(database.name + "-wal")):
                try:
                    sizes.append(path.stat().st_size)
                except OSError:
                    continue
            found[record.candidate.id] = sum(sizes)
        return found

    def _blocks(self, block: Block, seconds: float) -> None:
        culprit = block.culprit
        if culprit is None:
            _log.warning("the event loop is blocked for %.1f s, and not by a plugin:\n%s", seconds, block.stack)
            return
        during = f" in {culprit.use}" if culprit.use else ""
        where = f", at {culprit.place}" if culprit.place else ""
        told = f"{culprit.plugin} blocks the event loop for {seconds:.1f} s{during}{where}:\n{block.stack}"
        self.logs.logger(culprit.plugin).warning("%s", told)
        self._plugins.on_block(culprit.plugin, seconds, False)

    def _blocked(self, block: Block, seconds: float) -> None:
        if block.culprit is None:
            return
        plugin = block.culprit.plugin
        self.usage.blocked(plugin, block.culprit.use or "its code", seconds)
        self._plugins.blocked(plugin, seconds)
