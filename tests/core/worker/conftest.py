"""What the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.certificates import make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
