"""The story against a real marketplace: install, update with and without consent, roll back."""

from __future__ import annotations

import pytest
from jackfield.errors import (
    ConsentRequired,
    MarketUnreachable,
    MissingDependency,
    PluginError,
    ResolutionError,
    UnknownPlugin,
    UsageError,
)

from tests.core.management.story import MEMBERS, SEND, installed
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow

CHANGELOG = "# Changes\n\n## 2.0.0\n\n- shows who voted\n\n## 1.0.0\n\n- first\n"


async def test_a_plan_says_what_comes_and_what_a_yes_means(market, manage):
    market.publish("plan-one", permissions=SEND + MEMBERS)
    plan = await manage(market.url).plan_install(["plan-one"])
    (item,) = plan.added
    assert (item.id, item.distribution, item.old_version, item.new_version) == (
        "plan-one",
        "chat-plan-one",
        None,
        "1.0.0",
    )
    assert item.source == market.url
    assert item.size > 0
    (request,) = plan.consent
    assert [one.sentence for one in request.permissions] == ["read member names", "send messages"]  # risky first
    assert request.permissions[0].reason == "shows who voted"
    assert request.publisher == "alice"
    assert request.isolation_sentence == "a process of its own, with what you grant and nothing else"
    assert request.brings == ()


async def test_install_enables_and_grants_with_a_yes(market, manage):
    market.publish("enabled", permissions=SEND)
    management = manage(market.url)
    outcome = await installed(management, "enabled")
    (row,) = management.list()
    assert outcome.generation == 1
    assert (row.id, row.version, row.state, row.source) == ("enabled", "1.0.0", "enabled", market.url)
    grant = management.permissions("enabled").grant
    assert grant.allows("messages", "send")
    assert (grant.source, grant.publisher) == (market.url, "alice")


async def test_nothing_is_installed_without_a_yes(market, manage, layout):
    market.publish("unasked", permissions=SEND)
    management = manage(market.url)
    plan = await management.plan_install(["unasked"])
    with pytest.raises(ConsentRequired, match="send messages"):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert management.list() == []
    assert [path.name for path in layout.root.iterdir()] == ["trust"]  # the marketplace is known from now on


async def test_an_install_without_enabling_asks_when_it_is_enabled(market, manage):
    market.publish("later", permissions=SEND)
    management = manage(market.url)
    await management.apply(
        await management.plan_install(["later"]), accept_permissions=False, enable=False, by="tester"
    )
    assert management.list()[0].state == "disabled"
    assert management.permissions("later").grant is None
    with pytest.raises(ConsentRequired):
        management.enable("later", by="tester")
    management.enable("later", accept_permissions=True, by="tester")
    assert management.list()[0].state == "enabled"


@pytest.mark.feature("C41", "C42", "C43", "C45")
async def test_an_update_that_asks_for_more_needs_a_new_yes_and_can_be_taken_back(market, manage):
    market.publish("poll", permissions=SEND)
    management = manage(market.url)
    await installed(management, "poll")
    market.publish("poll", "2.0.0", permissions=SEND + MEMBERS, changelog=CHANGELOG)

    (update,) = await management.check_updates()
    assert (update.id, update.name, update.current, update.new) == ("poll", "Poll", "1.0.0", "2.0.0")
    assert "shows who voted" in update.changelog
    assert "first" not in update.changelog
    assert [entry.detail for entry in update.growth.entries] == ["asks to read member names"]
    assert [one.sentence for one in update.permissions if one.new] == ["read member names"]

    plan = await management.plan_update(["poll"])
    before = management.state.items()
    with pytest.raises(ConsentRequired, match="read member names"):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert management.state.items() == before
    assert management.list()[0].version == "1.0.0"

    await management.apply(plan, accept_permissions=True, by="tester")
    assert management.list()[0].version == "2.0.0"
    assert management.permissions("poll").grant.allows("members", "read")

    report = await management.rollback(by="tester")
    assert report.plugins == {"poll": ("2.0.0", "1.0.0")}
    assert report.restored == ("grants/poll", "published/poll")
    assert management.list()[0].version == "1.0.0"
    assert not management.permissions("poll").grant.allows("members", "read")
    assert management.state.get("grants/poll") == before["grants/poll"]


async def test_a_grant_that_was_revoked_does_not_return_by_update_or_rollback(market, manage):
    market.publish("revoked", permissions=SEND)
    management = manage(market.url)
    await installed(management, "revoked")
    market.publish("revoked", "1.1.0", permissions=SEND)
    management.revoke("revoked", "messages:send", by="tester")
    await management.apply(await management.plan_update(), accept_permissions=False, by="tester")
    assert management.list()[0].version == "1.1.0"
    assert not management.permissions("revoked").grant.allows("messages", "send")
    management.grant("revoked", "messages:send", by="tester")
    management.revoke("revoked", by="tester")
    await management.rollback(by="tester")
    assert management.list()[0].version == "1.0.0"
    assert management.permissions("revoked").grant is None
    assert management.list()[0].state == "blocked"


