"""What a plugin adds to the tree of commands is bounded before it is made: the tree is everybody's."""

from __future__ import annotations

import time
from itertools import count

import pytest
from jackfield.api import CommandNode, Custom
from jackfield.errors import PluginError, UsageError
from jackfield.host import CommandRegistry
from jackfield.host.commands.bounds import DEEPEST, LONGEST_LINE, LONGEST_TEXT, MOST_PLACES
from jackfield.host.commands.completion import MOST_COMPLETIONS

from tests.support.speakers import Speaker, run

pytestmark = pytest.mark.slow


@pytest.fixture
def registry() -> CommandRegistry:
    return CommandRegistry(run)


async def answer(source) -> None:
    await source.reply("done")


async def say(source, *words: str) -> None:
    await source.reply(" ".join(words))


async def stay() -> None:
    """What a command that is held waits for."""


def chain(depth: int, *, aliases: tuple[str, ...] = ()) -> CommandNode:
    """Return a tree in which each node has one below it."""
    node = CommandNode("end", handler=answer)
    for number in range(depth - 1):
        node = CommandNode(f"word{number}", aliases=aliases, children=(node,))
    return CommandNode("mallory", children=(node,))


async def test_a_small_tree_whose_aliases_would_be_a_thousand_million_places_is_refused(registry):
    """Before it was, a message of two kilobytes had the host at work, and out of memory, for ever."""
    with pytest.raises(PluginError, match=f"mallory adds more than {MOST_PLACES} words and arguments"):
        registry.add_tree("mallory", chain(31, aliases=("other",)))
    registry.add_tree("mallory", chain(8, aliases=("other",)))
    source = Speaker()
    assert await registry.dispatch("mallory word6 other word4 other other word1 other end", source)
    assert source.answers == ["done"]


async def test_so_is_a_command_with_names_without_end(registry):
    """100,000 aliases, 730 KB, took three seconds of the loop and 160 MB."""
    with pytest.raises(PluginError, match="mallory adds more than"):
        registry.add("mallory", "mallory", answer, aliases=tuple(f"mallory {one}" for one in range(100_000)))
    assert registry.all() == []
    registry.add("alice", "alice", answer, aliases=("a", "ally"))
    assert registry.has("ally")


async def test_it_is_all_that_a_plugin_has_together_and_what_is_gone_makes_room(registry):
    names = tuple(f"mallory {one}" for one in range(MOST_PLACES // 4))
    first = registry.add("mallory", "mallory", answer, aliases=names)
    with pytest.raises(PluginError, match="have fewer of them"):
        registry.add("mallory", "more", answer, aliases=tuple(f"more {one}" for one in names))
    first()
    first()  # a second time gives no room
    more = registry.add("mallory", "more", answer, aliases=tuple(f"more {one}" for one in range(MOST_PLACES // 4)))
    registry.hold("mallory", stay)
    next_code = registry.add("mallory", "more", answer, aliases=tuple(f"more {one}" for one in range(MOST_PLACES // 4)))
    registry.release("mallory")
    more()
    next_code()
    assert registry.all() == []


async def test_a_command_is_no_deeper_than_help_and_completion_can_walk(registry):
    with pytest.raises(PluginError, match=f"has more than {DEEPEST} words and arguments"):
        registry.add_tree("mallory", chain(DEEPEST))
    names: dict[str, object] = {}
    exec(f"async def many(source, {', '.join(f'p{one}: str' for one in range(DEEPEST))}): ...", names)
    with pytest.raises(PluginError, match=f"has more than {DEEPEST} words and arguments"):
        registry.add("mallory", "mallory", names["many"])
    with pytest.raises(PluginError, match=f"has more than {DEEPEST} words and arguments"):
        registry.add("mallory", "mallory" + " x" * DEEPEST, answer)
    registry.add_tree("mallory", chain(DEEPEST - 1))
    assert len(registry.all()) == 1


async def test_a_line_of_thousands_of_words_completes_to_nothing_and_runs(registry):
    registry.add("alice", "say", say)
    line = "say" + " x" * 3000
    assert await registry.complete(line, len(line), Speaker()) == []
    assert registry.usages(line, len(line), Speaker()) == []
    source = Speaker()
    assert await registry.dispatch(line, source)
    assert source.answers == [line[4:]]


async def test_of_completions_without_end_some_are_looked_at():
    registry = CommandRegistry(run)
    endless = Custom(str, "a number", lambda prefix: (f"{prefix}{number}" for number in count()))

    async def pick(source, one) -> None: ...

    pick.__annotations__["one"] = endless
    registry.add("mallory", "pick", pick)
    assert len(await registry.complete("pick 1", 6, Speaker())) == MOST_COMPLETIONS


async def test_help_is_everybodys_and_holds_little_of_each(registry):
    long = "x" * 1_000_000

    async def told(source) -> None: ...

    told.__doc__ = f"{long}\n{long}"
    registry.add("mallory", "mallory", told, usage=long)
    registry.add_tree("mallory", CommandNode("other", help=long, handler=told))
    registry.add("alice", "alice", answer, help="done")
    assert len(registry.help()) < 5 * LONGEST_LINE
    assert "alice — done" in registry.help()
    assert all(len(command.text) <= LONGEST_TEXT for command in registry.all())


@pytest.mark.parametrize(("name", "aliases"), [("", ()), ("  ", ()), ("flag", ("",)), ("flag", ("f", " "))])
async def test_a_command_without_a_name_is_refused(registry, name, aliases):
    with pytest.raises(PluginError, match="alice adds a command without a name"):
        registry.add("alice", name, answer, aliases=aliases)
    assert registry.all() == []


@pytest.mark.parametrize(
    "tree",
    [
        CommandNode("", handler=answer),
        CommandNode("two words", handler=answer),
        CommandNode("flag", aliases=("",), handler=answer),
        CommandNode("flag", children=(CommandNode("", handler=answer),)),
    ],
)
async def test_nor_is_a_node_whose_word_nobody_could_write(registry, tree):
    with pytest.raises(PluginError, match="alice"):
        registry.add_tree("alice", tree)
    assert registry.all() == []


async def test_thousands_of_words_keep_nobody_who_writes_waiting(registry):
    alike = [f"{'hello' * 20}{number:04d}{'world' * 20}" for number in range(3000)]
    for number, long in enumerate(alike):
        registry.add("mallory", long, answer)
        registry.add("mallory", f"hello{number:04d}", answer)
    registry.add("poll", "hellish", answer)
    source = Speaker()
    begun = time.process_time()
    assert registry.nearest("hellis", source) == "hellish"
    assert registry.nearest(f"{alike[0]}x", source) is None
    with pytest.raises(UsageError, match="there is no command"):
        registry.help_page(f"{alike[0]}x", source)
    assert len(await registry.complete("hel", 3, source)) == MOST_COMPLETIONS
    assert time.process_time() - begun < 1
