"""What the application takes by itself brings nothing that a person would want to see first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.management import Management, take_updates
from jackfield.manifest import HostFile
from jackfield.store import Layout

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
    linked.publish("taker")
    linked.run("reserve", "jf-known", "--user", "alice")
    linked.publish_library("jf-known", "1.0")
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


async def test_a_library_that_is_too_young_is_waited_for_but_by_a_security_fix(
    market: RunningMarketplace, layout: Layout, hostfile: HostFile
) -> None:
    def at(seconds: float) -> Management:
        return Management("chat", layout, (market.url,), hostfile, clock=lambda: time.time() + seconds)

    market.publish("patient")
    await installed(at(0), "patient")
    at(0).policies.change(None, {"delay_seconds": 3600.0}, by="tester")
    at(0).policies.change("patient", {"mode": "auto", "delay_seconds": 0.0}, by="tester")
    market.publish_library("fresh", "1.0")
    market.publish("patient", "1.1.0", requires=["fresh"])
    (told,) = await taken(at(0))
    assert told is not None
    assert told.startswith("patient 1.1.0 waits: the library fresh 1.0 is only ")
    market.run("security", "confirm", "chat-patient", "1.1.0", "votes can no longer be forged")
    assert await taken(at(0)) == ["patient was updated from 1.0.0 to 1.1.0 by itself"]
    market.publish_library("fresher", "1.0")
    market.publish("patient", "1.2.0", requires=["fresh", "fresher"])
    assert await taken(at(7200.0)) == ["patient was updated from 1.1.0 to 1.2.0 by itself"], "it is old enough by then"