async def test_another_publisher_needs_a_new_yes(market, manage):
    market.publish("sold")
    management = manage(market.url)
    await installed(management, "sold")
    grant = management.state.get("grants/sold")
    management.state.change({"grants/sold": {**grant, "publisher": "mallory"}}, by="tester")
    market.publish("sold", "1.1.0")
    plan = await management.plan_update()
    assert [entry.kind for entry in plan.growth.entries] == ["publisher"]
    with pytest.raises(ConsentRequired):
        await management.apply(plan, accept_permissions=False, by="tester")


async def test_updates_that_ask_for_more_can_be_left_out(market, manage):
    market.publish("modest")
    market.publish("greedy")
    management = manage(market.url)
    await installed(management, "modest", "greedy")
    market.publish("modest", "1.1.0")
    market.publish("greedy", "1.1.0", permissions=MEMBERS)
    plan = await management.plan_update(growing=False)
    assert [item.id for item in plan.changed] == ["modest"]
    (held,) = plan.held
    assert (held.plugin, held.previous, held.version) == ("greedy", "1.0.0", "1.1.0")
    assert [one.sentence for one in held.permissions if one.new] == ["read member names"]
    assert plan.consent == ()
    await management.apply(plan, accept_permissions=False, by="tester")


@pytest.mark.feature("C42")
async def test_a_plugin_that_cannot_be_looked_up_does_not_hide_the_others(market, manage):
    market.publish("fine")
    wheel = market.publish("broken-later")
    management = manage(market.url)
    await installed(management, "fine", "broken-later")
    assert await management.check_updates() == []
    market.publish("fine", "1.1.0")
    elsewhere = manage(market.url)
    pins = elsewhere.store.generation(1).pins
    assert len(pins) == 2
    for file in ("pylock.broken-later.toml", "../generation.json"):  # as somebody may edit it
        lock = elsewhere.layout.generations / "1" / "workers" / file
        lock.write_text(lock.read_text().replace('name = "chat-broken-later"', 'name = "chat-gone"'))
    updates = {update.id: update for update in await elsewhere.check_updates()}
    assert updates["fine"].new == "1.1.0"
    assert updates["broken-later"].new is None
    assert "does not offer it any more" in updates["broken-later"].problem
    (unasked,) = [one for one in await manage().check_updates() if one.id == "fine"]
    assert (unasked.new, unasked.problem) == (None, f"not checked: {market.url}, where it came from, is not asked")
    assert wheel.is_file()


async def test_what_a_plugin_requires_comes_with_it_and_goes_with_it(market, manage):
    market.publish_library("jfdep-lib", "1.2.0")
    market.publish("helper", requires=["jfdep-lib>=1"], permissions=SEND)
    market.publish("leader", more='[requires]\nhelper = ">=1.0"\n')
    management = manage(market.url)
    plan = await management.plan_install(["leader"])
    assert [(item.id, item.distribution, item.kind) for item in plan.added] == [
        ("helper", "chat-helper", "plugin"),
        ("leader", "chat-leader", "plugin"),
        (None, "jfdep-lib", "library"),
    ]
    requests = {request.plugin: request for request in plan.consent}
    assert requests["leader"].brings == ("helper", "jfdep-lib")
    assert ("dependency", "helper") in [(entry.kind, entry.plugin) for entry in requests["leader"].growth.entries]
    await management.apply(plan, accept_permissions=True, by="tester")
    assert [row.state for row in management.list()] == ["enabled", "enabled"]

    with pytest.raises(MissingDependency, match="leader needs helper"):
        management.plan_remove(["helper"])
    plan = management.plan_remove(["leader"])
    assert [item.distribution for item in plan.removed] == ["chat-helper", "chat-leader", "jfdep-lib"]
    await management.apply(plan, accept_permissions=False, by="tester")
    assert management.list() == []
    assert management.state.items("grants/") == {}
    await management.rollback(by="tester")
    assert [row.state for row in management.list()] == ["enabled", "enabled"]


async def test_a_plan_is_void_when_something_else_was_installed_meanwhile(market, manage):
    market.publish("early")
    market.publish("late")
    management = manage(market.url)
    plan = await management.plan_install(["late"])
    await installed(management, "early")
    with pytest.raises(Exception, match="meanwhile"):
        await management.apply(plan, accept_permissions=True, by="tester")
    assert [row.id for row in management.list()] == ["early"]


async def test_installing_again_changes_nothing(market, manage):
    market.publish("again")
    management = manage(market.url)
    await installed(management, "again")
    assert not await management.plan_install(["again"])


