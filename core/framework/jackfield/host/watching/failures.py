"""Whose failure it was: logged once under the plugin's name, counted, and kept with its traceback (C8, U39)."""

import logging
import threading

from jackfield.errors import JackfieldError, ProcessLost, TakenDown, in_short, kind_and_text
from jackfield.hooks import FailureLog
from jackfield.host.plugins import Plugins
from jackfield.host.watching.observing import Observing
from jackfield.host.watching.traces import Traces


class Failures:
    """Takes every failure of a plugin's code.

    Args:
        app: the application's name; part of the loggers' names.
        plugins: where failures are shown.
        observing: where they are counted, and kept as log lines.
    """

    def __init__(self, app: str, plugins: Plugins, observing: Observing) -> None:
        self._app = app
        self._plugins = plugins
        self._observing = observing
        self._told = FailureLog()
        self._traces = Traces(plugins)
        self._lost: dict[str, str] = {}  # by plugin, what was last said of a process that it has lost
        self._counting = threading.Lock()
        self._log = logging.getLogger(f"{app}.plugins")

    def blame(self, plugin: str, what: str, error: BaseException) -> None:
        """Log and count a failure; that a plugin was taken down meanwhile is none, and only logged.

        Args:
            plugin: the id of whose it is; empty for the host's own functions.
            what: what failed: `on_enable`, `command roll`.
            error: with its traceback.
        """
        if not plugin:
            self._told.tell(self._log, f"{what} failed", error)
            return
        if isinstance(error, TakenDown):
            self._observing.logs.logger(plugin).info("%s", error)
            return
        self._observing.usage.failed(plugin, what)
        if isinstance(error, ProcessLost) and self._lost.get(plugin) == str(error):
            self._count(plugin, what, error)  # its end was told to who waited for an answer, and so in the log
            return
        self._told.tell(self._observing.logs.logger(plugin), f"{plugin} failed in {what}", error)
        self._count(plugin, what, error)

    def blame_hook(self, plugin: str, hook: str, error: BaseException) -> None:
        """Count the failure of a hook; the hook manager has logged it, and the plugin's own lines tell it too."""
        self._told.tell(self._observing.logs.unheard(plugin), f"{plugin} failed in hook {hook}", error)
        self._count(plugin, f"hook {hook}", error)

    def refuse(self, plugin: str, what: str) -> None:
        """Count a use of a facet that the plugin's grant does not cover, and log the first of its kind.

        Args:
            plugin: the id of who tried.
            what: `resource:action`.
        """
        try:
            record = self._plugins.record(plugin)
        except JackfieldError:
            return
        with self._counting:  # plain facets are used by the plugin's threads, too
            before = record.refusals.get(what, 0)
            record.refusals = {**record.refusals, what: before + 1}
        if not before:
            log = self._observing.logs.logger(plugin)
            log.warning("%s tried %s, which it was not granted; further tries are counted only", plugin, what)

    def _count(self, plugin: str, what: str, error: BaseException) -> None:
        try:
            record = self._plugins.record(plugin)
        except JackfieldError:  # a name that is no plugin's: an object that the host registered itself
            return
        record.errors += 1
        if isinstance(error, ProcessLost):  # who raised it is the host
            self._lost[plugin] = record.last_failure = str(error)
            record.last_error = ""
            return
        self._lost.pop(plugin, None)
        kind, text = kind_and_text(error)
        record.last_failure = f"{kind} in {what}: {in_short(text)}"
        self._traces.keep(record, error)
