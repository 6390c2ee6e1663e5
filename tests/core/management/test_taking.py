"""What the application takes by itself brings nothing that a person would want to see first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.management import Management, take_updates

from tests.core.management.story import installed
from tests.support.marketplace import SCRIPT, RunningMarketplace, running_marketplace
from tests.support.processes import Server, script

pytestmark = [pytest.mark.slow, pytest.mark.feature("C41", "C42")]


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path / "upstream") as running:
        yield running


@pytest.fixture
def linked(upstream: RunningMarketplace, tmp_path: Path) -> Iterator[RunningMarketplace]:
    """A marketplace that sends to `upstream` for libraries that it does not hold."""
    command = [script(SCRIPT), "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    with Server([*command, "--upstream", f"{upstream.url}/simple/"]) as server:
        yield RunningMarketplace(server, tmp_path / "data", tmp_path / "wheels")


async def taken(management: Management) -> list[str | None]:
    async def follow() -> None: ...

    found = await take_updates(management, await management.check_updates(), by="itself", follow=follow)
    return [one.done for one in found]


async def test_a_library_that_nobody_signed_waits_for_a_yes(
    upstream: RunningMarketplace, linked: RunningMarketplace, manage: Callable[..., Management]
) -> None:
    upstream.publish_library("jf-strange", "1.0")
    linked.publish_library("jf-known", "1.0")
    linked.publish("taker")
    management = manage(linked.url)
    await installed(management, "taker")
    management.policies.change("taker", {"mode": "auto"}, by="tester")
    linked.publish("taker", "1.1.0", requires=["jf-known"])
    assert await taken(management) == ["taker was updated from 1.0.0 to 1.1.0 by itself"]
    linked.publish("taker", "1.2.0", requires=["jf-known", "jf-strange"])
    assert await taken(management) == ["taker 1.2.0 brings what nobody signed, jf-strange, and waits for your yes"]
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    linked.publish("taker", "1.3.0", requires=["jf-known", "jf-strange"])
    assert await taken(management) == ["taker was updated from 1.2.0 to 1.3.0 by itself"], "it was agreed to"
