"""Types of arguments that are a plugin's own: what is written becomes a value, or a sentence for who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield.errors import PluginError, UsageError, in_short
from jackfield.rpc import in_one_line


def read_own(parse: Callable[[str], Any], label: str, written: str) -> Any:
    """Return what a plugin's own function makes of what was written.

    Args:
        parse: the function.
        label: what is expected.
        written: the word, or the rest of the line.

    Raises:
        UsageError: it is the mistake of who wrote it, told in one line that holds nothing but text.
        PluginError: the function tried to end the process, as argparse does for a wrong word.
        KeyboardInterrupt: somebody wants to end the process.
        Exception: what else it raised, the plugin's failure.
    """
    try:
        return parse(written)
    except UsageError as error:
        raise UsageError(in_short(in_one_line(str(error)))) from error
    except ValueError as error:
        raise UsageError(in_short(in_one_line(str(error))) or f"expected {label}") from error
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise PluginError(f"{label} cannot be read: {type(error).__name__}: {error}") from error
