"""What several tests of an application share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.marketplace import RunningMarketplace
from tests.support.revoking import revoking_marketplace


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """A marketplace that revokes; a module that needs another one has its own."""
    with revoking_marketplace(tmp_path_factory.mktemp("market")) as running:
        yield running
