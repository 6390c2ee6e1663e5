"""What waits is not offered: too young, not rolled out this far, halted, or not wanted; and who names it has it."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from jackfield.errors import PluginError, ResolutionError
from jackfield.management import Management
from jackfield.management.rollout import place_of
from jackfield.manifest import read_hostfile

from tests.core.management.conftest import HOST
from tests.core.management.story import installed
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow

DAY = 86400.0


@pytest.fixture
def at(layout, hostfile, market):
    """The management of this test's profile, some seconds from now: `at(3 * DAY)`."""

    def make(seconds: float = 0.0) -> Management:
        return Management("chat", layout, [market.url], hostfile, clock=lambda: time.time() + seconds)

    return make


def stage(market, plugin, version, **said):
    where = f"{market.url}/plugins/{plugin}/stages/{version}"
    answer = httpx.put(where, json=said, auth=("__token__", market.token()), timeout=30)
    assert answer.is_success, answer.text


async def version_after_update(management):
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    return management.list()[0].version


@pytest.mark.feature("C41", "C43")
async def test_a_young_version_waits_for_its_age_and_is_told(market, at):
    market.publish("young")
    management = at(10 * DAY)
    await installed(management, "young")
    market.publish("young", "1.1.0")
    management = at()
    management.policies.change(None, {"delay_seconds": 3 * DAY}, by="tester")
    (update,) = await management.check_updates()
    assert update.new is None
    assert (update.waits.version, update.waits.reason) == ("1.1.0", "delay")
    assert update.waits.sentence == "1.1.0 waits for 3 days more: you want versions to be 3 days old"
    plan = await management.plan_update(["young"])
    assert not plan
    assert plan.notes == (f"young {update.waits.sentence}",)
    (update,) = await at(4 * DAY).check_updates()
    assert (update.new, update.waits) == ("1.1.0", None)
    assert await version_after_update(at(4 * DAY)) == "1.1.0"


async def test_the_newest_that_is_old_enough_is_offered_meanwhile(market, at):
    market.publish("older")
    await installed(at(), "older")
    market.publish("older", "1.1.0")
    await asyncio.sleep(1.1)
    published = time.time()
    market.publish("older", "1.2.0")
    at().policies.change("older", {"delay_seconds": 3600.0}, by="tester")
    management = at(published + 3600.0 - time.time() - 0.5)
    (update,) = await management.check_updates()
    assert (update.new, update.waits.version) == ("1.1.0", "1.2.0")


async def test_a_confirmed_security_fix_passes_the_delay_and_a_claimed_one_does_not(market, at):
    market.publish("mended")
    management = at()
    await installed(management, "mended")
    management.policies.change(None, {"delay_seconds": 3 * DAY}, by="tester")
    stage(market, "mended", "1.0.1", security="votes can no longer be forged")
    market.publish("mended", "1.0.1")
    (update,) = await management.check_updates()
    assert update.waits.version == "1.0.1"
    market.run("security", "confirm", "mended", "1.0.1")
    (update,) = await management.check_updates()
    assert (update.new, update.waits) == ("1.0.1", None)
    assert (update.security, update.security_confirmed) == ("votes can no longer be forged", True)
    assert await version_after_update(management) == "1.0.1"


@pytest.mark.feature("K36")
@pytest.mark.parametrize("why", ["rollout", "delay"])
async def test_no_guess_steps_in_for_what_waits_and_refuses_this_host(market, layout, why):
    """An author who says that a version is not for this host has said it, though that version is not offered yet."""
    plugin = f"stepper-{why}"
    open_ended, ended = (
        manifest_text(plugin, version).replace(">=1.0 <2.0", ends)
        for version, ends in (("1.0.0", ">=1.0"), ("2.0.0", ">=1.0 <3.0"))
    )
    market.publish(plugin, "1.0.0", manifest=open_ended)
    await asyncio.sleep(1.1)
    published = time.time()
    market.publish(plugin, "2.0.0", manifest=ended)
    newer = read_hostfile(HOST.replace('api_version = "1.0.0"', 'api_version = "3.0.0"'), source="host.toml")
    management = Management("chat", layout, [market.url], newer, clock=lambda: published + 3600.0 - 0.5)
    if why == "rollout":
        stage(market, plugin, "2.0.0", rollout=0)
    else:
        management.policies.change(None, {"delay_seconds": 3600.0}, by="tester")
    with pytest.raises(ResolutionError, match=r"1\.0\.0 is older than 2\.0\.0, which is not for chat 3\.0\.0"):
        await management.plan_install([plugin])
    assert (await management.plan_install([f"{plugin}==1.0.0"])).added[0].new_version == "1.0.0", "it was named"


