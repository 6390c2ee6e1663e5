"""The values of one call as they are written: JSON, each of them and all together within bounds.

As JSON a character takes up to twelve, and a plugin in a process of its own sends tens of mebibytes at once. So what
can be no value is refused before it is written out, and one that can does not wait in memory with hundreds of others.
"""

import json
from itertools import islice
from typing import Any

from jackfield.errors import UsageError

MAXIMUM_VALUE_BYTES = 1 << 20
MAXIMUM_KEY_CHARACTERS = 512
MOST_WRITTEN_BYTES = 32 << 20
"""Of all values of one `apply`, as JSON."""


class Written:
    """What is written in one call.

    Args:
        plugin: whose it is, for errors.
    """

    def __init__(self, plugin: str | None) -> None:
        self._plugin = plugin
        self._left_bytes = MOST_WRITTEN_BYTES

    def text(self, key: str, value: Any) -> str:
        """Return a value as it is kept under a key.

        Raises:
            UsageError: it is not JSON, or too large, alone or with those before it; the key is empty or too long.
        """
        if not key or len(key) > MAXIMUM_KEY_CHARACTERS:
            raise UsageError(f"a key has 1 to {MAXIMUM_KEY_CHARACTERS} characters", plugin=self._plugin)
        if _is_longer(value, MAXIMUM_VALUE_BYTES):
            raise self._too_large(key)
        try:
            text = json.dumps(value, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"the value of {key} is not JSON: {error}", plugin=self._plugin) from error
        if len(text) > MAXIMUM_VALUE_BYTES:  # it is ASCII
            raise self._too_large(key)
        self._left_bytes -= len(text)
        if self._left_bytes < 0:
            raise UsageError(
                f"the values of one apply take more than {MOST_WRITTEN_BYTES >> 20} MiB",
                plugin=self._plugin,
                hint="apply them in several calls",
            )
        return text

    def _too_large(self, key: str) -> UsageError:
        return UsageError(f"the value of {key} is larger than {MAXIMUM_VALUE_BYTES} bytes", plugin=self._plugin)


def _is_longer(value: Any, most: int) -> bool:
    """Say whether a value takes more than so many characters for certain: each has one, and a text as many as it is.

    One that holds itself does.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        most -= len(one) if isinstance(one, str) else 1
        if most < 0:
            return True
        if isinstance(one, dict):
            waiting += islice((part for entry in one.items() for part in entry), most + 1)
        elif isinstance(one, list | tuple):
            waiting += islice(one, most + 1)
    return False
