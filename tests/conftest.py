"""What every test shares: asyncio as the one event loop, and how Hypothesis runs."""

import pytest
from hypothesis import HealthCheck, settings

# Two busy cores: how long one example takes says nothing of the code.
settings.register_profile("jackfield", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jackfield")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