async def test_who_names_a_version_has_it_though_it_waits(market, at):
    market.publish("named")
    management = at()
    management.policies.change(None, {"delay_seconds": 3 * DAY}, by="tester")
    with pytest.raises(PluginError, match=r"named 1\.0\.0 waits for 3 days more") as refused:
        await management.plan_install(["named"])
    assert refused.value.hint == "to have it all the same, name it: jackfield install named==1.0.0"
    with pytest.raises(PluginError, match="waits"):
        await management.plan_install(["named@^1.0"])
    plan = await management.plan_install(["named==1.0.0"])
    await management.apply(plan, accept_permissions=True, by="tester")
    assert management.list()[0].version == "1.0.0"
    assert not await management.plan_install(["named"]), "what is installed waits for nothing"


@pytest.mark.feature("C41", "C43")
async def test_a_young_library_is_taken_only_where_nothing_older_will_do(market, at):
    """Whoever stole a library's token is waited for like whoever stole a plugin's."""
    market.publish_library("calmlib", "1.0")
    market.publish("calm-one", requires=["calmlib"])
    await asyncio.sleep(1.1)
    published = time.time()
    market.publish_library("calmlib", "1.1")
    market.publish("calm-three", requires=["calmlib>=1.1"])
    at().policies.change(None, {"delay_seconds": 3600.0}, by="tester")

    def seconds_until_all_but_the_newest_are_old() -> float:
        return published + 3600.0 - time.time() - 0.5

    plan = await at(seconds_until_all_but_the_newest_are_old()).plan_install(["calm-one"])
    assert versions_in(plan, "calmlib") == {"1.0"}
    assert not any("calmlib" in note for note in plan.notes)
    named = await at(seconds_until_all_but_the_newest_are_old()).plan_install(["calm-three==1.0.0"])
    assert versions_in(named, "calmlib") == {"1.1"}
    (note,) = [note for note in named.notes if "calmlib" in note]
    assert note.startswith("the library calmlib 1.1 is only ")
    assert note.endswith(", and nothing older than 1 hour will do")
    assert versions_in(await at(7200.0).plan_install(["calm-one"]), "calmlib") == {"1.1"}


def versions_in(plan, distribution):
    return {pin.version for pin in plan.every_pin if pin.distribution == distribution}


async def test_one_plugin_is_the_exception_from_the_delay(market, at):
    for plugin in ("slow-one", "quick-one"):
        market.publish(plugin)
        await installed(at(), plugin)
        market.publish(plugin, "1.1.0")
    management = at()
    management.policies.change(None, {"delay_seconds": 3 * DAY}, by="tester")
    management.policies.change("quick-one", {"delay_seconds": 0.0}, by="tester")
    found = {one.id: one.new for one in await management.check_updates(["slow-one", "quick-one"])}
    assert found == {"slow-one": None, "quick-one": "1.1.0"}


