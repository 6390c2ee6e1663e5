"""A plan of a process that stays, which knows how the set was solved, is the plan of one that begins anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from jackfield.management import Management

from tests.core.management.story import SEND, installed
from tests.support.marketplace import RunningMarketplace
from tests.support.wheels import manifest_text

pytestmark = [pytest.mark.slow, pytest.mark.feature("C42")]


def leaning(version: str, limit: str, **options: str) -> str:
    return manifest_text("leaning", version, more=f'[requires]\n"leant-on" = "{limit}"\n', **options)


@pytest.fixture(scope="module")
def shop(market: RunningMarketplace) -> RunningMarketplace:
    """A plugin that needs another one, a third, and their newer versions come one by one."""
    market.publish("leant-on")
    market.publish("leaning", manifest=leaning("1.0.0", "^1.0"))
    market.publish("stands", isolation="worker")
    return market


@pytest.fixture
async def staying(shop: RunningMarketplace, manage: Callable[..., Management]) -> Management:
    """A process that has installed them in their first versions."""
    management = manage(shop.url)
    await installed(management, "leaning==1.0.0", "leant-on==1.0.0", "stands==1.0.0")
    return management


async def moves(staying: Management, anew: Management, *plugins: str) -> list[tuple[str | None, str | None]]:
    """What a plan to update moves; the process that stays plans as the new one does, and carries it out."""
    plan, other = await staying.plan_update(plugins), await anew.plan_update(plugins)
    assert plan.does_the_same(other)
    assert (plan.to_mapping(), plan.published, plan.host_used) == (other.to_mapping(), other.published, other.host_used)
    assert [pin.locked() for pin in plan.every_pin] == [pin.locked() for pin in other.every_pin]
    assert list(plan.workers) == list(other.workers)
    await staying.apply(plan, accept_permissions=True, by="tester")
    return [(item.id, item.new_version) for item in plan.changed]


async def test_one_update_after_the_other_is_planned_alike(shop, staying, manage):
    shop.publish("stands", "1.1.0", isolation="worker", permissions=SEND)
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.1.0")]
    shop.publish("leaning", "1.1.0", manifest=leaning("1.1.0", ">=1.0 <3.0"))
    assert await moves(staying, manage(shop.url), "leaning") == [("leaning", "1.1.0")]
    shop.publish("leant-on", "2.0.0")
    assert await moves(staying, manage(shop.url), "leant-on") == [("leant-on", "2.0.0")]
    shop.publish("leaning", "1.2.0", manifest=leaning("1.2.0", "^3.0"))
    assert await moves(staying, manage(shop.url), "leaning") == []
    assert await moves(staying, manage(shop.url)) == []


async def test_after_a_rollback_the_same_update_is_planned_alike(shop, staying, manage):
    shop.publish("stands", "1.2.0", isolation="worker")
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.2.0")]
    await staying.rollback(by="tester")
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.2.0")]


async def test_what_another_process_changed_is_planned_alike(shop, staying, manage):
    shop.publish("stands", "1.3.0", isolation="worker")
    shop.publish("leant-on", "1.0.1")
    other = manage(shop.url)
    await other.apply(await other.plan_install(["leant-on==1.0.1"]), accept_permissions=True, by="other")
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.3.0")]


async def test_what_is_gone_from_the_store_is_fetched_with_the_update(shop, staying, manage):
    shop.publish("stands", "1.4.0", isolation="worker")
    assert await staying.plan_update(["stands"])
    generation = staying.store.active()
    shutil.rmtree(generation.tree(generation.plugins["leant-on"]).parent)
    moved = await moves(staying, manage(shop.url), "stands")
    assert moved == [("leant-on", "1.0.0"), ("stands", "1.4.0")]
    assert staying.store.active().missing() == ()


async def test_who_moves_a_plugin_to_another_process_meanwhile_is_heard(shop, staying, manage):
    shop.publish("stands", "1.5.0", isolation="worker")
    other = manage(shop.url)
    await other.apply(await other.plan_isolation("leant-on", "worker"), accept_permissions=True, by="other")
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.5.0")]
    assert "leant-on" in staying.store.active().workers


DAY = 86400.0


def code_of(name: str) -> str:
    return f"from jackfield import Plugin\n\n\nclass Main(Plugin):\n    NAME = {name!r}\n"


async def test_what_stays_and_was_revoked_meanwhile_stays_and_is_blocked(shop, manage):
    shop.publish("stays-r", code=code_of("stays-r"))
    shop.publish("moves-r", code=code_of("moves-r"))
    staying = manage(shop.url)
    await installed(staying, "stays-r", "moves-r")
    shop.publish("moves-r", "1.1.0", code=code_of("moves-r"))
    shop.run("revoke", "stays-r", "--reason", "It reads mail.", "--severity", "high")
    assert await moves(staying, manage(shop.url), "moves-r") == [("moves-r", "1.1.0")]
    assert {row.id: row.state for row in staying.list()} == {"moves-r": "enabled", "stays-r": "blocked"}


async def test_what_was_said_of_a_version_since_the_last_plan_is_heard(shop, staying, manage):
    """Revoked, yanked, held by a pin, made to wait by a policy: each by another process, after a set was solved."""
    other = manage(shop.url)
    for version in ("1.6.0", "1.7.0", "1.8.0"):  # each with code of its own: what is revoked is revoked by its code
        shop.publish("stands", version, isolation="worker", code=code_of(version))
    assert [item.new_version for item in (await staying.plan_update(["stands"])).changed] == ["1.8.0"]
    shop.run("yank", "stands", "1.8.0", "--reason", "broken")
    assert [item.new_version for item in (await staying.plan_update(["stands"])).changed] == ["1.7.0"]
    shop.run("revoke", "stands", "1.7.0", "--reason", "It reads mail.", "--severity", "high")
    assert [item.new_version for item in (await staying.plan_update(["stands"])).changed] == ["1.6.0"]
    other.pin("stands", "<1.6", by="other")
    assert [item.new_version for item in (await staying.plan_update(["stands"])).changed] == ["1.5.0"]
    other.policies.change("stands", {"delay_seconds": 3 * DAY}, by="other")
    assert (await staying.plan_update(["stands"])).changed == ()
    other.policies.change("stands", {"delay_seconds": 0.0}, by="other")
    assert await moves(staying, manage(shop.url), "stands") == [("stands", "1.5.0")]
