"""Rolling back against a real marketplace: twice, forward again, and never a grant that was revoked."""

from __future__ import annotations

import pytest
from jackfield.errors import StoreError, UsageError

from tests.core.management.story import MEMBERS, SEND, installed

pytestmark = pytest.mark.slow


async def test_two_rollbacks_go_back_twice_and_the_history_tells_it(market, manage):
    for plugin in ("first", "second", "third"):
        market.publish(plugin)
    management = manage(market.url)
    for plugin in ("first", "second", "third"):
        await installed(management, plugin)
    await management.rollback(by="tester")
    await management.rollback(by="tester")
    assert [row.id for row in management.list()] == ["first"]
    history = management.history()
    assert [(entry.what, entry.undone, entry.current) for entry in history] == [
        ('roll back to before "install second"', False, True),
        ('roll back to before "install third"', False, False),
        ("install third", True, False),
        ("install second", True, False),
        ("install first", False, False),
    ]
    await installed(management, "third")
    assert management.store.active_number() == 4
    report = await management.rollback(to=0, by="tester")
    assert report.undone == ("install third", "install first")
    assert management.list() == []
    with pytest.raises(UsageError, match="nothing to roll back"):
        await management.rollback(by="tester")
    with pytest.raises(UsageError, match="no generation 9 to go to"):
        await management.rollback(to=9, by="tester")


async def test_what_was_rolled_back_can_be_gone_forward_to(market, manage):
    market.publish("again-one", permissions=SEND)
    market.publish("again-two", permissions=SEND + MEMBERS)
    management = manage(market.url)
    for plugin in ("again-one", "again-two"):
        await installed(management, plugin)
    state = management.state.items()
    await management.rollback(to=0, by="tester")
    report = await management.rollback(to=2, by="tester")
    assert (report.previous, report.generation) == (0, 2)
    assert report.redone == ("install again-one", "install again-two")
    assert report.undone == ()
    assert management.state.items() == state
    assert [row.state for row in management.list()] == ["enabled", "enabled"]
    assert management.history()[0].what == 'go forward to after "install again-two"'
    # It is a change like every other: it can be undone, and made again.
    assert (await management.rollback(by="tester")).generation == 0
    assert management.list() == []
    assert (await management.rollback(to=1, by="tester")).redone == ("install again-one",)
    assert [(row.id, row.state) for row in management.list()] == [("again-one", "enabled")]


@pytest.mark.parametrize("edits", [False, True], ids=["untouched", "revoked between"])
async def test_what_was_undone_step_by_step_is_made_again_step_by_step(market, manage, edits):
    """The first step says nothing new of what the second one makes again; who revokes something between them does."""
    plugin = "stepped-back" if edits else "stepped"
    for version, asks in (("1.0.0", SEND), ("2.0.0", SEND + MEMBERS)):
        market.publish(plugin, version, permissions=asks)
    management = manage(market.url)
    states = []
    for version in ("1.0.0", "2.0.0"):
        await installed(management, f"{plugin}=={version}")
        states.append(management.state.items())
    for _ in range(2):
        await management.rollback(by="tester")
    await management.rollback(to=1, by="tester")
    assert management.state.items() == states[0]
    if edits:
        management.revoke(plugin, "messages:send", by="tester")
    report = await management.rollback(to=2, by="tester")
    assert [row.version for row in management.list()] == ["2.0.0"]
    assert (report.kept == (f"grants/{plugin}",)) is edits
    assert (management.state.items() == states[1]) is not edits
    assert management.permissions(plugin).grant.allows("messages", "send") is not edits


async def test_what_was_installed_on_two_ways_and_undone_is_enabled_where_either_is_gone_to(market, manage):
    market.publish("either-one", permissions=SEND)
    market.publish("either-two")
    management = manage(market.url)
    await installed(management, "either-one")
    state = management.state.items()
    await management.rollback(by="tester")
    for plugin in ("either-two", "either-one"):
        await installed(management, plugin)
    await management.rollback(by="tester")
    report = await management.rollback(to=1, by="tester")
    assert (report.undone, report.redone) == (("install either-two",), ("install either-one",))
    assert management.state.items() == state
    assert [(row.id, row.state) for row in management.list()] == [("either-one", "enabled")]