async def test_a_rollout_reaches_whom_the_formula_says(market, at, layout):
    market.publish("staged")
    management = at()
    await installed(management, "staged")
    assert not layout.installation.exists()
    stage(market, "staged", "2.0.0", rollout=50)
    market.publish("staged", "2.0.0")
    numbers = [f"{number:032x}" for number in range(100)]
    early = next(one for one in numbers if place_of(one, "chat-staged", "2.0.0") < 5000)
    late = next(one for one in numbers if place_of(one, "chat-staged", "2.0.0") >= 5000)
    layout.installation.write_text(late)
    (update,) = await at().check_updates()
    assert update.waits.sentence == (
        "2.0.0 is being rolled out: it has reached 50 % of the installations, and not this one"
    )
    layout.installation.write_text(early)
    (update,) = await at().check_updates()
    assert update.new == "2.0.0"
    layout.installation.write_text(late)
    stage(market, "staged", "2.0.0", rollout=100)
    (update,) = await at().check_updates()
    assert update.new == "2.0.0"


async def test_a_halted_rollout_reaches_nobody_else(market, at, layout):
    market.publish("halted")
    await installed(at(), "halted")
    market.publish("halted", "2.0.0")
    market.run("rollout", "halted", "2.0.0", "--halt", "it loses votes")
    (update,) = await at().check_updates()
    assert update.waits.sentence == "2.0.0 is held back by its marketplace: it loses votes"
    assert not await at().plan_update()
    market.run("rollout", "halted", "2.0.0", "100")
    assert await version_after_update(at()) == "2.0.0"


async def test_never_is_about_one_version_and_later_about_being_told(market, at):
    market.publish("asked")
    management = at()
    await installed(management, "asked")
    market.publish("asked", "1.1.0")
    management.policies.say_later("asked", "1.1.0", by="tester")
    (update,) = await management.check_updates()
    assert (update.new, update.wanted) == ("1.1.0", False)
    (update,) = await at(8 * DAY).check_updates()
    assert update.wanted
    management.policies.say_never("asked", "1.1.0", by="tester")
    (update,) = await management.check_updates()
    assert (update.new, update.waits.sentence) == (None, "1.1.0 is passed over: you said never to it")
    assert not await management.plan_update()
    market.publish("asked", "1.2.0")
    (update,) = await management.check_updates()
    assert (update.new, update.waits) == ("1.2.0", None)
    assert await version_after_update(management) == "1.2.0"


async def test_a_pinned_plugin_stays_and_pre_releases_are_a_channel(market, at):
    market.publish("channel")
    management = at()
    await installed(management, "channel")
    market.publish("channel", "2.0.0rc1", manifest=manifest_text("channel", "2.0.0-rc.1"))
    assert await management.check_updates() == []
    management.policies.change("channel", {"pre": True}, by="tester")
    (update,) = await management.check_updates()
    assert update.new == "2.0.0rc1"
    management.policies.change("channel", {"mode": "pin"}, by="tester")
    (update,) = await management.check_updates()
    assert (update.new, update.held, update.held_back, update.pinned.by) == (None, "==1.0.0", "2.0.0rc1", "tester")
    assert not await management.plan_update(["channel"])
    assert management.list()[0].held == "==1.0.0"


async def test_what_is_said_of_a_plugin_goes_with_it_and_comes_back_with_it(market, at):
    market.publish("taken-out")
    management = at()
    await installed(management, "taken-out")
    management.policies.change("taken-out", {"mode": "auto"}, by="tester")
    await management.apply(management.plan_remove(["taken-out"]), accept_permissions=False, by="tester")
    assert management.policies.own() == {}
    await management.rollback(by="tester")
    assert management.policies.of("taken-out").mode == "auto"


async def test_the_plan_tells_what_happens_to_the_data(market, at):
    market.publish("shaped")
    management = at()
    await installed(management, "shaped")
    text = manifest_text("shaped", "2.0.0").replace("[host]", "data_version = 2\n\n[host]")
    market.publish("shaped", "2.0.0", manifest=text)
    (update,) = await management.check_updates()
    assert update.migrates == (1, 2)
    assert update.size > 0
    plan = await management.plan_update()
    assert plan.migrates == {"shaped": (1, 2)}
    assert plan.to_mapping()["migrates"] == {"shaped": [1, 2]}
