"""What an update asks beyond the version before, against a real marketplace: publishers, dependencies, permissions."""

from __future__ import annotations

import pytest
from jackfield.errors import ConsentRequired, UnknownPlugin
from jackfield.management import take_updates
from jackfield_marketplace.accounts import find_user
from jackfield_marketplace.app import open_database
from jackfield_marketplace.catalog import refresh_plugin
from jackfield_marketplace.db import Direct, Project
from jackfield_marketplace.settings import Settings
from sqlalchemy import select

from tests.support.wheels import build_plugin, manifest_text

pytestmark = pytest.mark.slow

MEMBERS = '[[permissions]]\nresource = "members"\nactions = ["read"]\nreason = "shows who voted"\n'


async def installed(management, *specs, **options):
    plan = await management.plan_install(specs)
    return await management.apply(plan, accept_permissions=True, by="tester", **options)


def hand_over(market, distribution, user):
    """Another user owns a project from now on, as when its author sells it."""
    market.token(user)
    database = open_database(Settings(market.data))
    try:
        with database.write() as session:
            project = session.scalars(select(Project).where(Project.name == distribution)).one()
            project.owner_id = find_user(session, user).id
            project.serial += 1
            refresh_plugin(Direct.within(session), project.id)
    finally:
        database.close()


async def test_a_plugin_that_changed_hands_asks_again(market, manage):
    market.publish("handed-over")
    management = manage(market.url)
    await installed(management, "handed-over")
    assert management.permissions("handed-over").grant.publisher == "alice"
    hand_over(market, "chat-handed-over", "mallory")
    assert await management.check_updates() == []  # the installed version is still alice's
    market.publish("handed-over", "1.1.0", user="mallory")
    (update,) = await management.check_updates()
    assert [entry.detail for entry in update.growth.entries] == ["published by mallory, before by alice"]

    careful = await management.plan_update(growing=False)
    assert not careful
    assert [request.publisher for request in careful.held] == ["mallory"]

    plan = await management.plan_update()
    with pytest.raises(ConsentRequired):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert management.list()[0].version == "1.0.0"
    await management.apply(plan, accept_permissions=True, by="tester")
    assert management.permissions("handed-over").grant.publisher == "mallory"
    await management.rollback(by="tester")
    assert management.permissions("handed-over").grant.publisher == "alice"


async def test_who_published_it_is_known_when_it_is_enabled_later(market, manage):
    market.publish("enabled-later")
    management = manage(market.url)
    await installed(management, "enabled-later", enable=False)
    request = management.enable_request("enabled-later")
    assert (request.publisher, request.published is not None) == ("alice", True)
    management.enable("enabled-later", accept_permissions=True, by="tester")
    assert management.permissions("enabled-later").grant.publisher == "alice"
    market.publish("enabled-later", "1.1.0")
    assert not (await management.plan_update()).growth  # alice published both


async def test_the_check_tells_what_a_new_dependency_asks_as_the_plan_does(market, manage):
    market.publish("lonely")
    management = manage(market.url)
    await installed(management, "lonely")
    market.publish("names-below")
    market.publish("names-below", "2.0.0", permissions=MEMBERS)
    market.publish("names", more='[requires]\nnames-below = ">=2.0"\n')
    market.publish("lonely", "2.0.0", more='[requires]\nnames = ">=1.0"\n')
    (update,) = await management.check_updates()
    plan = await management.plan_update()
    (planned,) = [request for request in plan.consent if request.plugin == "lonely"]
    assert set(update.growth.entries) == set(planned.growth.entries)
    assert [entry.detail for entry in update.growth.entries] == [
        "comes with names-below, which asks to read member names",
        "uses the plugin names: its services and events",
    ]
    assert update.brings == planned.brings == ("names", "names-below")
    assert not any(one.new for one in update.permissions)


async def test_of_what_is_installed_already_only_the_use_is_news(market, manage):
    market.publish("present", permissions=MEMBERS)
    market.publish("growing")
    management = manage(market.url)
    await installed(management, "present", "growing")
    market.publish("growing", "2.0.0", more='[requires]\npresent = ">=1.0"\n')
    (update,) = await management.check_updates()
    assert (update.new, update.brings) == ("2.0.0", ())
    assert [one.detail for one in update.growth.entries] == ["uses the plugin present: its services and events"]


