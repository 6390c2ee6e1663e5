"""Plugins with a process of their own have libraries of their own, and take them along when they move."""

from __future__ import annotations

import pytest
from jackfield.errors import PluginError, ResolutionError, StoreError, UsageError
from jackfield.management import ConsentMissing, diagnose
from jackfield.management.published import refuse_hidden
from jackfield.store import StoredFile

from tests.core.management.story import SEND, installed

pytestmark = pytest.mark.slow

ANY = StoredFile("0" * 64, "sha256=", 0)


@pytest.fixture(scope="module")
def shop(market):
    """A marketplace with two versions of a library, and three plugins that want different ones."""
    for version in ("1.0", "2.0"):
        market.publish_library("jflib", version, files={"jflib/__init__.py": f"version = {version}\n"})
    market.publish("owl", requires=["jflib<2"], isolation="any", permissions=SEND)
    market.publish("elk", requires=["jflib>=2"], isolation="worker")
    market.publish("fox", requires=["jflib"], isolation="inline")
    return market


def own(management, plugin: str) -> dict[str, str]:
    return {pin.distribution: pin.version for pin in management.store.active().workers[plugin]}


def shared(management) -> dict[str, str]:
    return {pin.distribution: pin.version for pin in management.store.active().inline}


@pytest.mark.feature("K41")
async def test_three_plugins_have_two_versions_of_one_library(shop, manage):
    management = manage(shop.url)
    plan = await management.plan_install(["owl", "elk", "fox"])
    libraries = [(item.distribution, item.new_version, item.of) for item in plan.added if item.kind == "library"]
    assert libraries == [("jflib", "2.0", None), ("jflib", "2.0", "elk"), ("jflib", "1.0", "owl")]
    sizes = {(item.distribution, item.new_version): item.size for item in plan.added}
    assert plan.download_bytes == sum(sizes.values())  # a wheel for two of them is fetched once
    await management.apply(plan, accept_permissions=True, by="tester")
    assert own(management, "owl") == {"chat-owl": "1.0.0", "jflib": "1.0"}
    assert own(management, "elk") == {"chat-elk": "1.0.0", "jflib": "2.0"}
    assert shared(management) == {"chat-fox": "1.0.0", "jflib": "2.0"}
    assert {row.id: row.isolation for row in management.list()} == {"owl": "worker", "elk": "worker", "fox": "inline"}
    listed = {name: (await management.info(name)).to_mapping()["libraries"] for name in ("owl", "elk", "fox")}
    assert listed == {"owl": {"jflib": "1.0"}, "elk": {"jflib": "2.0"}, "fox": {}}


async def test_another_install_leaves_them_as_they_are_and_asks_nobody_about_them(shop, manage, unused_url):
    management = manage(shop.url)
    await installed(management, "owl", "elk")
    before = dict(management.store.active().workers)
    shop.publish("bee", isolation="worker")
    await installed(management, "bee")
    after = management.store.active().workers
    assert {cid: after[cid] for cid in before} == before
    plan = management.plan_remove(["bee"])
    assert [item.id for item in plan.removed] == ["bee"]


async def test_with_a_plugin_goes_what_is_its_own_and_nothing_else(shop, manage):
    management = manage(shop.url)
    await installed(management, "owl", "elk")
    plan = management.plan_remove(["owl"])
    assert [(item.distribution, item.of) for item in plan.removed] == [("chat-owl", None), ("jflib", "owl")]
    await management.apply(plan, accept_permissions=False, by="tester")
    assert own(management, "elk")["jflib"] == "2.0"
    await management.rollback(by="tester")
    assert own(management, "owl")["jflib"] == "1.0"


async def test_a_damaged_library_is_told_with_those_whose_it_is(shop, manage):
    shop.publish("gnu", requires=["jflib<2"], isolation="worker")
    management = manage(shop.url)
    await installed(management, "owl", "gnu", "elk")
    module = management.store.active().worker_paths("owl")[1] / "jflib" / "__init__.py"
    module.chmod(0o644)
    module.write_text("version = 0\n")
    (damaged,) = await management.verify(by="tester")
    assert (damaged.distribution, damaged.version, damaged.of) == ("jflib", "1.0", ("gnu", "owl"))
    (finding,) = diagnose(management.layout, management.store, management.state, management.inventory)
    assert (finding.kind, finding.plugin) == ("broken", "jflib (a library of gnu and owl)")
    (mended,) = await management.verify(repair=True, by="tester")
    assert (mended.repaired, module.read_text()) == (True, "version = 1.0\n")