async def test_a_revocation_stands_under_a_change_that_was_made_and_undone_after_it(market, manage):
    for version, asks in (("1.0.0", SEND), ("2.0.0", SEND + MEMBERS), ("3.0.0", SEND)):
        market.publish("stoodfast", version, permissions=asks)
    management = manage(market.url)
    await installed(management, "stoodfast==1.0.0")
    await installed(management, "stoodfast==2.0.0")
    await management.rollback(by="tester")
    management.revoke("stoodfast", "messages:send", by="tester")
    await installed(management, "stoodfast==3.0.0")
    await management.rollback(by="tester")
    report = await management.rollback(to=2, by="tester")
    assert report.kept == ("grants/stoodfast",)
    assert not management.permissions("stoodfast").grant.allows("messages", "send")


async def test_going_forward_brings_back_no_grant_that_was_revoked(market, manage):
    market.publish("regretted", permissions=SEND)
    market.publish("regretted", "2.0.0", permissions=SEND + MEMBERS)
    management = manage(market.url)
    await installed(management, "regretted==1.0.0")
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    await management.rollback(by="tester")
    management.revoke("regretted", "messages:send", by="tester")
    report = await management.rollback(to=2, by="tester")
    assert management.list()[0].version == "2.0.0"
    assert report.kept == ("grants/regretted",)
    assert report.kept_in_words() == ("the permissions of regretted",)
    grant = management.permissions("regretted").grant
    assert not grant.allows("messages", "send")
    assert not grant.allows("members", "read")


@pytest.mark.feature("C45")
async def test_a_generation_of_another_branch_is_gone_to_in_one_change(market, manage):
    for plugin in ("trunk", "left", "right"):
        market.publish(plugin)
    market.publish("left", "2.0.0", permissions=SEND)
    management = manage(market.url)
    await installed(management, "trunk")
    await installed(management, "left")
    left = management.state.items()
    await management.rollback(by="tester")
    await installed(management, "right")
    right = management.state.items()
    report = await management.rollback(to=2, by="tester")
    assert (report.undone, report.redone) == (("install right",), ("install left",))
    assert [row.id for row in management.list()] == ["left", "trunk"]
    assert management.state.items() == left
    newest = management.history()[0]
    assert newest.what == 'go over to after "install left"'
    assert (await management.rollback(to=3, by="tester")).generation == 3
    assert management.state.items() == right
    # It is one change: undone, the trunk is back, and from there everything can be gone to again.
    assert (await management.rollback(by="tester")).generation == 1
    assert [row.id for row in management.list()] == ["trunk"]
    assert (await management.rollback(to=2, by="tester")).redone == ('go over to after "install left"',)
    assert management.state.items() == left


async def test_what_differs_between_two_generations_is_told(market, manage):
    market.publish("changing", permissions=SEND)
    market.publish("changing", "2.0.0", permissions=SEND + MEMBERS)
    management = manage(market.url)
    await installed(management, "changing==1.0.0")
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    moved = await management.plan_isolation("changing", "inline")
    await management.apply(moved, accept_permissions=True, by="tester")
    found = management.diff(1, 2)
    assert [(one.id, one.old, one.new, one.rebuilt) for one in found.plugins] == [("changing", "1.0.0", "2.0.0", False)]
    assert [(one.plugin, one.more, one.less) for one in found.permissions] == [("changing", ("members:read",), ())]
    assert management.diff(2, 1).permissions[0].less == ("members:read",)
    assert management.diff().isolation == {"changing": ("worker", "inline")}
    assert not management.diff(3)
    assert [one.new for one in management.diff(0, 1).plugins] == ["1.0.0"]
    with pytest.raises(StoreError):
        management.diff(77)
