"""What `context` promises of components, menus and commands: the same wherever the plugin runs."""

from __future__ import annotations

import json

import pytest
from jackfield.api import Level
from jackfield.errors import WrongValues

from tests.support.speakers import Speaker
from tests.support.waiting import until


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

    async def test_a_source_is_answered_also_after_its_command_has_ended(self, stage):
        speaker = Speaker()
        await stage.host.commands.dispatch("probe later", speaker)
        await until(lambda: speaker.answers == ["soon", "later"])

    async def test_the_root_of_another_plugin_is_refused_and_named(self, stage):
        assert "the command peer of probe is taken by peer" in await stage.ask("probe commands add peer")