async def test_a_version_can_be_chosen_and_held(market, manage):
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        market.publish("chosen", version)
    management = manage(market.url)
    await installed(management, "chosen==1.0.0")
    management.pin("chosen", "<2.0", by="tester")
    (update,) = await management.check_updates()
    assert (update.new, update.held, update.held_back) == ("1.5.0", "<2.0", "2.0.0")
    assert update.pinned.by == "tester"
    await management.apply(await management.plan_update(), accept_permissions=True, by="tester")
    assert management.list()[0].version == "1.5.0"
    assert management.list()[0].held == "<2.0"
    (update,) = await management.check_updates()
    assert (update.new, update.held, update.held_back, update.problem) == (None, "<2.0", "2.0.0", None)
    plan = await management.plan_install(["chosen@^1.0"])
    assert not plan


async def test_a_pre_release_is_taken_only_when_asked_for(market, manage):
    market.publish("pre", "1.0.0rc1", manifest=manifest_text("pre", "1.0.0-rc.1"))
    management = manage(market.url)
    with pytest.raises(ResolutionError, match=r"pre-release \(--pre takes them\)"):
        await management.plan_install(["pre"])
    assert await management.plan_install(["pre"], pre=True)
    assert await management.plan_install(["pre==1.0.0-rc.1"])


async def test_a_yanked_version_is_passed_over_unless_it_is_named(market, manage):
    market.publish("yanked", "1.0.0")
    market.publish("yanked", "1.1.0")
    market.run("yank", "chat-yanked", "1.1.0", "--reason", "broken")
    management = manage(market.url)
    plan = await management.plan_install(["yanked"])
    assert plan.added[0].new_version == "1.0.0"
    plan = await management.plan_install(["yanked==1.1.0"])
    assert plan.added[0].new_version == "1.1.0"


async def test_a_plugin_that_cannot_be_confined_here_is_installed_and_waits_for_its_user(market, manage, weak_machine):
    market.publish("confined", isolation="worker", permissions=SEND)
    management = manage(market.url)
    plan = await management.plan_install(["confined"])
    way_out = "cannot be confined on this machine: jackfield isolation confined process runs it all the same"
    assert [note for note in plan.notes if way_out in note]
    assert plan.consent[0].isolation_sentence.startswith(f"nothing yet: it {way_out}")
    await management.apply(plan, accept_permissions=True, by="tester")
    (row,) = management.list()
    assert (row.state, row.isolation, row.grade) == ("blocked", "worker", None)
    with pytest.raises(PluginError, match="cannot be confined on this machine"):
        management.enable("confined", by="tester")
    plan = await management.plan_isolation("confined", "process")
    await management.apply(plan, accept_permissions=True, by="tester")
    (row,) = management.list()
    assert (row.state, row.isolation) == ("enabled", "process")


async def test_unknown_plugins_and_unset_marketplaces_are_sentences(market, manage):
    with pytest.raises(UnknownPlugin, match="no plugin nonesuch at"):
        await manage(market.url).plan_install(["nonesuch"])
    with pytest.raises(UsageError, match="no marketplace is configured"):
        await manage().plan_install(["poll"])
    with pytest.raises(UnknownPlugin, match="not installed"):
        manage().plan_remove(["poll"])


@pytest.mark.feature("C33")
async def test_a_marketplace_that_is_down_is_named_and_nothing_is_lost(market, manage, unused_url):
    market.publish("survivor")
    await installed(manage(market.url), "survivor")
    down = manage(unused_url)
    with pytest.raises(MarketUnreachable, match="cannot be reached"):
        await down.plan_install(["poll"])
    assert [row.state for row in down.list()] == ["enabled"]
    await down.rollback(by="tester")
    assert down.list() == []


async def test_info_joins_what_the_marketplace_says_and_what_is_installed(market, manage, unused_url):
    market.publish("informed", permissions=SEND)
    management = manage(market.url)
    info = await management.info("informed")
    assert info.row is None
    assert info.details["publisher"] == "alice"
    assert info.marketplace == market.url
    await installed(management, "informed")
    info = await manage(unused_url).info("informed")
    assert info.row.version == "1.0.0"
    assert "cannot be reached" in info.problem
    assert [one.sentence for one in info.permissions] == ["send messages"]
    with pytest.raises(UnknownPlugin):
        await management.info("nonesuch")


async def test_credentials_in_an_address_are_never_told(market, manage):
    market.publish("whispered")
    management = manage(market.url.replace("//", "//reader:geheim@"))
    with pytest.raises(UnknownPlugin) as unknown:
        await management.plan_install(["no-such-plugin"])
    found = await management.search("whispered")
    told = [
        str(unknown.value),
        str(found),
        str(await management.info("whispered")),
        str((await management.plan_install(["whispered"])).to_mapping()),
    ]
    assert all(market.url in one for one in told)
    assert not any("geheim" in one for one in told)
