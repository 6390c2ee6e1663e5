"""Help by the page, for one command, and of what its reader may use; declared commands; the application's own."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated

import pytest
from jackfield.api import Integer, Level
from jackfield.errors import PluginError, UsageError
from jackfield.host import CommandRegistry, add_own_commands

from tests.support.speakers import Person, Speaker


async def poll(source, text: str) -> None:
    """Ask the room.

    Answers stand after a bar each.
    """
    await source.reply(f"asked {text}")


async def vote(source, number: Annotated[int, Integer(1, 6)], who: Person | None = None, *more: str) -> None:
    """Vote for an answer."""


async def close(source) -> None:
    """End the poll."""
    await source.reply("closed")


@pytest.fixture
def polls(registry: CommandRegistry) -> CommandRegistry:
    registry.add("polls", "poll", poll)
    registry.add("polls", "poll vote", vote, aliases=("vote",))
    registry.add("polls", "poll close", close, level=Level.HELPER)
    return registry


@pytest.mark.feature("M44", "K48")
def test_help_lists_what_its_reader_may_use(polls):
    page = polls.help_page("", Speaker())
    assert str(page) == (
        "Commands\n!poll <text> — Ask the room\n!poll vote <number> [who] [more …] — Vote for an answer"
    )
    assert [line.plugin for line in page.lines] == ["polls", "polls"]
    assert "!poll close — End the poll" in str(polls.help_page("", Speaker(level=Level.HELPER)))
    assert "!poll close — End the poll" in str(polls.help_page(""))


@pytest.mark.feature("M44")
def test_help_of_one_command_tells_all_of_it(polls):
    assert str(polls.help_page("poll vote")) == (
        "!poll vote <number> [who] [more …]\n"
        "Vote for an answer.\n"
        "<number> — a whole number from 1 to 6\n"
        "[who] — someone who is here; may be left out\n"
        "[more …] — a word, or text in quotes, as often as wanted\n"
        "also — !vote\n"
        "by — polls"
    )
    assert "only — for helpers and above" in str(polls.help_page("poll close"))
    assert polls.help_page("vote", Speaker()) == polls.help_page("poll vote")


def test_help_of_a_root_lists_what_lies_below_and_a_plugin_is_a_topic_too(polls):
    assert [line.usage for line in polls.help_page("poll").lines] == [
        "!poll <text>",
        "!poll close",
        "!poll vote <number> [who] [more …]",
    ]
    assert polls.help_page("polls").lines == polls.help_page("poll").lines


@pytest.mark.feature("M44")
def test_help_goes_by_the_page(registry):
    for number in range(25):
        registry.add("many", f"do thing{number:02}", close)
    pages = [registry.help_page(topic) for topic in ("", "2", "3", "do 3")]
    assert [len(page.lines) for page in pages] == [10, 10, 5, 5]
    assert [page.following for page in pages] == ["!help 2", "!help 3", "", ""]
    assert pages[0].title == "Commands, page 1 of 3"
    assert str(pages[0]).endswith("\nmore: !help 2")
    assert pages[3].title == "Commands of do, page 3 of 3"
    assert registry.help_page("do").following == "!help do 2"


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("pol vote", r"there is no command !pol vote \(did you mean !poll vote\?\)"),
        ("zzz", r"there is no command !zzz \(!help lists those there are\)"),
        ("poll close", "there is no command !poll close"),
        ("2", "there is no page 2, the last is 1"),
        ("0", "there is no page 0"),
    ],
)
def test_help_of_what_is_not_there_says_what_is(polls, topic, told):
    with pytest.raises(UsageError, match=told):
        polls.help_page(topic, Speaker())


def test_the_nearest_root_is_one_that_may_be_used(polls):
    assert polls.nearest("POL now", Speaker()) == "poll"
    assert polls.nearest("vot", Speaker()) == "vote"
    assert polls.nearest("zzz", Speaker()) is None
    assert polls.nearest("", Speaker()) is None


@pytest.mark.feature("M44", "U19")
async def test_the_applications_own_commands(polls):
    add_own_commands(polls)
    assert polls.owner("help") == ""
    source = Speaker()
    await polls.dispatch("help", source)
    assert source.answers[0].startswith("Commands\n!help [about] — List the commands that you may use")
    assert "debug" not in source.answers[0]
    await polls.dispatch("help poll vote", source)
    assert source.answers[1].startswith("!poll vote <number>")
    await polls.dispatch("help nothing", source)
    assert source.answers[2].startswith("there is no command !nothing")
    assert [one.text for one in await polls.complete("help poll v", 11, source)] == ["poll vote"]
    assert [one.text for one in await polls.complete("help poll c", 11, source)] == []
    owner = Speaker(level=Level.OWNER)
    assert [one.text for one in await polls.complete("help poll c", 11, owner)] == ["poll close"]
    with pytest.raises(PluginError, match="the command help of b is taken by the application"):
        polls.add("b", "help", close)


@pytest.mark.feature("U19")
async def test_the_owner_sees_the_tree_and_the_threads(polls):
    add_own_commands(polls)
    source = Speaker(level=Level.OWNER)
    await polls.dispatch("debug commands poll", source)
    assert source.answers.pop() == (
        "close → polls, for helpers and above\n"
        "vote\n"
        "  <number: a whole number from 1 to 6> → polls\n"
        "    <who: someone who is here> → polls\n"
        "      <more: a word, or text in quotes> → polls\n"
        "<text: the rest of the line> → polls"
    )
    await polls.dispatch("debug threads", source)
    assert threading.main_thread().name in source.answers.pop()
    user = Speaker()
    await polls.dispatch("debug threads", user)
    assert user.answers == ["!debug is for owners"]


@pytest.mark.feature("M43", "M44")
async def test_a_declared_command_shows_before_its_code_runs_and_is_real_when_it_is_used(registry):
    loads = []

    async def load() -> None:
        loads.append("polls")
        registry.add("polls", "poll", poll, aliases=("ask",))
        registry.add("polls", "poll close", close)
        declared()

    declared = registry.declare("polls", "poll", load, usage="poll <question>", help="Ask", aliases=("ask",))
    assert registry.help() == "!poll <question> — Ask"
    assert [one.text for one in await registry.complete("", 0, Speaker())] == ["poll"]
    with pytest.raises(PluginError, match="the command ask of b is taken by polls"):
        registry.add("b", "ask", close)
    source = Speaker()
    await registry.dispatch("poll close", source)
    await registry.dispatch("poll tea?", source)
    assert source.answers == ["closed", "asked tea?"]
    assert loads == ["polls"]
    assert registry.help("") == "poll <text> — Ask the room\npoll close — End the poll"


@pytest.mark.feature("M43")
async def test_who_uses_a_command_while_its_plugin_adds_others_of_its_root_waits_for_all(registry):
    is_up = asyncio.Event()
    declared = registry.declare("polls", "poll", is_up.wait)
    registry.add("polls", "poll", poll)
    source = Speaker()
    closing = asyncio.create_task(registry.dispatch("poll close", source))
    await asyncio.sleep(0)
    registry.add("polls", "poll close", close)
    declared()
    is_up.set()
    await closing
    assert source.answers == ["closed"]


async def test_what_was_declared_goes_again(registry):
    async def load() -> None: ...

    take_away = registry.declare("polls", "poll", load, aliases=("ask",))
    take_away()
    assert not registry.has("poll")
    assert not registry.has("ask")


async def test_a_declared_command_that_cannot_be_made_real_says_why(registry):
    async def fails() -> None:
        raise ImportError("no module named 'numpy'")

    async def does_nothing() -> None:
        return

    registry.declare("a", "one", fails)
    registry.declare("b", "two", does_nothing)
    registry.declare("c", "three", fails, level=Level.ADMIN)
    source = Speaker()
    for line in ("one", "two x", "three"):
        await registry.dispatch(line, source)
    assert source.answers == [
        "a could not be started: ImportError: no module named 'numpy'",
        "!two cannot be used now: b did not start, or does not have it",
        "!three is for admins and above",
    ]
