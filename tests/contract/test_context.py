"""What `context` promises, facet by facet: one suite, the same wherever the plugin runs."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from jackfield.api import Level
from jackfield.errors import WrongValues
from jackfield.permissions import Permission

from tests.support.http_server import http_server
from tests.support.speakers import Speaker
from tests.support.waiting import until

# use -> the permission that it needs
GUARDED = [
    ("probe storage get key", "storage:read"),
    ("probe storage keys", "storage:read"),
    ("probe storage set key 1", "storage:write"),
    ("probe storage delete key", "storage:write"),
    ("probe table insert {}", "storage:write"),
    ("probe table select", "storage:read"),
    ("probe commands add elsewhere", "commands:register"),
    ("probe commands tree elsewhere", "commands:register"),
    ("probe events emit undeclared", "events:emit"),
    ("probe events on plugin:peer:spoke", "events:listen"),
    ("probe events on plugin:*", "events:observe"),
    ("probe services call shouter you", "services:call"),
    ("probe services provide", "services:provide"),
    ("probe files stat /nowhere", "files:read"),
    ("probe files write /nowhere/file text", "files:write"),
    ("probe environment PROBE_TOKEN", "environment:read"),
    ("probe http get http://127.0.0.1:1/", "network:connect"),
    ("probe plugins list", "plugins:read"),
    ("probe plugins status peer", "plugins:read"),
    ("probe plugins load peer", "plugins:manage"),
    ("probe plugins unload ghost", "plugins:manage"),
    ("probe ui component box", "ui:component"),
    ("probe ui menu", "ui:menu"),
    ("probe api send hello", "messages:send"),
]

FREE = [
    ("probe settings get greeting", '"hello"'),
    ("probe settings set limit 4", '{"greeting": "hello", "limit": 4}'),
    ("probe commands add probe-not", None),
    ("probe events emit declared", "sent"),
    ("probe events on own", "listening"),
    ("probe events on plugin:friend:spoke", "listening"),
    ("probe services call greeter you", '["hello you"]'),
    ("probe services protocol", '["hello you"]'),
    ("probe plugins status probe", "probe 1.0.0 active"),
    ("probe scheduler start", "started"),
    ("probe folders", "probe"),
]


@pytest.mark.feature("C4", "C13")
@pytest.mark.parametrize(("use", "permission"), GUARDED)
async def test_each_use_is_refused_without_its_permission_and_works_with_it_alone(stage, everything, use, permission):
    resource, action = permission.split(":")
    await stage.grant(one for one in everything if (one.resource, one.actions) != (resource, (action,)))
    answer = await stage.ask(use)
    hint = "asked in plugin.toml? granted? see: jackfield permissions probe"
    if use.startswith("probe services call"):
        hint = "name peer, which offers shouter, under [requires] in plugin.toml; or ask for services:call"
    if resource == "commands":
        hint = "declare elsewhere in plugin.toml, under [contributes] commands; or ask for commands:register"
    assert f"probe may not {permission}" in answer
    assert f"({hint})" in answer
    await stage.grant(one for one in everything if (one.resource, one.actions) == (resource, (action,)))
    assert "may not" not in await stage.ask(use)


@pytest.mark.parametrize(("use", "answer"), [one for one in FREE if one[1] is not None])
async def test_what_is_the_plugins_own_or_declared_needs_no_permission(stage, use, answer):
    await stage.grant(())
    assert await stage.ask(use) == answer


class TestStorage:
    @pytest.mark.feature("C20")
    @pytest.mark.parametrize("value", ["null", "true", "1.5", '"text"', "[1, [2]]", '{"a": {"b": null}}'])
    async def test_it_keeps_json(self, stage, value):
        await stage.ask(f"probe storage set key '{value}'")
        assert json.loads(await stage.ask("probe storage get key")) == json.loads(value)

    async def test_it_lists_and_forgets(self, stage):
        for key in ("b/2", "b/1", "a"):
            await stage.ask(f"probe storage set {key} 1")
        assert await stage.ask("probe storage keys b/") == '["b/1", "b/2"]'
        await stage.ask("probe storage delete b/1")
        assert await stage.ask("probe storage keys") == '["a", "b/2"]'
        assert await stage.ask("probe storage get b/1") == '"nothing"'

    @pytest.mark.feature("C14")
    async def test_each_plugin_has_its_own(self, stage):
        await stage.ask("probe storage set key 1")
        assert await stage.ask("peer look key") == "null"

    @pytest.mark.feature("U40")
    async def test_it_survives_disabling_and_a_new_host(self, stage):
        await stage.ask("probe storage set key 7")
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        stage.profile.enable("probe")
        await stage.host.reload_changes()
        assert await stage.ask("probe storage get key") == "7"
        await stage.host.stop()
        await stage.host.start()
        assert await stage.ask("probe storage get key") == "7"


class TestTables:
    @pytest.mark.feature("C20")
    async def test_rows_are_kept_chosen_changed_and_gone(self, stage):
        for user, choice in (("ann", 1), ("carl", 2)):
            row = json.dumps({"room": "lobby", "user": user, "choice": choice})
            await stage.ask(f"probe table insert '{row}'")
        assert await stage.ask("probe table select") == '["carl", "ann"]'
        assert await stage.ask("probe table select '{\"choice <\": 2}'") == '["ann"]'
        assert await stage.ask("probe table update '{\"choice\": 5}'") == "[2, 2]"
        taken = await stage.ask('probe table insert \'{"room": "lobby", "user": "ann"}\'')
        assert "votes has a row with room 'lobby', user 'ann' already" in taken
        assert await stage.ask("probe table delete") == "2"
        assert await stage.ask("probe table select") == "[]"

    async def test_changes_happen_together_or_not_at_all(self, stage):
        assert await stage.ask("probe apply ann") == "[null, 1, null]"
        assert await stage.ask("probe storage get last") == '"ann"'
        assert "votes has 1 rows where" in await stage.ask("probe apply ann")
        assert await stage.ask("probe apply carl") == "[null, 2, null]"

    @pytest.mark.feature("C14")
    async def test_what_is_kept_is_bounded_by_the_users_word(self, stage):
        stage.profile.state.change({"quota/probe": 65536}, by="test")
        text = json.dumps("x" * 30000)
        await stage.ask(f"probe storage set one '{text}'")
        answer = await stage.ask(f"probe storage set two '{text}'")
        assert "probe keeps" in answer
        assert "of 64 KiB: nothing more was kept" in answer
        assert await stage.ask("probe storage keys") == '["one"]'


@pytest.mark.feature("K34", "U16")
async def test_files_of_the_package_are_read_and_nothing_beside_it(stage):
    await stage.grant(())
    content, size, names = json.loads(await stage.ask("probe resources lang/de.toml"))
    assert content == 'greeting = "Grüß dich, {user}"\n'
    assert size == len(content.encode())
    assert names == ["lang/de.toml", "lang/de_AT.toml", "lang/en.toml"]
    for name in ("lang/../../chat_peer/__init__.py", "/etc/passwd", "missing.txt"):
        assert f"there is no file {name!r} in the package of probe" in await stage.ask(f"probe resources {name}")


class TestTranslations:
    @pytest.mark.feature("U14")
    @pytest.mark.parametrize(
        ("key", "language", "text"),
        [
            ("greeting", "de-AT", "Servus alice"),
            ("greeting", "de-CH", "Grüß dich, alice"),
            ("greeting", "fr", "Hello alice"),
            ("only", "de-AT", "only in English"),
            ("errors.unknown", "de", "Nobody knows {what}, {really}"),
            ("missing", "de", "missing"),
        ],
    )
    async def test_a_text_comes_in_the_nearest_language_that_has_it(self, stage, key, language, text):
        assert await stage.ask(f"probe say {key} {language}") == text

    async def test_each_user_has_a_language_of_their_own(self, stage):
        assert await stage.ask("probe say greeting") == "Hello alice"
        stage.languages["alice"] = "de_at"
        assert await stage.ask("probe say greeting") == "Servus alice"
        stage.languages["alice"] = "no language"
        stage.languages[None] = "de"
        assert await stage.ask("probe say greeting") == "Grüß dich, alice"

    async def test_what_is_missing_is_logged_once(self, stage, caplog):
        for _ in range(3):
            await stage.ask("probe say missing de")
        told = [record for record in caplog.records if "there is no text 'missing'" in record.message]
        assert [record.name for record in told] == ["chat.plugins.probe"]


class TestSettings:
    @pytest.mark.feature("C22")
    async def test_a_value_that_does_not_fit_is_refused_with_the_settings_name(self, stage):
        assert "the setting limit: 11 is above 10" in await stage.ask("probe settings set limit 11")
        assert "the setting limit: expected a whole number" in await stage.ask("probe settings set limit '\"x\"'")
        assert await stage.ask("probe settings get limit") == "3"

    async def test_one_that_is_not_declared_is_named(self, stage):
        answer = await stage.ask("probe settings get color")
        assert "probe declares no setting color (declared: greeting, limit, token)" in answer

    @pytest.mark.feature("U25")
    async def test_what_is_typed_into_the_file_is_heard_and_what_is_wrong_in_it_is_told(self, stage, settle):
        await stage.ask("probe settings set limit 4")
        await stage.ask("probe settings watch")
        file = stage.profile.layout.config("probe") / "settings.toml"
        file.write_text(file.read_text().replace("limit = 4", "limit = 99").replace("# greeting", "greeting"))
        file.write_text(file.read_text().replace('"hello"', '"servus"'))
        await stage.host.reload_changes()
        await settle()
        assert await stage.ask("probe heard") == '["greeting=servus"]'
        assert await stage.ask("probe settings get limit") == "4"
        status = stage.host.plugins.status("probe")
        assert f"{file}, line 8: limit: 99 is above 10" in status.problem

    @pytest.mark.feature("U15", "U25")
    async def test_a_dataclass_takes_them_by_name(self, stage):
        await stage.ask("probe settings set limit 4")
        assert await stage.ask("probe settings typed") == ("Wishes(greeting='hello', limit=4, token='', colour='red')")
        assert "Spoken has a field that is no setting" in await stage.ask("probe settings untyped")

    async def test_a_secret_is_read_by_its_name_alone(self, stage):
        assert "token" not in json.loads(await stage.ask("probe settings set token '\"hush\"'"))
        assert await stage.ask("probe settings get token") == '"hush"'

    async def test_a_change_by_another_process_is_heard(self, stage, settle):
        await stage.ask("probe settings watch")
        stage.profile.state.change({"settings/probe/greeting": "moin"}, by="test")
        await stage.host.reload_changes()
        await settle()
        assert await stage.ask("probe heard") == '["greeting=moin"]'


class TestEvents:
    @pytest.mark.feature("C17", "C21", "M40")
    async def test_they_carry_the_senders_namespace_and_id(self, stage):
        await stage.ask("probe events on plugin:peer:spoke")
        await stage.ask("peer speak")
        assert json.loads(await stage.ask("probe heard")) == ['plugin:peer:spoke from peer: {"loud": true}']

    @pytest.mark.feature("C21")
    async def test_nobody_speaks_in_another_ones_name(self, stage):
        answer = await stage.ask("probe events emit plugin:peer:spoke")
        assert "probe can only send events named plugin:probe:…" in answer

    @pytest.mark.feature("C21", "U7", "M42")
    async def test_a_marked_listener_hears_a_plugin_that_is_required(self, stage):
        await stage.grant(())
        await stage.ask("friend speak")
        assert json.loads(await stage.ask("probe heard")) == ["marked: plugin:friend:spoke"]

    @pytest.mark.feature("M40")
    async def test_a_typed_listener_is_given_its_own_type(self, stage):
        await stage.ask("probe events typed plugin:friend:spoke")
        await stage.ask("""friend speak '{"text": "hello"}'""")
        assert json.loads(await stage.ask("probe heard")) == ["marked: plugin:friend:spoke", "hello 1"]

    @pytest.mark.feature("U6")
    async def test_low_priorities_hear_first(self, stage):
        await stage.ask("probe events order")
        assert json.loads(await stage.ask("probe heard")) == ["early", "usual", "late"]

    @pytest.mark.feature("K27")
    async def test_listeners_end_with_the_plugin(self, stage):
        await stage.ask("probe events on plugin:peer:spoke")
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        stage.profile.enable("probe")
        await stage.host.reload_changes()
        await stage.ask("peer speak")
        assert await stage.ask("probe heard") == "[]"


class TestServices:
    @pytest.mark.feature("U28", "K25", "K47")
    async def test_arguments_and_results_are_plain_data(self, stage):
        assert json.loads(await stage.ask("probe services call greeter you 2")) == ["hello you", "hello you"]
        assert json.loads(await stage.ask("probe services call peer:shouter you")) == ["HELLO YOU"]

    @pytest.mark.feature("U28", "K27")
    async def test_a_handle_is_dead_when_its_provider_starts_anew(self, stage):
        await stage.ask("probe services keep")
        assert json.loads(await stage.ask("probe services use")) == ["HELLO YOU"]
        await stage.host.reload("friend")
        await stage.ask("probe services keep")
        await stage.host.reload("peer")
        answer = await stage.ask("probe services use")
        assert "probe called greet of the service shouter, which peer does not offer any more" in answer
        await stage.ask("probe services keep")
        assert json.loads(await stage.ask("probe services use")) == ["HELLO YOU"]


class TestFiles:
    async def test_they_are_written_read_and_listed(self, stage, tmp_path):
        folder = tmp_path / "granted"
        folder.mkdir()
        await stage.grant(
            [Permission("files", ("read", "write"), paths=(str(folder),)), Permission("commands", ("register",))]
        )
        await stage.ask(f"probe files write {folder}/a.txt 0123456789")
        assert (folder / "a.txt").read_text() == "0123456789"
        assert await stage.ask(f"probe files read {folder}/a.txt") == "0123456789"
        assert json.loads(await stage.ask(f"probe files parts {folder}/a.txt")) == ["0123", "456789"]
        assert json.loads(await stage.ask(f"probe files list {folder}")) == ["a.txt"]
        assert json.loads(await stage.ask(f"probe files stat {folder}/a.txt")) == ["a.txt", "file", 10]
        (folder / "out").symlink_to("/etc")
        for path in (f"{tmp_path}/other", f"{folder}/out/passwd"):
            answer = await stage.ask(f"probe files read {path}")
            assert "may not files:read" in answer or "symbolic link out, which is not followed" in answer


class TestEnvironment:
    async def test_only_granted_names_are_told(self, stage, monkeypatch):
        monkeypatch.setenv("PROBE_TOKEN", "t")
        monkeypatch.setenv("OTHER_TOKEN", "s")
        assert json.loads(await stage.ask("probe environment PROBE_TOKEN")) == "t"
        assert "probe may not environment:read OTHER_TOKEN" in await stage.ask("probe environment OTHER_TOKEN")


class TestHttp:
    async def test_a_granted_host_is_asked_and_no_other(self, stage):
        async with http_server() as granted, http_server() as other:
            granted.answers |= {
                "/a": ("200 OK", b"hello"),
                "/json": ("201 Created", b'{"made": true}'),
                "/away": (f"302 Found\r\nLocation: {other.url}/", b""),
            }
            await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{granted.port}",))])
            assert json.loads(await stage.ask(f"probe http get {granted.url}/a")) == [200, "hello"]
            assert json.loads(await stage.ask(f"probe http post {granted.url}/json")) == [201, {"made": True}]
            assert json.loads(granted.asked[-1].body) == {"from": "probe"}
            for url in (f"{other.url}/", f"{granted.url}/away"):
                answer = await stage.ask(f"probe http get {url}")
                assert f"probe may not network:connect 127.0.0.1:{other.port}" in answer
            assert other.asked == []


class TestUi:
    @pytest.mark.feature("C18")
    async def test_a_component_is_drawn_acted_on_and_gone_with_the_plugin(self, stage):
        await stage.ask("probe ui component box")
        (drawn,) = await stage.host.ui.components("sidebar")
        assert (drawn.id, drawn.title, drawn.error) == ("probe:box", "box", "")
        assert drawn.component.items[0].text == "0 heard"
        await stage.host.ui.act("probe:box", "press", {"n": 1}, "bob")
        assert json.loads(await stage.ask("probe heard")) == ['press by bob: {"n": 1}']
        assert (await stage.host.ui.draw("probe:box")).component.items[0].text == "1 heard"
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        assert await stage.host.ui.components() == []

    async def test_a_declared_component_stands_where_the_manifest_says(self, stage):
        await stage.ask("probe ui component declared")
        (drawn,) = await stage.host.ui.components("panel")
        assert drawn.title == "Declared"

    async def test_one_that_fails_shows_its_error_in_its_own_box(self, stage):
        await stage.ask("probe ui broken")
        await stage.ask("probe ui component box")
        broken, well = await stage.host.ui.components()
        assert broken.error == "broken of probe could not be drawn: ValueError: no paint"
        assert (broken.component, well.error) == (None, "")
        assert stage.host.plugins.status("probe").errors == 1

    @pytest.mark.feature("C18")
    async def test_what_a_form_sends_comes_as_its_fields_say_or_is_told_at_the_field(self, stage):
        await stage.ask("probe ui form")
        await stage.host.ui.components()
        with pytest.raises(WrongValues) as caught:
            await stage.host.ui.act("probe:form", "keep", {"count": "x"}, "bob")
        assert caught.value.fields == {"name": "must not be empty", "count": "expected a whole number"}
        with pytest.raises(WrongValues) as caught:
            await stage.host.ui.act("probe:form", "keep", {"name": "ann", "count": "13"}, "bob")
        assert caught.value.fields == {"count": "brings bad luck"}
        assert stage.host.plugins.status("probe").errors == 0
        await stage.host.ui.act("probe:form", "keep", {"name": "ann", "count": "7", "more": 1}, "bob")
        assert json.loads(await stage.ask("probe heard")) == ['keep by bob: {"name": "ann", "count": 7}']

    @pytest.mark.feature("C18")
    async def test_a_plugin_cannot_fill_the_page(self, stage):
        for number in range(50):
            await stage.ask(f"probe ui component box{number}")
        assert "shows 50 components already" in await stage.ask("probe ui component more")

    @pytest.mark.feature("C19")
    async def test_a_menu_item_is_offered_and_chosen(self, stage):
        await stage.ask("probe ui menu")
        (offered,) = stage.host.ui.menu()
        assert (offered.id, offered.item.label) == ("probe:item", "An item")
        await stage.host.ui.choose("probe:item", "bob")
        assert json.loads(await stage.ask("probe heard")) == ["chosen by bob"]


class TestScheduler:
    @pytest.mark.feature("K26", "K28")
    async def test_tasks_end_with_the_plugin(self, stage):
        await stage.ask("probe scheduler start")
        assert "probe: waiting" in {task.get_name() for task in asyncio.all_tasks()}
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        assert "probe: waiting" not in {task.get_name() for task in asyncio.all_tasks()}

    async def test_a_task_that_fails_is_counted_to_its_plugin(self, stage):
        await stage.ask("probe scheduler fail")
        status = stage.host.plugins.status("probe")
        assert (status.state, status.errors) == ("active", 1)
        assert status.problem == "ValueError in task failing: the task fails"
        assert "the task fails" in status.error

    @pytest.mark.feature("K28")
    async def test_a_thread_is_told_to_stop_when_the_plugin_is_disabled(self, stage):
        await stage.ask("probe scheduler thread")
        assert "probe: thread working" in {thread.name for thread in threading.enumerate()}
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        await until(lambda: "probe: thread working" not in {thread.name for thread in threading.enumerate()})
        assert stage.host.plugins.status("probe").problem == ""

    @pytest.mark.feature("K28")
    async def test_timers_come_once_or_again_and_again(self, stage):
        await stage.ask("probe scheduler timers")
        heard: list[str] = []
        async with asyncio.timeout(5):
            while heard.count("again") < 2:
                await asyncio.sleep(0.01)
                heard = json.loads(await stage.ask("probe heard"))
        assert heard.count("once") == 1


class TestBlocking:
    @pytest.mark.feature("U16")
    async def test_a_thread_uses_the_facets_by_waiting(self, stage):
        assert await stage.ask("probe blocking thread key") == "from a thread"
        assert json.loads(await stage.ask("probe storage get key")) == "from a thread"

    async def test_the_loops_thread_is_refused(self, stage):
        answer = await stage.ask("probe blocking loop")
        assert "probe called context.blocking.storage.get on the event loop's thread" in answer
        assert "await context.storage.get(…)" in answer


class TestPlugins:
    @pytest.mark.feature("J17", "J23")
    async def test_another_one_is_taken_down_and_brought_back(self, stage):
        assert await stage.ask("probe plugins list") == "friend peer probe"
        assert await stage.ask("probe plugins unload peer") == "True"
        assert await stage.ask("probe plugins status peer") == "peer 1.0.0 unloaded"
        assert await stage.ask("probe plugins load peer") == "active"


class TestCommands:
    @pytest.mark.feature("M43")
    async def test_one_added_at_run_time_works_until_the_plugin_is_disabled(self, stage):
        await stage.ask("probe commands add echo")
        assert await stage.ask("echo one two") == "echo heard one two"
        assert "echo [text] — Say it back" in stage.host.commands.help()
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        assert not stage.host.commands.has("echo")

    @pytest.mark.feature("M43", "U13", "U17")
    async def test_a_tree_works_until_the_plugin_is_disabled_and_asks_for_its_level(self, stage):
        await stage.ask("probe commands tree tally")
        assert await stage.ask("tally count 2") == "tally is for helpers and above"
        helper = Speaker(level=Level.HELPER)
        await stage.host.commands.dispatch("tally count 2", helper)
        await stage.host.commands.dispatch("tally count 10", helper)
        assert helper.answers == [
            "tally counted 3",
            "number must be a whole number from 1 to 9: tally count ‹10›\nusage: tally count <number>",
        ]
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        assert not stage.host.commands.has("tally")

    async def test_the_root_of_another_plugin_is_refused_and_named(self, stage):
        assert "the command peer of probe is taken by peer" in await stage.ask("probe commands add peer")


@pytest.mark.feature("C15")
async def test_the_api_knows_whose_it_is(stage):
    await stage.ask("probe api send hello")
    assert stage.said == [("probe", "hello")]


@pytest.mark.feature("K32", "K33", "M4")
async def test_folders_and_logger_are_the_plugins_own(stage, caplog):
    await stage.ask("probe folders")
    assert (stage.profile.layout.data("probe") / "files" / "file").read_text() == "data"
    assert (stage.profile.layout.root / "config" / "probe" / "file").read_text() == "configuration"
    assert [record.name for record in caplog.records if record.message == "folders were used"] == ["chat.plugins.probe"]
