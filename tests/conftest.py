"""What every test shares: asyncio as the one event loop, and how Hypothesis runs."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# What is remembered of installed packages, by tests and by all that they start, stays out of the user's own folders.
os.environ["XDG_DATA_HOME"] = str(ROOT / ".cache" / "test-data")

# Two busy cores: how long one example takes says nothing of the code.
settings.register_profile("jackfield", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("check", settings.get_profile("jackfield"), max_examples=20)  # what `make check` has time for
settings.load_profile("jackfield")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_modules() -> Iterator[None]:
    """Forget the modules that a test imported from its own folders: the next one has others of the same names."""
    before, finders = set(sys.modules), list(sys.meta_path)
    yield
    temporary, ours = tempfile.gettempdir(), str(ROOT)
    for name in set(sys.modules) - before:
        file = str(getattr(sys.modules[name], "__file__", None) or "")
        if file.startswith(temporary) and not file.startswith(ours):  # a clone may lie in a temporary folder itself
            del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder in finders or not _serves_a_store(finder)]


def _serves_a_store(finder: object) -> bool:
    return type(finder).__module__ == "jackfield.host.finder"