async def test_an_update_moves_a_library_of_one_plugin_only(shop, manage):
    management = manage(shop.url)
    await installed(management, "owl", "elk")
    shop.publish("owl", "1.1.0", requires=["jflib"], isolation="any", permissions=SEND)
    shop.publish("owl", "1.2.0", requires=["jflib>=2"], isolation="any", permissions=SEND)
    await management.apply(await management.plan_update(["owl"]), accept_permissions=True, by="tester")
    assert own(management, "owl") == {"chat-owl": "1.2.0", "jflib": "2.0"}


async def test_an_update_that_leaves_its_process_asks_for_full_trust(shop, manage):
    shop.publish("hen", "1.0.0", requires=["jflib<2"], isolation="any")
    management = manage(shop.url)
    await installed(management, "hen")
    shop.publish("hen", "2.0.0", requires=["jflib<2"], isolation="inline")
    (update,) = await management.check_updates(["hen"])
    assert [entry.kind for entry in update.growth.entries] == ["isolation"]
    plan = await management.plan_update(["hen"])
    assert (plan.moved, [entry.kind for entry in plan.growth.entries]) == ({"hen": "inline"}, ["isolation"])
    with pytest.raises(ConsentMissing):
        await management.apply(plan, accept_permissions=False, by="tester")
    await management.apply(plan, accept_permissions=True, by="tester")
    assert shared(management) == {"chat-hen": "2.0.0", "jflib": "1.0"}
    held = await management.plan_update(["hen"], growing=False)
    assert not held


class TestMoving:
    async def test_into_the_application_asks_for_full_trust_and_takes_the_libraries_along(self, shop, manage):
        shop.publish("ant", requires=["jflib<2"], isolation="any", permissions=SEND)
        management = manage(shop.url)
        await installed(management, "ant")
        plan = await management.plan_isolation("ant", "inline")
        assert [entry.kind for entry in plan.growth.entries] == ["isolation"]
        assert "full trust" in plan.consent[0].isolation_sentence
        assert plan.moved == {"ant": "inline"}
        with pytest.raises(ConsentMissing):
            await management.apply(plan, accept_permissions=False, by="tester")
        grant = management.permissions("ant").grant
        await management.apply(plan, accept_permissions=True, by="tester")
        assert shared(management) == {"chat-ant": "1.0.0", "jflib": "1.0"}
        assert "ant" not in management.store.active().workers
        assert management.permissions("ant").grant == grant
        report = management.isolation("ant")
        assert (report.asked, report.chosen, str(report.placement)) == ("any", "inline", "inline")

    async def test_and_back_needs_no_yes_and_rollback_knows_where_it_was(self, shop, manage):
        shop.publish("bat", requires=["jflib<2"], isolation="any")
        management = manage(shop.url)
        await installed(management, "bat")
        there = await management.plan_isolation("bat", "inline")
        await management.apply(there, accept_permissions=True, by="tester")
        back = await management.plan_isolation("bat", "worker")
        assert not back.consent
        await management.apply(back, accept_permissions=False, by="tester")
        assert own(management, "bat") == {"chat-bat": "1.0.0", "jflib": "1.0"}
        await management.rollback(by="tester")
        assert (management.isolation("bat").chosen, shared(management)["jflib"]) == ("inline", "1.0")
        await management.rollback(by="tester")
        assert management.isolation("bat").chosen is None
        assert own(management, "bat")["jflib"] == "1.0"

    async def test_without_any_marketplace_what_is_here_is_enough(self, shop, manage, unused_url):
        shop.publish("cat", requires=["jflib"], isolation="any")
        await installed(manage(shop.url), "cat")
        offline = manage()
        plan = await offline.plan_isolation("cat", "inline")
        await offline.apply(plan, accept_permissions=True, by="tester")
        assert shared(offline) == {"chat-cat": "1.0.0", "jflib": "2.0"}

    async def test_what_does_not_fit_the_application_is_refused_by_name(self, shop, manage):
        shop.publish("dog", requires=["jflib<2"], isolation="any")
        shop.publish("eel", requires=["jflib>=2"], isolation="inline")
        management = manage(shop.url)
        await installed(management, "dog", "eel")
        with pytest.raises(ResolutionError, match=r"dog 1\.0\.0 needs jflib <2"):
            await management.plan_isolation("dog", "inline")

    async def test_the_way_out_that_a_conflict_names_is_one(self, shop, manage):
        shop.publish("yak", requires=["jflib<2"], isolation="any")
        shop.publish("emu", requires=["jflib>=2"], isolation="inline")
        management = manage(shop.url)
        await installed(management, "yak")
        await management.apply(await management.plan_isolation("yak", "inline"), accept_permissions=True, by="tester")
        with pytest.raises(ResolutionError, match="or give yak libraries of its own: jackfield isolation yak worker"):
            await management.plan_install(["emu"])
        await management.apply(await management.plan_isolation("yak", "worker"), accept_permissions=False, by="tester")
        await installed(management, "emu")
        assert (own(management, "yak")["jflib"], shared(management)["jflib"]) == ("1.0", "2.0")

    async def test_not_confined_is_said_plainly_and_moves_no_library(self, shop, manage):
        management = manage(shop.url)
        await installed(management, "owl")
        before = management.store.active().workers
        plan = await management.plan_isolation("owl", "process")
        assert "not confined: it can do what you can" in plan.consent[0].isolation_sentence
        assert (plan.moved, plan.added, plan.removed) == ({}, (), ())
        await management.apply(plan, accept_permissions=True, by="tester")
        assert management.store.active().workers == before
        (row,) = management.list()
        assert (row.isolation, row.grade) == ("process", None)

    async def test_only_what_the_manifest_allows_can_be_chosen(self, shop, manage):
        management = manage(shop.url)
        await installed(management, "elk", "fox")
        with pytest.raises(
            UsageError, match='elk cannot run in the application: its manifest says isolation = "worker"'
        ):
            await management.plan_isolation("elk", "inline")
        with pytest.raises(UsageError, match="fox cannot run in a process of its own"):
            await management.plan_isolation("fox", "worker")
        assert not await management.plan_isolation("elk", "worker") or management.isolation("elk").chosen is None


