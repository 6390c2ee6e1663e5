"""What `context` promises of events, services and other plugins: the same wherever the plugin runs."""

from __future__ import annotations

import json

import pytest

from tests.support.waiting import until


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
        await stage.come_up("probe")
        await stage.ask("peer speak")
        assert await stage.ask("probe heard") == "[]"

    @pytest.mark.feature("C21")
    async def test_a_circle_is_found_and_printed(self, stage):
        assert await stage.ask("probe events circle") == "sent"
        problem = stage.host.plugins.status("probe").problem
        assert "in a circle: plugin:probe:ping → plugin:probe:pong → plugin:probe:ping" in problem


class TestServices:
    @pytest.mark.feature("U28", "K47")
    async def test_with_a_protocol_each_side_has_the_types_of_its_own(self, stage):
        assert await stage.ask("probe services typed") == "Spoken hello yourself 3"

    @pytest.mark.feature("U28", "K25", "K47")
    async def test_arguments_and_results_are_plain_data(self, stage):
        assert json.loads(await stage.ask("probe services call greeter you 2")) == ["hello you", "hello you"]
        assert json.loads(await stage.ask("probe services call peer:shouter you")) == ["HELLO YOU"]

    @pytest.mark.feature("U28", "K27")
    async def test_a_handle_is_dead_when_its_provider_was_disabled(self, stage):
        await stage.ask("probe services keep")
        assert json.loads(await stage.ask("probe services use")) == ["HELLO YOU"]
        await stage.off_and_on("friend")
        await stage.ask("probe services keep")
        await stage.off_and_on("peer")
        answer = await stage.ask("probe services use")
        assert "probe called greet of the service shouter, which peer does not offer any more" in answer
        await stage.ask("probe services keep")
        assert json.loads(await stage.ask("probe services use")) == ["HELLO YOU"]

    @pytest.mark.feature("U28")
    @pytest.mark.parametrize(
        ("how", "told"),
        [
            ("import", "ModuleNotFoundError: there is no module abacus"),
            ("deep", "RecursionError: too deep"),
            ("pipe", "BrokenPipeError: [Errno 32] Broken pipe"),
        ],
    )
    async def test_what_fails_in_a_provider_arrives_as_what_it_is(self, stage, how, told):
        assert await stage.ask(f"probe services fails fail {how}") == told
        assert told in stage.host.plugins.status("peer").problem.replace(" in service fickle.fail", "")

    @pytest.mark.feature("U28")
    async def test_an_error_that_a_provider_made_up_is_known_beside_it_alone(self, stage):
        kind = "Unfit" if stage.isolation == "inline" else "RemoteError: Unfit"
        assert await stage.ask("probe services fails fail own") == f"{kind}: it does not fit"

    @pytest.mark.feature("U28")
    async def test_a_provider_that_cancels_itself_cancels_nobody_who_asked(self, stage):
        answer = await stage.ask("probe services fails fail cancelled")
        assert answer.startswith("PluginError: ")
        assert answer.endswith("cancelled itself")
        assert await stage.ask("probe services call shouter you") == '["HELLO YOU"]'

    @pytest.mark.feature("U28")
    @pytest.mark.parametrize(
        ("words", "why"),
        [
            ("give 2000000", "give of the service fickle: a message of 2000"),
            ("thing", "thing of the service fickle: what it returned is no data: Encoding objects of type object"),
        ],
    )
    async def test_what_cannot_cross_is_named_and_ends_nothing(self, stage, words, why):
        answer = await stage.ask(f"probe services fails {words}")
        if stage.isolation == "inline":
            assert answer == "it went well"
        else:
            assert answer.startswith(f"CannotCross: {why}")
        assert await stage.ask("probe services call shouter you") == '["HELLO YOU"]'


class TestPlugins:
    @pytest.mark.feature("J22")
    async def test_a_plugin_takes_itself_down_when_what_it_does_has_ended(self, stage):
        assert await stage.ask("probe plugins leave") == "leaving"
        await until(lambda: stage.host.plugins.status("probe").state == "unloaded")

    @pytest.mark.feature("J11")
    async def test_others_are_waited_for_as_long_as_was_said(self, stage):
        assert await stage.ask("probe plugins wait peer") == "active"
        assert await stage.ask("probe plugins wait ghost") == "not in time"

    @pytest.mark.feature("J17", "J23")
    async def test_another_one_is_taken_down_and_brought_back(self, stage):
        assert await stage.ask("probe plugins list") == "friend peer probe"
        assert await stage.ask("probe plugins unload peer") == "True"
        assert await stage.ask("probe plugins status peer") == "peer 1.0.0 unloaded"
        loaded = await stage.ask("probe plugins load peer")
        if stage.isolation == "external":  # nobody but itself can have it connect
            assert loaded.endswith("peer is unloaded: it is not connected")
        else:
            assert loaded == "active"
