"""What every test shares: asyncio as the one event loop, and how Hypothesis runs."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is remembered of installed packages, by tests and by all that they start, stays out of the user's own folders.
os.environ["XDG_DATA_HOME"] = str(Path(__file__).parents[1] / ".cache" / "test-data")

# Two busy cores: how long one example takes says nothing of the code.
settings.register_profile("jackfield", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jackfield")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
