"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jackfield.isolation import Zygote

from tests.support.certificates import make_certificate
from tests.support.workers import running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
async def zygote() -> AsyncIterator[Zygote]:
    """A zygote for all workers of a module: what a test does to a worker, no other one notices."""
    async with running() as one:
        yield one


@pytest.fixture
async def own_zygote() -> AsyncIterator[Zygote]:
    """A zygote for one test, which may do to it what it likes."""
    async with running() as one:
        yield one
