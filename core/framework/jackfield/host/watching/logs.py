"""Each plugin's logger: its level as the user sets it, its last lines kept, its messages made only when wanted.

Lines of `context.logger` are kept from INFO on, whatever the application's own logging shows. What the application
shows stays its choice: a line reaches its handlers only if their logger would have let it through, or if the user asked
for this plugin's level.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from jackfield.analytics import LEVELS, LogFile, LogLine, LogRing, message_of
from jackfield.manifest import canonical_id, logger_name

_log = logging.getLogger("jackfield.host")


class PluginLogs:
    """The loggers of one host's plugins.

    Args:
        app: the application's name; the loggers are called as `logger_name` says.
        folder: where the last lines are written.
    """

    def __init__(self, app: str, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._keepers: dict[str, _Keeper] = {}
        self._levels: Mapping[str, str] = {}
        self._written = True
        self._listeners: dict[str, Callable[[], None]] = {}

    def logger(self, plugin: str) -> logging.Logger:
        """Return a plugin's logger; its lines are kept from now on."""
        return self._kept(plugin).logger

    def _kept(self, plugin: str) -> "_Keeper":
        cid = canonical_id(plugin)
        keeper = self._keepers.get(cid)
        if keeper is None:
            logger = logging.getLogger(logger_name(self._app, plugin))
            keeper = self._keepers[cid] = _Keeper(logger, LogFile(self._folder / f"{cid}.jsonl"))
        if not keeper.holds:
            keeper.hold()
            keeper.follow(self._levels.get(cid))
        return keeper

    def unheard(self, plugin: str) -> logging.Logger:
        """Return a logger whose lines are kept with the plugin's and go nowhere else: others have told of them."""
        kept = self._keepers.get(canonical_id(plugin)) or self._kept(plugin)
        return kept.quiet

    def follow(self, levels: Mapping[str, object]) -> None:
        """Take up the levels that the user set: canonical id -> `debug`."""
        self._levels = {cid: level for cid, level in levels.items() if isinstance(level, str) and level in LEVELS}
        for cid, keeper in self._keepers.items():
            before = keeper.logger.level
            keeper.follow(self._levels.get(cid))
            if keeper.logger.level != before:
                self._listeners.get(cid, _nobody)()

    def on_level(self, plugin: str, listener: Callable[[], None]) -> None:
        """Call `listener()` when the level of a plugin's logger has changed: who runs the plugin now, nobody before."""
        self._listeners[canonical_id(plugin)] = listener

    def level(self, plugin: str) -> str:
        """Return the level from which a plugin's lines are kept."""
        keeper = self._keepers.get(canonical_id(plugin))
        return logging.getLevelName(keeper.logger.getEffectiveLevel()).lower() if keeper is not None else "info"

    def lines(self, plugin: str, since: int = 0, *, wait_seconds: float = 0.0) -> list[LogLine]:
        """Return the kept lines of this run after the one of a number, oldest first.

        Args:
            plugin: its id.
            since: 0 for all.
            wait_seconds: how long to wait for one where there is none; from any thread but the event loop's.
        """
        keeper = self._keepers.get(canonical_id(plugin))
        return keeper.ring.since(since, wait_seconds=wait_seconds) if keeper is not None else []

    def write(self) -> None:
        """Write what came since the last time to disk; a disk that cannot take it is told of once."""
        try:
            for keeper in tuple(self._keepers.values()):
                keeper.file.write(keeper.ring)
        except OSError as error:
            if self._written:
                _log.warning("the log lines of plugins cannot be kept in %s: %s", self._folder, error)
            self._written = False
        else:
            self._written = True

    def release(self) -> None:
        """Leave the loggers as they were before; the lines are kept."""
        for keeper in self._keepers.values():
            keeper.let_go()


def _nobody() -> None:
    """Hears of the level of a plugin whose lines are written in this process."""


class _Keeper(logging.Handler):
    """Keeps a logger's lines, and decides which of them the application's own handlers see.

    It is a filter of the logger, since only a filter can keep a line from the handlers of the loggers above; for lines
    of loggers below, which do not pass that filter, it is a handler.
    """

    def __init__(self, logger: logging.Logger, file: LogFile) -> None:
        super().__init__()
        self.ring = LogRing()
        self.file = file
        self.logger = logger
        self.holds = False
        self.quiet = logging.Logger(logger.name)  # noqa: LOG001 (of no tree, so that nobody else hears it)
        self.quiet.addFilter(self.ring.take)
        self.quiet.addHandler(logging.NullHandler())
        self._before = self._level = logger.level
        self._asked = False

    def hold(self) -> None:
        """Take the logger's lines from now on."""
        self._before = self.logger.level
        self.logger.addFilter(self.kept_and_shown)
        self.logger.addHandler(self)
        self.holds = True

    def follow(self, level: str | None) -> None:
        """Log from this level on; None: from INFO on, or from where the application's own logging begins."""
        self._asked = level is not None
        wanted = level.upper() if level is not None else min(logging.INFO, self._beyond())
        self.logger.setLevel(wanted)
        self._level = self.logger.level

    def kept_and_shown(self, record: logging.LogRecord) -> bool:
        """Keep a line, unless there are too many; say whether others see it, too."""
        if callable(record.msg):
            record.msg, record.args = message_of(record), ()
        if not self.ring.take(record):
            return False
        return self._asked or self.logger.level != self._level or record.levelno >= self._beyond()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of a logger below."""
        if record.name != self.logger.name:
            self.kept_and_shown(record)

    def let_go(self) -> None:
        """Take itself off the logger."""
        if not self.holds:
            return
        self.holds = False
        self.logger.removeFilter(self.kept_and_shown)
        self.logger.removeHandler(self)
        if self.logger.level == self._level:
            self.logger.setLevel(self._before)

    def _beyond(self) -> int:
        parent = self.logger.parent
        return parent.getEffectiveLevel() if parent is not None else logging.WARNING