async def test_a_removed_plugin_takes_the_choice_along(shop, manage):
    management = manage(shop.url)
    await installed(management, "owl")
    await management.apply(await management.plan_isolation("owl", "process"), accept_permissions=True, by="tester")
    await management.apply(management.plan_remove(["owl"]), accept_permissions=False, by="tester")
    assert management.state.get("isolation/owl") is None


@pytest.mark.parametrize("path", ["msgspec/__init__.py", "jackfield_chat_api/more.py", "json.py"])
def test_a_package_that_would_hide_behind_what_is_published_is_refused(path):
    refuse_hidden({"chat_horse/__init__.py": ANY, "httpx/__init__.py": ANY}, "horse", "chat")
    with pytest.raises(StoreError, match="of horse, or of a library of it, would hide behind"):
        refuse_hidden({"chat_horse/__init__.py": ANY, path: ANY}, "horse", "chat")


async def test_an_application_without_workers_refuses_what_needs_one(market, layout):
    from jackfield.management import Management

    market.publish("hermit", isolation="worker")
    management = Management("chat", layout, [market.url], None, groups=["chat.plugins"])
    with pytest.raises(PluginError, match="asks for a process of its own, which this application cannot give"):
        await management.plan_install(["hermit"])


async def test_a_plan_says_of_an_extra_that_nobody_provides_who_asks_for_it(shop, manage):
    shop.publish("gaur", requires=["jfextras[fast,slow]", "jfextras[other]"])
    shop.publish_library("jfextras", "1.5", metadata_lines=["Provides-Extra: fast"])
    management = manage(shop.url)
    plan = await management.plan_install(["gaur"])
    said = [note for note in plan.notes if "extra" in note]
    assert said == [
        "jfextras 1.5 does not provide the extra other, which gaur asks for",
        "jfextras 1.5 does not provide the extra slow, which gaur asks for",
    ]
    assert plan.to_mapping()["notes"] == list(plan.notes)
    await management.apply(plan, accept_permissions=True, by="tester")
    again = await management.plan_install(["elk"])
    assert not [note for note in again.notes if "gaur" in note]  # it was told when it came
