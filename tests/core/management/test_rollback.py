"""Rolling back against a real marketplace: twice, forward again, and never a grant that was revoked."""

from __future__ import annotations

import pytest
from jackfield.errors import (
    UsageError,
)

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
    assert [row.id for row in management.list()] == ["again-one"]


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


async def test_a_generation_of_another_branch_is_a_clear_no(market, manage):
    for plugin in ("trunk", "left", "right"):
        market.publish(plugin)
    management = manage(market.url)
    await installed(management, "trunk")
    await installed(management, "left")
    await management.rollback(by="tester")
    await installed(management, "right")
    with pytest.raises(UsageError, match=r"generation 2 was made from another set .*\(one of 1, 0; see"):
        await management.rollback(to=2, by="tester")
    assert [row.id for row in management.list()] == ["right", "trunk"]


async def test_what_was_collected_is_marked_and_those_are_named_that_are_there(market, manage):
    for plugin in ("old", "newer", "newest"):
        market.publish(plugin)
    management = manage(market.url)
    for plugin in ("old", "newer", "newest"):
        await installed(management, plugin)
    management.collect(keep=1, by="tester")
    assert [(entry.generation, entry.gone) for entry in management.history()] == [(3, False), (2, False), (1, True)]
    with pytest.raises(
        UsageError, match=r"the files of generation 1 were removed.*\(one of 2, 0; see jackfield history"
    ):
        await management.rollback(to=1, by="tester")
    with pytest.raises(UsageError, match=r"no generation 9 to go to \(one of 2, 0; see"):
        await management.rollback(to=9, by="tester")
    assert (await management.rollback(to=0, by="tester")).generation == 0
