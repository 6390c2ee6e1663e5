"""Which script's code runs in a thread: `ServerInterface.psi()` and the failure of a thread ask for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_local = threading.local()


def current_script() -> Any:
    """Return the script whose code runs in this thread; None outside of scripts."""
    return getattr(_local, "script", None)


@contextmanager
def as_script(script: Any) -> Iterator[None]:
    """Run what follows as the code of a script."""
    before = current_script()
    _local.script = script
    try:
        yield
    finally:
        _local.script = before
