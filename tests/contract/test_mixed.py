"""Plugins in different isolations that use each other: neither notices where the other one runs."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.feature("C17", "C21", "M42")
async def test_events_are_heard_across(mixed):
    await mixed.ask("probe events on plugin:peer:spoke")
    await mixed.ask("peer speak")
    await mixed.ask("""friend speak '{"text": "hello"}'""")
    assert json.loads(await mixed.ask("probe heard")) == [
        'plugin:peer:spoke from peer: {"loud": true}',
        "marked: plugin:friend:spoke",
    ]


@pytest.mark.feature("M40")
async def test_a_typed_listener_is_given_its_own_type(mixed):
    await mixed.ask("probe events typed plugin:friend:spoke")
    await mixed.ask("""friend speak '{"text": "hello", "times": 3}'""")
    assert json.loads(await mixed.ask("probe heard")) == ["marked: plugin:friend:spoke", "hello 3"]


@pytest.mark.feature("U28", "K25", "K47")
async def test_services_are_called_by_name_and_by_protocol(mixed):
    assert json.loads(await mixed.ask("probe services call greeter you 2")) == ["hello you", "hello you"]
    assert json.loads(await mixed.ask("probe services call peer:shouter you")) == ["HELLO YOU"]
    assert json.loads(await mixed.ask("probe services protocol")) == ["hello you"]


@pytest.mark.feature("U28", "K47")
async def test_with_a_protocol_each_side_has_the_types_of_its_own(mixed):
    assert await mixed.ask("probe services typed") == "Spoken hello yourself 3"


@pytest.mark.feature("U28", "K27")
async def test_a_handle_is_dead_when_its_provider_was_disabled(mixed):
    await mixed.ask("probe services keep")
    assert json.loads(await mixed.ask("probe services use")) == ["HELLO YOU"]
    await mixed.off_and_on("peer")
    answer = await mixed.ask("probe services use")
    assert "probe called greet of the service shouter, which peer does not offer any more" in answer
    await mixed.ask("probe services keep")
    assert json.loads(await mixed.ask("probe services use")) == ["HELLO YOU"]


@pytest.mark.feature("U28")
async def test_what_a_provider_does_not_take_is_told_to_who_called(mixed):
    answer = await mixed.ask("probe services call greeter you many")
    assert "times must be a whole number" in answer
    assert "has no method shout" in await mixed.ask("probe services wrong greeter")


@pytest.mark.feature("C14")
async def test_what_each_keeps_is_its_own(mixed):
    await mixed.ask("probe storage set key 1")
    assert await mixed.ask("peer look key") == "null"
