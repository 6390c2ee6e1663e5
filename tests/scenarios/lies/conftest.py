"""A marketplace, another one, and a user who installed a plugin through a mirror; at the end the table of attacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.deceived import TABLE, Deceived
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.mirror import mirror_of


@pytest.fixture(scope="session", autouse=True)
def shown() -> Iterator[None]:
    """The table of attacks, with `pytest -s`."""
    yield
    print(f"\n\n{'attack':<72} what the user reads")
    for attack, sentence in TABLE.items():
        print(f"{attack:<72} {sentence}")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("second")) as running:
        yield running


@pytest.fixture
async def user(market: RunningMarketplace, tmp_path: Path) -> AsyncIterator[Deceived]:
    with mirror_of(market.url) as mirror:
        user = Deceived(market, mirror, tmp_path)
        market.publish(user.id, "1.0.0")
        await user.install(f"{user.id}==1.0.0")
        assert user.installed() == {user.id: "1.0.0"}
        mirror.asked.clear()
        yield user
