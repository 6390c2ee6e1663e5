"""A publisher's key is pinned at the first install; another one, or none, needs a new yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.errors import ConsentRequired
from jackfield.inspection import make_publisher_key

from tests.core.management.story import SEND, installed


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "alice.pem"
    make_publisher_key(path)
    return path


async def test_the_key_is_shown_and_the_next_version_by_it_asks_nothing(market, manage, key):
    market.publish("signed", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    plan = await management.plan_install(["signed"])
    assert plan.consent[0].publisher is not None
    assert plan.consent[0].publisher.startswith("alice, key ")
    await management.apply(plan, accept_permissions=True, by="tester")
    market.publish("signed", "1.1.0", key=key, permissions=SEND)
    update = await management.plan_update(["signed"])
    assert update.consent == ()
    await management.apply(update, accept_permissions=False, by="tester")
    assert {row.id: row.version for row in management.list()} == {"signed": "1.1.0"}


@pytest.mark.parametrize("another", [True, False])
async def test_another_key_or_none_is_held_until_a_yes(market, manage, key, tmp_path, another):
    plugin = f"turned{int(another)}"
    market.publish(plugin, "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, plugin)
    if another:
        make_publisher_key(tmp_path / "mallory.pem")
    market.publish(plugin, "1.1.0", key=tmp_path / "mallory.pem" if another else None, permissions=SEND)
    plan = await management.plan_update([plugin])
    (growth,) = plan.consent[0].growth.entries
    assert growth.kind == "publisher"
    assert "before by alice, key " in growth.detail
    with pytest.raises(ConsentRequired):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert {row.id: row.version for row in management.list()} == {plugin: "1.0.0"}