@pytest.mark.feature("C4", "C41", "K25")
async def test_an_update_that_uses_an_installed_plugin_waits_for_a_yes(market, manage):
    uses = ("uses the plugin geo-present: its services and events",)
    management = manage(market.url)

    async def follow() -> None: ...

    async def take_by_itself() -> list[str | None]:
        taken = await take_updates(management, await management.check_updates(), by="itself", follow=follow)
        return [one.done for one in taken]

    market.publish("geo-present")
    market.publish("reaches-out")
    await installed(management, "geo-present", "reaches-out")
    management.policies.change("reaches-out", {"mode": "auto"}, by="tester")
    market.publish("reaches-out", "1.1.0", more='[requires]\ngeo-present = "*?"\n')
    assert await take_by_itself() == ["reaches-out 1.1.0 asks for more and waits for your yes"]
    careful = await management.plan_update(growing=False)
    assert not careful
    assert [request.growth.uses for request in careful.held] == [uses]

    plan = await management.plan_update()
    assert plan.growth.uses == uses
    assert plan.to_mapping()["growth"] == [
        {"kind": "dependency", "plugin": "reaches-out", "permission": None, "detail": uses[0]}
    ]
    with pytest.raises(ConsentRequired, match="uses the plugin geo-present"):
        await management.apply(plan, accept_permissions=False, by="tester")
    await management.apply(plan, accept_permissions=True, by="tester")
    assert management.permissions("reaches-out").grant.requires == ("geo-present",)

    await management.rollback(by="tester")
    assert management.permissions("reaches-out").grant.requires == ()
    assert {row.id: row.state for row in management.list()}["reaches-out"] == "enabled"
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    market.publish("reaches-out", "1.2.0", more='[requires]\ngeo-present = "^1.0"\n')
    assert await take_by_itself() == ["reaches-out was updated from 1.1.0 to 1.2.0 by itself"], "it is another range"
    market.publish("reaches-out", "1.3.0")
    assert await take_by_itself() == ["reaches-out was updated from 1.2.0 to 1.3.0 by itself"], "it is less"
    market.publish("reaches-out", "1.4.0", more='[requires]\ngeo-present = "^1.0"\n')
    assert await take_by_itself() == ["reaches-out 1.4.0 asks for more and waits for your yes"], "it was taken back"


async def test_pre_releases_are_looked_for_when_asked(market, manage):
    market.publish("early-bird")
    management = manage(market.url)
    await installed(management, "early-bird")
    market.publish("early-bird", "2.0.0rc1", manifest=manifest_text("early-bird", "2.0.0-rc.1"))
    assert await management.check_updates() == []
    (update,) = await management.check_updates(pre=True)
    assert update.new == "2.0.0rc1"


async def test_the_history_names_what_moved_and_nothing_else(market, manage):
    market.publish("moves")
    market.publish("stays")
    management = manage(market.url)
    await installed(management, "moves", "stays")
    market.publish("moves", "1.1.0")
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    assert management.history()[0].what == "update moves"


async def test_wheels_for_another_python_are_no_update(market, manage):
    market.publish("portable")
    management = manage(market.url)
    await installed(management, "portable")
    market.publish("portable", "2.0.0", requires_python=">=3.99")
    market.publish("portable", "3.0.0", tag="cp311-cp311-win_arm64")
    assert await management.check_updates() == []
    assert not await management.plan_update()


async def test_several_plugins_in_every_spelling_are_one_change(market, manage, tmp_path):
    for version in ("1.0.0", "1.2.0", "1.3.0", "2.0.0"):
        market.publish("spelled", version)
        market.publish("ranged", version)
    market.publish("plain-id")
    wheel = build_plugin(tmp_path, "on-disk")
    management = manage(market.url)
    await installed(management, "Plain_Id", "spelled==1.2", "ranged@^1.2", str(wheel))
    assert {row.id: (row.version, row.source) for row in management.list()} == {
        "on-disk": ("1.0.0", "file"),
        "plain-id": ("1.0.0", market.url),
        "ranged": ("1.3.0", market.url),
        "spelled": ("1.2.0", market.url),
    }
    assert [entry.generation for entry in management.history()] == [1]


@pytest.mark.parametrize("typed", ["chartz", "chart", "chrats"])
async def test_an_unknown_id_is_answered_with_near_ones(market, manage, typed):
    market.publish("charts")
    management = manage(market.url)
    with pytest.raises(UnknownPlugin, match="did you mean charts"):
        await management.plan_install([typed])
    with pytest.raises(UnknownPlugin, match="did you mean charts"):
        await management.info(typed)


async def test_search_says_how_many_there_are_and_who_did_not_answer(market, manage, unused_url):
    for plugin in ("sought-one", "sought-two"):
        market.publish(plugin)
    found = await manage(market.url, unused_url, market.url).search("sought", limit=1)
    assert [one.id for one in found] == [plugin.id for plugin, _ in found.plugins]
    assert (len(found), found.total) == (1, 3)  # the same marketplace under two names counts what it did not show
    assert [error.exit_code for error in found.unreachable] == [5]
    assert {one["marketplace"] for one in found.to_mapping()["plugins"]} == {market.url}
