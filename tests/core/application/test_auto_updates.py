"""The running application takes updates by itself where its user said so, grants nothing, and tells what it did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jackfield.application import Application
from jackfield.management import Update

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.profiles import hostfile
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("C41", "C42", "C45", "C46")]

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "posts results"\n'
BROKEN = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise ValueError('no paint')\n"
Rounds = "asyncio.Queue[Sequence[Update]]"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_marketplace(tmp_path_factory.mktemp("auto")) as running:
        yield running


@pytest.fixture
def rounds() -> asyncio.Queue[Sequence[Update]]:
    return asyncio.Queue()


@asynccontextmanager
async def running(
    home: Path, market: RunningMarketplace, rounds: asyncio.Queue[Sequence[Update]], **options: Any
) -> AsyncIterator[Application]:
    application = Application(
        "chat",
        home=home,
        hostfile=hostfile(),
        marketplaces=(market.url,),
        updates_every_seconds=0.2,
        on_updates=rounds.put_nowait,
        **options,
    )
    await application.start()
    try:
        yield application
    finally:
        await application.stop()


async def install(application: Application, *plugins: str) -> None:
    management = application.management
    plan = await management.plan_install(plugins)
    await management.apply(plan, accept_permissions=True, by="tester")
    await application.reload()


async def heard(rounds: asyncio.Queue[Sequence[Update]], wanted: Callable[[Update], bool]) -> Update:
    """The first record of a later round that is wanted."""
    async with asyncio.timeout(60):
        while True:
            found = [one for one in await rounds.get() if wanted(one)]
            if found:
                return found[0]


def versions(application: Application) -> dict[str, str]:
    return {row.id: row.version for row in application.management.list()}


async def test_what_asks_for_nothing_more_is_taken_and_runs(tmp_path, market, rounds):
    market.publish("taken")
    market.publish("told")
    async with running(tmp_path, market, rounds) as application:
        await install(application, "taken", "told")
        application.management.policies.change("taken", {"mode": "auto"}, by="tester")
        for plugin in ("taken", "told"):
            market.publish(plugin, "1.1.0")
        update = await heard(rounds, lambda one: one.done is not None)
        assert update.done == "taken was updated from 1.0.0 to 1.1.0 by itself"
        assert versions(application) == {"taken": "1.1.0", "told": "1.0.0"}
        assert application.host.plugins.status("taken").version == "1.1.0"
        newest = application.management.history()[0]
        assert (newest.what, newest.by) == ("update taken", f"{hostfile().name} by itself")
        await application.management.rollback(by="tester")
        assert versions(application)["taken"] == "1.0.0"


async def test_what_asks_for_more_is_left_and_told_and_the_rest_is_taken(tmp_path, market, rounds):
    for plugin in ("greedy", "modest"):
        market.publish(plugin)
    async with running(tmp_path, market, rounds) as application:
        await install(application, "greedy", "modest")
        application.management.policies.change(None, {"mode": "auto"}, by="tester")
        market.publish("greedy", "2.0.0", permissions=SEND)
        update = await heard(rounds, lambda one: one.id == "greedy" and one.done is not None)
        assert update.done == "greedy 2.0.0 asks for more and waits for your yes"
        market.publish("modest", "1.1.0")
        assert (await heard(rounds, lambda one: one.id == "modest")).done is not None
        assert versions(application) == {"greedy": "1.0.0", "modest": "1.1.0"}
        grant = application.management.permissions("greedy").grant
        assert grant is not None
        assert grant.permissions == ()


async def test_one_that_fails_is_taken_back_told_and_not_taken_again(tmp_path, market, rounds):
    for plugin in ("aa-breaks", "works"):
        market.publish(plugin)
    async with running(tmp_path, market, rounds) as application:
        await install(application, "aa-breaks", "works")
        market.publish("aa-breaks", "2.0.0", code=BROKEN)
        market.publish("works", "1.1.0")
        application.management.policies.change(None, {"mode": "auto"}, by="tester")
        broken = await heard(rounds, lambda one: one.id == "aa-breaks" and one.done is not None)
        assert str(broken.done).startswith("aa-breaks 2.0.0 was rolled back to 1.0.0 by itself, since it failed here: ")
        await until(lambda: versions(application) == {"aa-breaks": "1.0.0", "works": "1.1.0"}, timeout_seconds=30)
        made = len(application.management.history())
        again = await heard(rounds, lambda one: one.id == "aa-breaks" and one.failed is not None)
        assert again.done is None
        assert len(application.management.history()) == made


async def test_what_its_user_put_off_is_not_taken_and_never_by_an_application_in_safe_mode(tmp_path, market, rounds):
    market.publish("patient")
    async with running(tmp_path, market, rounds) as application:
        await install(application, "patient")
        policies = application.management.policies
        policies.say_later("patient", "1.1.0", by="tester")
        policies.change("patient", {"mode": "auto"}, by="tester")
        market.publish("patient", "1.1.0")
        assert (await heard(rounds, lambda one: one.new == "1.1.0")).done is None
    while not rounds.empty():
        rounds.get_nowait()
    async with running(tmp_path, market, rounds, safe=True) as application:
        application.management.policies.ask_again("patient", by="tester")
        assert (await heard(rounds, lambda one: one.wanted)).done is None
        assert versions(application) == {"patient": "1.0.0"}


def counted(market: RunningMarketplace, plugin: str) -> str:
    return market.run("rollout", plugin, "2.0.0").strip().partition("; ")[2]


@pytest.mark.parametrize(
    ("plugin", "tells", "code", "count"),
    [
        ("told-failure", True, BROKEN, "0 kept it, 1 took it back"),
        ("told-success", True, None, "1 kept it, 0 took it back"),
        ("kept-quiet", False, BROKEN, "0 kept it, 0 took it back"),
    ],
)
async def test_what_became_of_a_staged_version_is_told_where_its_user_agreed(
    tmp_path, market, rounds, plugin, tells, code, count
):
    market.publish(plugin)
    async with running(tmp_path, market, rounds, probation_seconds=0.2) as application:
        await install(application, plugin)
        market.run("rollout", plugin, "2.0.0", "50")
        market.publish(plugin, "2.0.0", **({"code": code} if code else {}))
        if tells:
            application.management.policies.change(None, {"tell": True}, by="tester")
        await install(application, f"{plugin}==2.0.0")
        wanted = "1.0.0" if code else "2.0.0"
        await until(lambda: not application.host.state.items("probation/"), timeout_seconds=30)
        await until(lambda: versions(application)[plugin] == wanted, timeout_seconds=30)
        if tells:
            await until(lambda: counted(market, plugin) == count, timeout_seconds=30)
    assert counted(market, plugin) == count


async def test_a_version_that_everybody_gets_is_not_told_of(tmp_path, market, rounds):
    market.publish("for-all")
    async with running(tmp_path, market, rounds, probation_seconds=0.05) as application:
        application.management.policies.change(None, {"tell": True}, by="tester")
        await install(application, "for-all")
        await until(lambda: not application.host.state.items("probation/"), timeout_seconds=30)
        assert application.probation._outcomes.tried(["for-all"]) == []
