"""An update that nobody could make is no update: what it needs is not offered, or does not fit the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.management import Management

from tests.support.careless_index import Shown, careless_index, shown
from tests.support.wheels import plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C41", "C42")]

WHY = "2.0.0 cannot be had: poll 2.0.0 needs nowhere, but no marketplace offers nowhere"


def version(number: str, folder: Path, **options: object) -> Shown:
    return shown(plugin_source("poll", number, **options), folder)  # type: ignore[arg-type]  # passed through


async def test_a_version_whose_library_nobody_offers_is_told_as_such(
    manage: Callable[..., Management], tmp_path: Path
) -> None:
    offered = [version("1.0.0", tmp_path)]
    with careless_index({"chat-poll": offered}, {"poll": "chat-poll"}) as address:
        await manage(address).apply(await manage(address).plan_install(["poll"]), accept_permissions=True, by="tester")
        offered.append(version("2.0.0", tmp_path, requires=["nowhere"]))
        (update,) = await manage(address).check_updates()
        assert (update.new, update.problem) == (None, WHY)
        plan = await manage(address).plan_update()
        assert not plan
        assert f"poll stays at 1.0.0: {WHY}" in plan.notes


async def test_the_newest_that_can_be_had_is_the_update(manage: Callable[..., Management], tmp_path: Path) -> None:
    offered = [version("1.0.0", tmp_path)]
    with careless_index({"chat-poll": offered}, {"poll": "chat-poll"}) as address:
        await manage(address).apply(await manage(address).plan_install(["poll"]), accept_permissions=True, by="tester")
        offered += [version("1.1.0", tmp_path), version("2.0.0", tmp_path, requires=["nowhere"])]
        (update,) = await manage(address).check_updates()
        assert (update.new, update.problem, update.unread) == ("1.1.0", None, WHY)
        plan = await manage(address).plan_update()
        assert [item.new_version for item in plan.changed] == [update.new]
        assert f"poll 1.1.0 is taken, not the newest: {WHY}" in plan.notes
        await manage(address).apply(plan, accept_permissions=True, by="tester")
        (update,) = await manage(address).check_updates()
        assert (update.new, update.problem) == (None, WHY)


async def test_news_of_a_version_that_cannot_be_had_is_not_shown(
    manage: Callable[..., Management], market, tmp_path: Path
) -> None:
    market.publish("reaching", "1.0.0")
    await manage(market.url).apply(
        await manage(market.url).plan_install(["reaching"]), accept_permissions=True, by="tester"
    )
    market.publish("reaching", "1.1.0", changelog="# Changes\n\n## 1.1.0\n\nmended\n")
    market.publish("reaching", "2.0.0", requires=["nowhere"])
    (item,) = (await manage(market.url).plan_update()).changed
    (update,) = await manage(market.url).check_updates()
    assert item.new_version == update.new == "1.1.0"
    assert item.changelog == update.changelog
    assert "1.1.0" in item.changelog
    assert "2.0.0" not in item.changelog
