"""Plugin packages straight from their folders: for tests of what needs no host."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType


@contextmanager
def imported(folder: Path, name: str) -> Iterator[ModuleType]:
    """Import package `name` from `folder`; afterwards neither the folder nor the package is known any more."""
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield import_module(name)
    finally:
        sys.path.remove(str(folder))
        top = name.partition(".")[0]
        for module in [key for key in sys.modules if key == top or key.startswith(f"{top}.")]:
            del sys.modules[module]
