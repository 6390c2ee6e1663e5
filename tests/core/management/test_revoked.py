"""What was revoked is brought by no plan: not as a dependency, not from a lock, not from another marketplace."""

from __future__ import annotations

import pytest
from jackfield.errors import PluginError, ResolutionError

from tests.core.management.story import installed
from tests.support.marketplace import running_marketplace

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45")]


def code_of(plugin: str) -> str:
    return f"from jackfield import Plugin\n\n\nclass Main(Plugin):\n    NAME = 'the one that is called {plugin}'\n"


def revoke(market, name, *versions, severity="high"):
    market.run("revoke", name, *versions, "--reason", "It reads mail.", "--severity", severity)


async def test_a_dependency_that_was_revoked_is_named_where_no_set_holds(market, manage):
    market.publish("geocoder-r", code=code_of("geocoder-r"))
    market.publish("weather-r", code=code_of("weather-r"), more='[requires]\ngeocoder-r = "^1.0"\n')
    revoke(market, "geocoder-r")
    with pytest.raises(ResolutionError, match=r"geocoder-r 1\.0\.0 was revoked by .*: It reads mail"):
        await manage(market.url).plan_install(["weather-r"])


async def test_a_lock_brings_nothing_that_was_revoked_since(market, manage):
    market.publish("locked-r", code=code_of("locked-r"))
    management = manage(market.url)
    await installed(management, "locked-r")
    lock = await management.lock()
    await management.apply(management.plan_remove(["locked-r"]), accept_permissions=True, by="tester")
    assert (await management.plan_sync(lock)).added[0].id == "locked-r"
    revoke(market, "locked-r")
    await management.check_revocations()
    with pytest.raises(PluginError, match=r"locked-r 1\.0\.0 was revoked by .*: It reads mail"):
        await management.plan_sync(lock)


async def test_what_is_installed_holds_up_nobody_and_moves_to_a_version_that_was_mended(market, manage):
    market.publish("old-r", code=code_of("old-r"))
    market.publish("other-r", code=code_of("other-r"))
    management = manage(market.url)
    await installed(management, "old-r")
    revoke(market, "old-r", "<1.1")
    await installed(management, "other-r")
    (update,) = [one for one in await management.check_updates() if one.id == "old-r"]
    assert (update.new, (update.revoked or "").partition(" by ")[0]) == (None, "1.0.0 was revoked")
    assert {row.id: row.state for row in management.list()} == {"old-r": "blocked", "other-r": "enabled"}
    market.publish("old-r", "1.1.0", code=code_of("old-r"))
    plan = await management.plan_install(["old-r"])
    assert [(item.id, item.new_version) for item in plan.changed] == [("old-r", "1.1.0")]
    await management.apply(plan, accept_permissions=True, by="tester")
    assert {row.id: row.state for row in management.list()} == {"old-r": "enabled", "other-r": "enabled"}


async def test_its_code_under_another_name_does_not_pass_by_the_door_of_another_marketplace(market, manage, tmp_path):
    market.publish("thief-r", code=code_of("thief-r"))
    market.publish("known-r", code=code_of("known-r"))
    with running_marketplace(tmp_path / "second") as second:
        second.publish("innocent-r", code=code_of("thief-r"))
        management = manage(market.url, second.url)
        await installed(management, "known-r")
        plan = await management.plan_install(["innocent-r"])
        revoke(market, "thief-r")
        await management.check_revocations()
        with pytest.raises(PluginError, match=rf"innocent-r 1\.0\.0 was revoked by {market.url} .*: It reads mail"):
            await management.apply(plan, accept_permissions=True, by="tester")
        assert [row.id for row in management.list()] == ["known-r"]
        second.publish("thief-r", "2.0.0", code=code_of("another thief-r"))  # a name that is no business of the first
        assert (await manage(second.url).plan_install(["thief-r"])).added[0].new_version == "2.0.0"
