"""Enable, disable, grant, revoke, pin; and plugins that pip put into the application's own environment."""

from __future__ import annotations

import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from jackfield.errors import (
    ConsentRequired,
    IdentityError,
    PermissionDenied,
    PluginError,
    RequirementError,
    StoreError,
    UnknownPlugin,
    UsageError,
    WheelError,
)
from jackfield.management import ConsentMissing, Management

from tests.support.wheels import WheelSource, build_plugin, plugin_source

BOTH = '[[permissions]]\nresource = "messages"\nactions = ["read", "send"]\nreason = "answers !weather"\n'


async def install(management, wheel, **options):
    plan = await management.plan_install([str(wheel)])
    await management.apply(plan, accept_permissions=True, by="tester", **options)


@pytest.fixture
def by_pip(tmp_path, monkeypatch):
    """Puts a wheel where pip would, into the environment of the process that runs now."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(wheel):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        return site

    return put


class TestTheUsersWord:
    async def test_disable_and_enable_keep_the_grant(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather", permissions=BOTH))
        management.disable("weather", by="tester")
        (row,) = management.list()
        assert (row.state, row.enabled) == ("disabled", False)
        assert not management.enable_request("weather").growth
        management.enable("weather", by="tester")
        assert management.list()[0].state == "enabled"
        assert management.store.active_number() == 1  # state changes, no generation does

    @pytest.mark.feature("U13")
    async def test_a_command_that_another_plugin_has_is_told_before_anything_is_switched(self, manage, tmp_path):
        management = manage()
        polls = '[contributes]\ncommands = [{ name = "poll close" }]\n'
        await install(management, build_plugin(tmp_path, "poll", more=polls))
        alike = '[contributes]\ncommands = [{ name = "ask", aliases = ["poll"] }]\n'
        plan = await management.plan_install([str(build_plugin(tmp_path, "aaa", more=alike))])
        told = "the command poll of aaa is that of poll: aaa cannot run while poll is enabled"
        assert told in plan.notes
        await management.apply(plan, accept_permissions=True, by="tester")
        assert management.clashes("aaa") == (told,)
        management.enable("poll", accept_permissions=True, by="tester")  # it was enabled already, and keeps its command
        assert management.clashes("poll") == ()
        again = await management.plan_install([str(build_plugin(tmp_path, "aaa", "1.1.0", more=alike))])
        assert told not in again.notes  # it has been so all along
        management.disable("poll", by="tester")
        assert management.clashes("aaa") == ()
        plan = await management.plan_install([str(build_plugin(tmp_path, "bbb", more=alike))])
        assert "the command ask of bbb is that of aaa: bbb cannot run while aaa is enabled" in plan.notes
        pair = [str(build_plugin(tmp_path, name, more='[contributes]\ncommands = [{ name = "x" }]\n')) for name in "cd"]
        assert (
            "c and d both have the command x: only one of them can run" in (await management.plan_install(pair)).notes
        )

    @pytest.mark.slow
    async def test_of_two_revocations_at_once_none_is_undone_by_the_other(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather", permissions=BOTH))
        both = ("messages:read", "messages:send")

        def revoke(permission: str) -> bool:
            try:
                manage().revoke("weather", permission, by="tester")
            except StoreError:
                return False
            return True

        for _round in range(20):
            with ThreadPoolExecutor(2) as terminals:
                done = dict(zip(both, terminals.map(revoke, both), strict=True))
            grant = management.permissions("weather").grant
            assert any(done.values()), "one was first"
            assert not any(grant.allows(*name.split(":")) for name, was in done.items() if was)
            management.grant("weather", by="tester")

    async def test_one_permission_can_be_revoked_and_granted_again(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather", permissions=BOTH))
        report = management.revoke("weather", "messages:send", by="tester")
        assert [(one.action, one.granted) for one in report.request.permissions] == [("read", True), ("send", False)]
        assert report.grant.allows("messages", "read")
        assert not report.grant.allows("messages", "send")
        assert not management.enable_request("weather").growth  # it was asked and answered
        report = management.grant("weather", "messages:send", by="tester")
        assert report.grant.allows("messages", "send")

    async def test_revoking_everything_stops_it_until_it_is_enabled_with_a_yes(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather", permissions=BOTH))
        assert management.revoke("weather", by="tester").grant is None
        (row,) = management.list()
        assert row.state == "blocked"
        assert row.problem == "nothing was granted to it: jackfield enable weather"
        with pytest.raises(UsageError, match="nothing is granted to weather yet"):
            management.grant("weather", "messages:read", by="tester")
        with pytest.raises(ConsentRequired):
            management.enable("weather", by="tester")
        management.enable("weather", accept_permissions=True, by="tester")
        assert management.list()[0].state == "enabled"

    async def test_what_was_not_asked_cannot_be_granted_nor_what_was_not_granted_revoked(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather", permissions=BOTH))
        with pytest.raises(
            PermissionDenied, match=r"does not ask for files:read \(it asks for messages:read, messages:"
        ):
            management.grant("weather", "files:read", by="tester")
        with pytest.raises(PermissionDenied, match="files:read is not granted"):
            management.revoke("weather", "files:read", by="tester")

    async def test_a_pin_must_be_a_requirement(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather"))
        with pytest.raises(RequirementError):
            management.pin("weather", "nonsense", by="tester")
        management.pin("weather", "^1.0", by="tester")
        assert management.list()[0].held == "^1.0"
        management.pin("weather", None, by="tester")
        assert management.list()[0].held is None

    async def test_a_yes_counts_for_what_was_read_and_nothing_else(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather"), enable=False)
        read = management.enable_request("weather")
        await install(management, build_plugin(tmp_path, "weather", "2.0.0", permissions=BOTH), enable=False)
        with pytest.raises(ConsentRequired, match=r"weather 2\.0\.0 needs a yes"):
            management.enable("weather", accept_permissions=True, shown=read, by="tester")
        assert management.permissions("weather").grant is None
        read = management.enable_request("weather")
        management.enable("weather", accept_permissions=True, shown=read, by="tester")
        assert management.list()[0].state == "enabled"

    async def test_who_and_why_are_in_the_log(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "weather"))
        management.disable("weather", by="alice")
        entry = management.state.history()[-1]
        assert (entry.by, entry.why) == ("alice", "disable weather")

    async def test_unknown_plugins_are_named(self, manage, tmp_path):
        for call in (
            lambda: manage().enable("nonesuch", by="tester"),
            lambda: manage().disable("nonesuch", by="tester"),
            lambda: manage().permissions("nonesuch"),
        ):
            with pytest.raises(UnknownPlugin, match=r"nonesuch is not installed \(jackfield install nonesuch,"):
                call()
        await install(manage(), build_plugin(tmp_path, "weather"))
        with pytest.raises(UnknownPlugin, match=r"wether is not installed \(did you mean weather\?\)"):
            manage().disable("wether", by="tester")
        with pytest.raises(IdentityError):
            manage().disable("no such name!", by="tester")


class TestFromPip:
    def test_it_is_found_and_asks_for_consent_when_it_is_enabled(self, manage, tmp_path, by_pip):
        by_pip(build_plugin(tmp_path, "piped", permissions=BOTH))
        management = manage()
        (row,) = [row for row in management.list() if row.id == "piped"]
        assert (row.state, row.origin, row.source, row.enabled) == ("found", "environment", "environment", False)
        with pytest.raises(ConsentMissing) as caught:
            management.enable("piped", by="tester")
        (request,) = caught.value.requests
        assert request.source == "environment"
        assert request.isolation_sentence == "a process of its own, with what you grant and nothing else"
        management.enable("piped", accept_permissions=True, by="tester")
        (row,) = [row for row in management.list() if row.id == "piped"]
        assert (row.state, row.enabled) == ("enabled", True)
        assert management.permissions("piped").grant.allows("messages", "send")
        management.disable("piped", by="tester")
        assert [row.state for row in management.list() if row.id == "piped"] == ["disabled"]

    async def test_updating_and_removing_it_is_left_to_pip(self, manage, tmp_path, by_pip, unused_url):
        by_pip(build_plugin(tmp_path, "piped"))
        management = manage(unused_url)
        with pytest.raises(PluginError, match=r"piped came by pip: remove it with pip \(pip uninstall chat-piped\)"):
            management.plan_remove(["piped"])
        with pytest.raises(PluginError, match=r"update it with pip \(pip install --upgrade chat-piped\)"):
            await management.plan_update(["piped"])
        with pytest.raises(PluginError, match="it is installed already; jackfield enable turns it on"):
            await management.plan_install(["piped"])

    async def test_it_hides_the_one_of_the_store(self, manage, tmp_path, by_pip):
        management = manage()
        await install(management, build_plugin(tmp_path, "piped", "1.0.0"))
        by_pip(build_plugin(tmp_path / "newer", "piped", "2.0.0"))
        rows = [(row.origin, row.version, row.state) for row in management.list() if row.id == "piped"]
        assert rows == [("environment", "2.0.0", "blocked"), ("store", "1.0.0", "shadowed")]

    def test_a_new_version_by_pip_that_asks_for_more_asks_again(self, manage, tmp_path, by_pip):
        site = by_pip(build_plugin(tmp_path / "one", "piped", "1.0.0"))
        manage().enable("piped", accept_permissions=True, by="tester")
        for path in site.glob("chat_piped-*/*"):
            path.unlink()
        for path in site.glob("chat_piped-*"):
            path.rmdir()
        by_pip(build_plugin(tmp_path / "two", "piped", "2.0.0", permissions=BOTH))
        management = manage()
        assert not management.permissions("piped").grant.allows("messages", "send")
        details = [entry.detail for entry in management.enable_request("piped").growth.entries]
        assert "asks to read messages in the rooms it is added to, send messages" in details

    @pytest.mark.feature("C4", "K25")
    def test_a_new_version_by_pip_that_uses_another_plugin_asks_again(self, manage, tmp_path, by_pip):
        site = by_pip(build_plugin(tmp_path / "one", "piped", "1.0.0", isolation="worker"))
        manage().enable("piped", accept_permissions=True, by="tester")
        shutil.rmtree(next(site.glob("chat_piped-*")))
        uses = '[requires]\ngeo = "*?"\n'
        by_pip(build_plugin(tmp_path / "two", "piped", "2.0.0", isolation="worker", more=uses))
        management = manage()
        assert management.enable_request("piped").growth.uses == ("uses the plugin geo: its services and events",)
        with pytest.raises(ConsentRequired, match="uses the plugin geo"):
            management.enable("piped", by="tester")
        management.enable("piped", accept_permissions=True, by="tester")
        assert not management.enable_request("piped").growth
        assert management.permissions("piped").grant.requires == ("geo",)

    def test_one_without_a_manifest_asks_for_full_trust(self, manage, tmp_path, by_pip):
        source = WheelSource(
            "chat-legacy",
            files={"chat_legacy.py": "class Main: pass\n"},
            entry_points={"chat.plugins": {"legacy": "chat_legacy:Main"}},
        )
        by_pip(source.build(tmp_path))
        management = manage()
        request = management.enable_request("legacy")
        assert [entry.detail for entry in request.growth.entries] == ["has no manifest: it asks for full trust"]
        with pytest.raises(ConsentRequired):
            management.enable("legacy", by="tester")
        management.enable("legacy", accept_permissions=True, by="tester")
        assert [row.state for row in management.list() if row.id == "legacy"] == ["enabled"]
        with pytest.raises(UsageError, match="has no manifest, so it asks for no permission"):
            management.grant("legacy", by="tester")

    def test_a_worker_that_asks_for_nothing_is_enabled_without_a_question(self, manage, tmp_path, by_pip):
        by_pip(build_plugin(tmp_path, "piped", isolation="worker"))
        management = manage()
        management.enable("piped", by="tester")
        assert [row.state for row in management.list() if row.id == "piped"] == ["enabled"]
        assert management.permissions("piped").grant.permissions == ()

    async def test_a_wheel_that_would_hide_behind_the_environment_is_refused(self, manage, tmp_path, by_pip):
        by_pip(WheelSource("other-name", files={"chat_weather/__init__.py": "X = 1\n"}).build(tmp_path))
        management = manage()
        with pytest.raises(StoreError, match="the package chat_weather would hide behind"):
            await install(management, build_plugin(tmp_path, "weather", isolation="inline"))
        assert management.store.active_number() == 0


class TestFiles:
    async def test_a_wheel_on_this_machine_is_a_source_of_its_own(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path, "local"))
        (row,) = management.list()
        assert row.source == "file"
        assert await management.check_updates() == []

    async def test_a_file_of_the_same_version_with_other_bytes_replaces_it(self, manage, tmp_path):
        management = manage()
        await install(management, build_plugin(tmp_path / "one", "local"))
        plan = await management.plan_install([str(build_plugin(tmp_path / "two", "local", code="X = 2\n"))])
        assert [(item.old_version, item.new_version) for item in plan.changed] == [("1.0.0", "1.0.0")]
        await management.apply(plan, accept_permissions=False, by="tester")

    @pytest.mark.parametrize(
        ("spec", "error", "words"),
        [
            ("./nothing.whl", UsageError, "there is no file ./nothing.whl"),
            ("poll==", UsageError, "no plugin id|has '='"),
            ("poll@nonsense", UsageError, "nonsense"),
            ("", UsageError, "empty"),
        ],
    )
    async def test_what_cannot_be_read_is_named(self, manage, unused_url, spec, error, words):
        with pytest.raises(error, match=words):
            await manage(unused_url).plan_install([spec])

    async def test_a_file_that_is_no_wheel_or_no_plugin_is_named(self, manage, tmp_path):
        text = tmp_path / "notes.txt"
        text.write_text("hello")
        with pytest.raises(UsageError, match="is no wheel"):
            await manage().plan_install([str(text)])
        library = WheelSource("jflib", files={"jflib/__init__.py": ""}).build(tmp_path)
        told = r"is no plugin: it has no entry point in chat\.plugins \(libraries come by themselves\)"
        with pytest.raises(WheelError, match=told):
            await manage().plan_install([str(library)])
        misspelled = WheelSource(
            "jfpoll",
            files={"jfpoll/__init__.py": "", "jfpoll/plugin.toml": 'schema = 1\nid = "poll"\n'},
            entry_points={"chta.plugins": {"poll": "jfpoll:Main"}},
        )
        told = r"no entry point in chat\.plugins, only in chta\.plugins \(.*entry-points\.\"chat\.plugins"
        with pytest.raises(WheelError, match=told):
            await manage().plan_install([str(misspelled.build(tmp_path))])
        broken = tmp_path / "broken-1.0-py3-none-any.whl"
        broken.write_bytes(b"PK nonsense")
        with pytest.raises(Exception, match=r"broken-1\.0-py3-none-any\.whl"):
            await manage().plan_install([str(broken)])

    async def test_an_application_may_have_groups_of_another_name(self, layout, tmp_path):
        management = Management("datasette", layout, [], groups=["datasette"])
        wheel = build_plugin(
            tmp_path,
            "maps",
            group="datasette",
            manifest='schema = 1\nid = "maps"\nisolation = "any"\n',
        )
        await install(management, wheel)
        assert [(row.id, row.state) for row in management.list()] == [("maps", "enabled")]

    async def test_a_plugin_of_another_application_in_the_same_wheel_is_not_held_against_it(self, layout, tmp_path):
        management = Management("datasette", layout, [], groups=["datasette"])
        source = plugin_source("maps", group="datasette", manifest='schema = 1\nid = "maps"\nisolation = "any"\n')
        source.files["chat_other/__init__.py"] = ""
        source.entry_points["chat.plugins"] = {"other": "chat_other"}  # without a manifest: not for this application
        await install(management, source.build(tmp_path))
        assert [(row.id, row.state) for row in management.list()] == [("maps", "enabled")]
