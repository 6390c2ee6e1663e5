"""A publisher's key is pinned at the first install; another one, or none, needs a new yes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.errors import ConsentRequired, WheelError
from jackfield.inspection import attest, make_publisher_key, read_attestation
from jackfield.permissions import key_in_words

from tests.core.management.story import SEND, installed

pytestmark = pytest.mark.slow


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "alice.pem"
    make_publisher_key(path)
    return path


def key_of(path: Path) -> str:
    return read_attestation(attest("a.whl", "0" * 64, path), "a.whl", "0" * 64).key


async def test_the_key_is_shown_and_the_next_version_by_it_asks_nothing(market, manage, key):
    market.publish("signed", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    plan = await management.plan_install(["signed"])
    request = plan.consent[0]
    assert (request.publisher, request.key) == ("alice", key_of(key))
    assert request.made_by == f"alice, key {key_in_words(key_of(key))}"
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


async def test_a_key_is_pinned_beyond_a_removal(market, manage, key):
    """What the plugin keeps waits for it, and is not for somebody else who took its name."""
    market.publish("returns", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, "returns")
    await management.apply(management.plan_remove(["returns"]), accept_permissions=False, by="tester")
    market.publish("returns", "1.1.0", permissions=SEND)
    plan = await manage(market.url).plan_install(["returns"])
    details = [entry.detail for entry in plan.consent[0].growth.entries if entry.kind == "publisher"]
    assert details == [f"published by alice without a key, before by alice, key {key_in_words(key_of(key))}"]
    for enable in (True, False):
        with pytest.raises(ConsentRequired):
            await manage(market.url).apply(plan, accept_permissions=False, enable=enable, by="tester")
    (again,) = (await manage(market.url).plan_install(["returns==1.0.0"])).consent
    assert [entry.kind for entry in again.growth.entries] == ["permission"]


async def test_a_key_is_pinned_where_nothing_is_granted(market, manage, key):
    market.publish("nothing-granted", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, "nothing-granted")
    management.revoke("nothing-granted", by="tester")
    market.publish("nothing-granted", "1.1.0", permissions=SEND)
    plan = await manage(market.url).plan_update(["nothing-granted"])
    assert [entry.kind for entry in plan.growth.entries] == ["publisher"]
    with pytest.raises(ConsentRequired):
        await manage(market.url).apply(plan, accept_permissions=False, by="tester")
    await manage(market.url).apply(plan, accept_permissions=True, by="tester")
    assert manage(market.url).permissions("nothing-granted").grant is None


async def test_a_first_key_is_taken_with_the_update_and_pinned_from_then_on(market, manage, key):
    market.publish("begins", "1.0.0", permissions=SEND)
    management = manage(market.url)
    await installed(management, "begins")
    market.publish("begins", "1.1.0", key=key, permissions=SEND)
    plan = await management.plan_update(["begins"])
    assert plan.consent == ()
    assert f"begins is known by its publisher's key {key_in_words(key_of(key))} from now on" in plan.notes
    await management.apply(plan, accept_permissions=False, by="tester")
    assert management.permissions("begins").grant.key == key_of(key)
    market.publish("begins", "1.2.0", permissions=SEND)
    (entry,) = (await management.plan_update(["begins"])).growth.entries
    assert entry.detail.startswith("published by alice without a key, before by alice, key ")


async def test_a_check_for_updates_tells_of_another_key(market, manage, key):
    market.publish("checked", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, "checked")
    market.publish("checked", "1.1.0", permissions=SEND)
    (update,) = await management.check_updates(["checked"])
    assert [entry.kind for entry in update.growth.entries] == ["publisher"]


async def test_info_shows_the_key_before_an_install_and_after(market, manage, key):
    market.publish("looked-at", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    before = await management.info("looked-at")
    assert (before.key, before.offered_key) == (None, key_of(key))
    assert not (management.layout.root / "trust").exists()  # looking pins nothing
    await installed(management, "looked-at")
    market.publish("looked-at", "1.1.0", permissions=SEND)
    after = await management.info("looked-at")
    assert (after.key, after.offered_key) == (key_of(key), None)


async def test_a_key_goes_along_in_a_lock(market, manage, key):
    market.publish("carried", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, "carried")
    lock = await management.lock()
    assert lock.sets[0].signatures.keys() == {"carried"}
    there = manage(market.url)
    await there.apply(await there.plan_sync(lock), accept_permissions=True, by="tester")
    assert there.permissions("carried").grant.key == key_of(key)


@pytest.mark.parametrize("forged", ["none", "another file's", "nonsense"])
async def test_a_lock_is_believed_no_key(market, manage, key, tmp_path, forged):
    """Whoever makes a lock or a bundle can write into it what they like; a signature they cannot make."""
    plugin = f"claimed-{forged[:4].strip()}".replace("'", "")
    market.publish(plugin, "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    await installed(management, plugin)
    honest = await management.lock()
    market.publish(plugin, "1.1.0", permissions=SEND)  # by whoever holds the marketplace
    await management.apply(await management.plan_update([plugin]), accept_permissions=True, by="tester")
    (unsigned,) = (await management.lock()).sets
    await management.rollback(by="tester")
    signatures = {"none": {}, "another file's": honest.sets[0].signatures, "nonsense": {plugin: "{}"}}[forged]
    lock = replace(honest, sets=(replace(unsigned, signatures=signatures, publishers={plugin: "alice"}),))
    if forged == "none":
        plan = await management.plan_sync(lock)
        assert [entry.kind for entry in plan.growth.entries] == ["publisher"]
    else:
        with pytest.raises(WheelError, match=r"is another file's|cannot be read"):
            await management.plan_sync(lock)
