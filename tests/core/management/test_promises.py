"""A marketplace that serves texts beside its wheels which are not the wheels' own: nothing of it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from jackfield.errors import WheelError
from jackfield.management import Management

from tests.support.careless_index import Shown, careless_index, shown
from tests.support.wheels import manifest_text, plugin_source

MEMBERS = '[[permissions]]\nresource = "members"\nactions = ["read"]\nreason = "why not"\n'


@pytest.fixture
def index() -> Iterator[Callable[..., str]]:
    """Serves wheels with any texts beside them: `index({name: Shown}, {id: name})` gives the address."""
    with ExitStack() as stack:
        yield lambda projects, plugins: stack.enter_context(careless_index(projects, plugins))


async def refused(management: Management, plugin: str, reason: str) -> None:
    """It is planned as it is shown, refused as it is, and nothing of it stays."""
    plan = await management.plan_install([plugin])
    with pytest.raises(WheelError, match=reason):
        await management.apply(plan, accept_permissions=True, by="tester")
    assert management.list() == []
    assert management.store.entries.names() == ()
    assert management.state.items("") == {}


async def test_what_is_shown_as_it_is_is_installed(index, manage, tmp_path):
    management = manage(index({"chat-honest": shown(plugin_source("honest"), tmp_path)}, {"honest": "chat-honest"}))
    plan = await management.plan_install(["honest"])
    await management.apply(plan, accept_permissions=True, by="tester")
    assert [row.id for row in management.list()] == ["honest"]


async def test_a_manifest_that_asks_for_more_than_the_one_that_was_shown(index, manage, tmp_path):
    greedy = shown(plugin_source("greedy", permissions=MEMBERS), tmp_path, manifest=manifest_text("greedy"))
    management = manage(index({"chat-greedy": greedy}, {"greedy": "chat-greedy"}))
    assert (await management.plan_install(["greedy"])).consent == ()
    await refused(management, "greedy", "another plugin.toml than the one that was shown")


async def test_a_wheel_that_is_another_plugin_than_the_one_that_was_shown(index, manage, tmp_path):
    source = plugin_source("poll")
    source.name = "chat-dice"
    dice = shown(source, tmp_path, manifest=manifest_text("dice"))
    await refused(manage(index({"chat-dice": dice}, {"dice": "chat-dice"})), "dice", "plugin dice and is poll")


async def test_a_library_that_turns_out_to_be_a_plugin(index, manage, tmp_path):
    source = plugin_source("poll")
    source.name = "a-library"
    library = Shown(source.build(tmp_path), source.metadata().encode(), None)
    user = shown(plugin_source("user", requires=["a-library"]), tmp_path)
    management = manage(index({"chat-user": user, "a-library": library}, {"user": "chat-user"}))
    await refused(management, "user", "offered as a library and is the plugin poll")


async def test_metadata_that_hides_what_the_wheel_needs(index, manage, tmp_path):
    needs = plugin_source("needs", requires=["something-else"])
    other = shown(needs, tmp_path, metadata=plugin_source("needs").metadata())
    await refused(manage(index({"chat-needs": other}, {"needs": "chat-needs"})), "needs", "other METADATA")
