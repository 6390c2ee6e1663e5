"""An update goes forward, by hand or by itself; an older version comes only where the installed one may not stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jackfield.management import Management, take_updates

from tests.core.management.story import installed
from tests.support.marketplace import RunningMarketplace
from tests.support.wheels import manifest_text

pytestmark = [pytest.mark.slow, pytest.mark.feature("C42", "C45")]

CONFLICT = ["pluggy<0.1"]
"""What no set fulfils beside the application."""


@pytest.fixture
def management(market: RunningMarketplace, manage: Callable[..., Management]) -> Management:
    return manage(market.url)


def versions(management: Management) -> dict[str, str]:
    return {row.id: row.version for row in management.list()}


async def updated(management: Management, *plugins: str) -> tuple[str, ...]:
    plan = await management.plan_update(plugins or None)
    await management.apply(plan, accept_permissions=True, by="tester")
    return plan.notes


async def taken(management: Management, plugin: str) -> list[tuple[str | None, str | None]]:
    async def follow() -> None: ...

    management.policies.change(plugin, {"mode": "auto"}, by="tester")
    found = await take_updates(management, await management.check_updates(), by="itself", follow=follow)
    return [(one.done, one.problem) for one in found if one.id == plugin]


async def test_what_was_yanked_stays_rather_than_go_back(market, management):
    market.publish("yankedhere")
    market.publish("yankedhere", "2.0.0")
    await installed(management, "yankedhere")
    market.run("yank", "chat-yankedhere", "2.0.0")
    assert await updated(management) == ("yankedhere stays at 2.0.0: what could be had instead is older (1.0.0)",)
    market.publish("yankedhere", "3.0.0", requires=CONFLICT)
    ((done, problem),) = await taken(management, "yankedhere")
    assert done is None
    assert (problem or "").startswith("3.0.0 cannot be had: yankedhere 3.0.0 needs pluggy <0.1, but this application")
    assert versions(management) == {"yankedhere": "2.0.0"}


async def test_a_prerelease_is_no_reason_to_go_back_and_newer_ones_are_offered(market, management):
    market.publish("early")
    market.publish("early", "2.0.0rc1", manifest=manifest_text("early", "2.0.0-rc1"))
    await installed(management, "early", pre=True)
    await updated(management, "early")
    assert versions(management) == {"early": "2.0.0rc1"}
    market.publish("early", "2.0.0rc2", manifest=manifest_text("early", "2.0.0-rc2"))
    await updated(management, "early")
    assert versions(management) == {"early": "2.0.0rc2"}


async def test_another_plugin_goes_back_by_nothing_but_its_users_yes(market, management):
    market.publish("below")
    market.publish("below", "2.0.0")
    market.publish("above", more='[requires]\nbelow = "*"\n')
    await installed(management, "below", "above")
    market.publish("above", "2.0.0", more='[requires]\nbelow = "<2.0.0"\n')
    assert await taken(management, "above") == [
        ("above 2.0.0 would take back below from 2.0.0 to 1.0.0, and waits for your yes", None)
    ]
    assert versions(management) == {"above": "1.0.0", "below": "2.0.0"}
    assert not [note for note in await updated(management) if "stays" in note]
    assert versions(management) == {"above": "2.0.0", "below": "1.0.0"}


async def test_a_pin_to_older_versions_is_followed(market, management):
    market.publish("pinnedback")
    market.publish("pinnedback", "2.0.0")
    await installed(management, "pinnedback")
    management.pin("pinnedback", "<2.0.0", by="tester")
    await updated(management)
    assert versions(management) == {"pinnedback": "1.0.0"}


async def test_what_was_revoked_goes_back_to_what_was_not(market, management):
    for version in ("1.0.0", "2.0.0"):
        code = f"from jackfield import Plugin\n\n\nclass Main(Plugin):\n    number = '{version}'\n"
        market.publish("badnow", version, code=code)
    await installed(management, "badnow")
    market.run("revoke", "badnow", "==2.0.0", "--reason", "It steals.", "--severity", "critical")
    await updated(management)
    assert versions(management) == {"badnow": "1.0.0"}
