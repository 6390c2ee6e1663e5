"""What `context` promises of storage, tables and settings: the same wherever the plugin runs."""

from __future__ import annotations

import json

import pytest


class TestStorage:
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
        await stage.come_up("probe")
        assert await stage.ask("probe storage get key") == "7"
        await stage.host.stop()
        await stage.host.start()
        await stage.host.plugins.wait_for("probe", timeout_seconds=20)
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

    async def test_a_table_is_made_anew_after_it_was_dropped(self, stage):
        assert await stage.ask("probe table again") == "[1, 1]"

    async def test_changes_happen_together_or_not_at_all(self, stage):
        assert await stage.ask("probe apply ann") == "[null, 1, null]"
        assert await stage.ask("probe storage get last") == '"ann"'
        assert "votes has 1 rows where" in await stage.ask("probe apply ann")
        assert await stage.ask("probe apply carl") == "[null, 2, null]"

    @pytest.mark.feature("C14")
    async def test_what_is_kept_is_bounded_by_the_users_word(self, stage):
        stage.profile.state.change({"quota/probe": 65536}, by="test")
        await stage.host.reload_changes()
        await stage.host.plugins.wait_for("probe", timeout_seconds=10)  # a program connects anew to have its limits
        text = json.dumps("x" * 30000)
        await stage.ask(f"probe storage set one '{text}'")
        answer = await stage.ask(f"probe storage set two '{text}'")
        assert "probe keeps" in answer
        assert "of 64 KiB: nothing more was kept" in answer
        assert await stage.ask("probe storage keys") == '["one"]'


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
