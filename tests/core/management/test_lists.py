"""Held to a hash, upgraded, alone, and written down again."""

from __future__ import annotations

import pytest
from jackfield.errors import MarketError, UsageError
from jackfield.management import exported

from tests.core.management.story import installed

pytestmark = pytest.mark.slow


@pytest.mark.feature("U9")
async def test_a_hash_takes_that_file_or_none(market, manage):
    market.publish("hashed")
    management = manage(market.url)
    plan = await management.plan_install(["hashed"])
    digits = plan.every_pin[0].file.sha256
    assert (await management.plan_install([f"hashed==1.0.0@sha256:{digits[:12]}"])).every_pin == plan.every_pin
    wrong = "0" * 12
    with pytest.raises(MarketError, match=f"no file of chat-hashed at .* begins with {wrong}"):
        await management.plan_install([f"hashed@sha256:{wrong}"])
    assert management.list() == []


@pytest.mark.feature("U9")
async def test_what_is_installed_moves_only_when_it_is_to_be_upgraded(market, manage):
    market.publish("moved", "1.0.0")
    management = manage(market.url)
    await installed(management, "moved")
    market.publish("moved", "1.1.0")
    assert not await management.plan_install(["moved"])
    (item,) = (await management.plan_install(["moved"], upgrade=True)).changed
    assert (item.old_version, item.new_version) == ("1.0.0", "1.1.0")


@pytest.mark.feature("U9")
async def test_alone_it_brings_nothing_and_says_what_it_would_need(market, manage):
    market.publish("company")
    market.publish("alone", more='[requires]\ncompany = "^1.0"\n')
    management = manage(market.url)
    with pytest.raises(UsageError, match=r"it needs company 1\.0\.0, which --no-dependencies leaves out"):
        await management.plan_install(["alone"], alone=True)
    await installed(management, "company")
    (item,) = (await management.plan_install(["alone"], alone=True)).added
    assert item.id == "alone"


@pytest.mark.feature("U11")
async def test_an_exported_list_makes_the_same_set_elsewhere(market, manage, tmp_path, hostfile):
    from jackfield.management import Management, read_spec_file
    from jackfield.store import Layout

    market.publish("listed-one", "1.0.0")
    market.publish("listed-two", "1.0.0")
    here = manage(market.url)
    await installed(here, "listed-one", "listed-two")
    market.publish("listed-one", "2.0.0")
    listed = tmp_path / "plugins.txt"
    listed.write_text("".join(f"{one.spec}\n" for one in exported(here.store.active())))
    there = Management("chat", Layout(tmp_path / "elsewhere"), [market.url], hostfile)
    await installed(there, *read_spec_file(listed))
    assert [pin.file.sha256 for pin in there.store.active().pins] == [
        pin.file.sha256 for pin in here.store.active().pins
    ]
