"""Loggers under the names that scripts import."""

import logging
import sys
from pathlib import Path
from typing import Any


class MCDReforgedLogger(logging.Logger):
    """A logger of a script's own; what it logs goes where the console's log goes.

    Args:
        plugin_id: whose it is.
        parent: the console's log; scripts that make a logger of their own name none.
    """

    def __init__(self, plugin_id: str | None = None, *, parent: logging.Logger | None = None) -> None:
        above = parent or logging.getLogger("jackfield.console")
        super().__init__(f"{above.name}.{plugin_id}" if plugin_id else above.name)
        self.parent = above

    def set_file(self, file_name: str) -> None:
        """Write into a file as well."""
        Path(file_name).parent.mkdir(parents=True, exist_ok=True)
        self.addHandler(logging.FileHandler(file_name, encoding="utf-8"))

    def debug(self, *args: Any, option: Any = None, no_check: bool = False, **kwargs: Any) -> None:
        """Log at debug level; the options of the original are taken and change nothing."""
        super().debug(*args, **kwargs)


class SyncStdoutStreamHandler(logging.StreamHandler):  # type: ignore[type-arg]  # of texts
    """A handler that writes to standard output."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
