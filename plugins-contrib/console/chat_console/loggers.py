"""Loggers under the names that scripts import."""

import logging
import sys
from typing import Any


class MCDReforgedLogger(logging.Logger):
    """A logger of a script's own; what it logs goes where the console's log goes.

    Args:
        plugin_id: whose it is.
    """

    def __init__(self, plugin_id: str | None = None) -> None:
        super().__init__(plugin_id or "console")
        self.parent = logging.getLogger("jackfield.console")

    def set_file(self, file_name: str) -> None:
        """Write into a file as well."""
        self.addHandler(logging.FileHandler(file_name, encoding="utf-8"))

    def debug(self, *args: Any, option: Any = None, no_check: bool = False, **kwargs: Any) -> None:  # type: ignore[override]
        """Log at debug level; the options of the original are taken and change nothing."""
        super().debug(*args, **kwargs)


class SyncStdoutStreamHandler(logging.StreamHandler):  # type: ignore[type-arg]  # of texts
    """A handler that writes to standard output."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
