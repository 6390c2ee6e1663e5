"""Which script's code runs: `ServerInterface.psi()` and the failure of a thread ask for it.

It is kept by thread and by asynchronous task: the coroutines of several scripts take turns on one thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_script: ContextVar[Any] = ContextVar("script", default=None)


def current_script() -> Any:
    """Return the script whose code runs here; None outside of scripts."""
    return _script.get()


@contextmanager
def as_script(script: Any) -> Iterator[None]:
    """Run what follows as the code of a script."""
    token = _script.set(script)
    try:
        yield
    finally:
        _script.reset(token)
