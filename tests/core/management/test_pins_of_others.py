"""What a user pinned stays where it is, also when another plugin would have it move."""

from __future__ import annotations

import pytest
from jackfield.errors import ResolutionError
from jackfield.management import Management

from tests.core.management.story import installed

pytestmark = [pytest.mark.slow, pytest.mark.feature("C41", "C42")]


def pinned_by_range(management: Management, plugin: str) -> None:
    management.pin(plugin, "==1.0.0", by="tester")


def pinned_by_policy(management: Management, plugin: str) -> None:
    management.policies.change(plugin, {"mode": "pin"}, by="tester")


@pytest.mark.parametrize("pinned", [pinned_by_range, pinned_by_policy])
async def test_what_another_plugin_needs_does_not_move_what_is_pinned(market, manage, pinned):
    suffix = pinned.__name__.rpartition("_")[2]
    base, above = f"pinbase{suffix}", f"pinabove{suffix}"
    market.publish(base)
    market.publish(above, more=f'[requires]\n{base} = ">=1.0"\n')
    here = manage(market.url)
    await installed(here, above)
    pinned(here, base)
    market.publish(base, "2.0.0")
    market.publish(above, "2.0.0", more=f'[requires]\n{base} = ">=2.0"\n')
    assert not await here.plan_update([above])
    assert not await here.plan_update([above], growing=False)  # as the running application takes it by itself
    with pytest.raises(ResolutionError, match=f"{above} 2.0.0 needs {base} >=2.0"):
        await here.plan_install([f"{above}==2.0.0"])
    here.pin(base, None, by="tester")
    here.policies.unpin(base, by="tester")
    plan = await here.plan_update([above])
    assert {(item.id, item.new_version) for item in plan.changed} == {(base, "2.0.0"), (above, "2.0.0")}


async def test_a_pin_that_leaves_out_what_is_installed_is_in_nobodys_way(market, manage):
    for plugin in ("pinlate", "pinother"):
        market.publish(plugin)
    market.publish("pinlate", "2.0.0")
    here = manage(market.url)
    await installed(here, "pinlate")
    here.pin("pinlate", "<2.0", by="tester")
    plan = await here.plan_install(["pinother"])
    assert [item.id for item in plan.added] == ["pinother"]
    assert plan.changed == ()
