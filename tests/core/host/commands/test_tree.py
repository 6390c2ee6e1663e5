"""Trees: literals before arguments, requirements, aliases, roots, and where a mistake is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import Greedy, Integer, Level, argument, literal
from jackfield.errors import PermissionDenied, PluginError, UsageError
from jackfield.host import CommandRegistry

from tests.support.speakers import Person, Speaker, run


async def show(source, **values: Any) -> None:
    """Show what was given."""
    await source.reply(repr(values))


TREE = (
    literal("poll", "p")
    .then(literal("open").then(argument("question").runs(show)))
    .then(literal("vote").then(argument("number", Integer(1, 6)).runs(show).then(argument("who", Person).runs(show))))
    .then(literal("close", "end").runs(show, help="End it").requires("helper"))
    .then(literal("wipe").requires(needs="messages:delete").then(literal("all").runs(show).requires(Level.ADMIN)))
)

VOTE = "!poll vote <number>; !poll vote <number> <who>"


@pytest.fixture
def tree(registry: CommandRegistry) -> CommandRegistry:
    registry.add_tree("polls", TREE)
    return registry


async def answer(registry: CommandRegistry, text: str, **source: Any) -> str:
    speaker = Speaker(**source)
    assert await registry.dispatch(text, speaker)
    (only,) = speaker.answers
    return only


@pytest.mark.feature("U13", "M43")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("poll open Tea or coffee?", "{'question': 'Tea or coffee?'}"),
        ("p vote 3", "{'number': 3}"),
        ("poll   vote  3   ada ", "{'number': 3, 'who': Person(name='ada')}"),
    ],
)
async def test_a_tree_hands_each_argument_over_by_its_name(tree, text, told):
    assert await answer(tree, text) == told


@pytest.mark.feature("U13")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("poll vote 9", f"number must be a whole number from 1 to 6: !poll vote ‹9›\nusage: {VOTE}"),
        ("poll vote 3 eve now", "nobody here is called eve: !poll vote 3 ‹eve› now\nusage: !poll vote <number> <who>"),
        ("poll vote 3 ada now", "now is too much: !poll vote 3 ada ‹now›\nusage: !poll vote <number> <who>"),
        ("poll opn", f"there is no opn here, but open or vote: !poll ‹opn›\nusage: !poll open <question>; {VOTE}"),
        ("poll open", "question is missing: !poll open ‹question›\nusage: !poll open <question>"),
    ],
)  # fmt: skip
async def test_a_mistake_is_marked_where_it_is_and_the_usage_follows(tree, text, told):
    assert await answer(tree, text) == told


async def test_a_long_line_is_shown_around_its_mistake(tree):
    told = (await answer(tree, "poll vote 3 " + "e" * 100 + " " + "n" * 100)).partition("\n")[0]
    mark = told.rpartition(": ")[2]
    assert mark == "!poll vote 3 ‹" + "e" * 39 + "…› " + "n" * 38 + "…"


@pytest.mark.feature("U17", "U23")
@pytest.mark.parametrize(
    ("text", "source", "told"),
    [
        ("poll close", {}, "!poll close is for helpers and above"),
        ("poll end", {"level": Level.GUEST}, "!poll end is for helpers and above"),
        ("poll close", {"level": Level.HELPER}, "{}"),
        ("poll close", {"level": Level.OWNER}, "{}"),
        ("poll wipe all", {"level": Level.ADMIN}, "!poll wipe is for admins and above who may messages:delete"),
        ("poll wipe all", {"permissions": ("messages:delete",)},
         "!poll wipe is for admins and above who may messages:delete"),
        ("poll wipe all", {"level": Level.ADMIN, "permissions": ("messages:delete",)}, "{}"),
    ],
)  # fmt: skip
async def test_a_command_is_refused_in_one_sentence_below_its_level_and_without_its_permission(
    tree, text, source, told
):
    assert await answer(tree, text, **source) == told


async def test_a_line_that_is_understood_is_told_from_one_that_is_not(tree):
    ran: list[str] = []
    for line in ("poll vote 3", "poll vote 9", "poll close", "poll"):
        await tree.dispatch(line, Speaker(), on_run=lambda line=line: ran.append(line))
    assert ran == ["poll vote 3"]


@pytest.mark.feature("U23")
async def test_each_command_has_a_permission_that_stands_for_its_level(tree):
    assert await answer(tree, "poll close", permissions=("command:polls.poll.close",)) == "{}"
    assert (
        await answer(tree, "poll close", permissions=("command:polls.poll",)) == "!poll close is for helpers and above"
    )
    both = ("command:polls.poll.wipe.all", "messages:delete")
    assert await answer(tree, "poll wipe all", permissions=both) == "{}"
    assert "who may messages:delete" in await answer(tree, "poll wipe all", permissions=both[:1])


@pytest.mark.feature("U17")
async def test_a_marked_command_has_its_own_level_beside_others_of_its_root(registry):
    async def kick(source, who: str) -> None:
        await source.reply(f"{who} is gone")

    registry.add("a", "room list", show)
    registry.add("a", "room kick", kick, level=Level.HELPER)
    assert await answer(registry, "room list") == "{}"
    assert await answer(registry, "room kick bob") == "!room kick is for helpers and above"
    assert await answer(registry, "room kick bob", level=Level.ADMIN) == "bob is gone"
    told = await answer(registry, "room sweep")
    assert told == "there is no sweep here, but list: !room ‹sweep›\nusage: !room list"


@pytest.mark.feature("U13")
def test_a_root_is_held_by_one_plugin_and_a_tree_is_added_whole_or_not_at_all(tree):
    with pytest.raises(PluginError, match="the command poll of b is taken by polls"):
        tree.add("b", "poll", show)
    with pytest.raises(PluginError, match="the command p of b is taken by polls"):
        tree.add_tree("b", literal("paint", "p").runs(show))
    assert not tree.has("paint")
    again = literal("poll").then(literal("new").runs(show), literal("open").then(argument("question").runs(show)))
    with pytest.raises(PluginError, match="polls adds the command poll open twice"):
        tree.add_tree("polls", again)
    assert "poll new" not in [command.name for command in tree.all()]


async def test_trees_and_marked_commands_of_one_plugin_share_a_root_and_go_one_by_one(registry):
    async def vote(source, number: int) -> None:
        await source.reply(f"voted {number}")

    registry.add("polls", "poll", vote)
    take_away = registry.add_tree("polls", literal("poll").then(literal("close").runs(show)))
    assert await answer(registry, "poll close") == "{}"
    assert await answer(registry, "poll 3") == "voted 3"
    take_away()
    assert (await answer(registry, "poll close")).startswith("number must be a whole number: !poll ‹close›")
    take_away()
    assert registry.has("poll 3")


async def test_of_several_arguments_the_first_that_reads_to_the_end_wins(registry):
    tree = literal("mute").then(argument("minutes", int).runs(show), argument("who", Person).runs(show))
    registry.add_tree("a", tree)
    assert await answer(registry, "mute 3") == "{'minutes': 3}"
    assert await answer(registry, "mute ada") == "{'who': Person(name='ada')}"
    assert await answer(registry, "mute") == (
        "minutes or who is missing: !mute ‹minutes or who›\nusage: !mute <minutes>; !mute <who>"
    )


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (argument("who", Person).runs(show), "a tree begins with a literal"),
        (literal("a").then(argument("n", int)), "nothing runs at its end"),
        (literal("a").then(argument("n", Greedy()).then(literal("b").runs(show))), "nothing can follow it"),
        (literal("a").then(argument("n", int).runs(lambda source: None)), "must take the source, n"),
        (literal("a").then(argument("n", bytes).runs(show)), "n cannot be an argument of the type bytes"),
    ],
    ids=["argument first", "no end", "greedy", "handler", "type"],
)
def test_a_tree_that_cannot_be_is_refused_with_the_reason(registry, tree, told):
    with pytest.raises(PluginError, match=told):
        registry.add_tree("a", tree)
    assert registry.all() == []


async def test_text_that_is_not_last_is_one_word_or_quoted(registry):
    registry.add_tree("a", literal("say").then(argument("what").then(literal("twice").runs(show))))
    assert await answer(registry, 'say "good day" twice') == "{'what': 'good day'}"


@pytest.mark.parametrize("word", ["", "two words", " poll"])
def test_a_literal_is_one_word(word):
    with pytest.raises(UsageError, match="is no word of a command"):
        literal(word)
    with pytest.raises(UsageError, match="cannot be the name of an argument"):
        argument(f"{word}?")


def test_nodes_are_values_that_can_be_shared():
    end = argument("n", int).runs(show)
    one, two = literal("one").then(end), literal("two").then(end)
    assert one.children == two.children
    assert literal("one").children == ()
    with pytest.raises(UsageError, match="there is no level 'boss': choose one of guest, user, helper, admin, owner"):
        one.requires("boss")


@pytest.mark.feature("C3")
async def test_a_thing_of_the_host_is_given_only_to_a_plugin_that_may_have_it(registry):
    def check(resource: str, action: str) -> None:
        raise PermissionDenied(f"a may not {resource}:{action}")

    async def greet(source, who: Person | None = None) -> None:
        await source.reply(f"hello {who}")

    greet.__annotations__["who"] = Person | None
    registry.add("a", "greet", greet, check=check)
    assert await answer(registry, "greet ada") == "greet: a may not people:read"
    assert await answer(registry, "greet") == "hello None"


@given(st.lists(st.sampled_from(["poll", "vote", "open", "3", "7", "ada", '"', "'", "x y", "close", "", "!"])))
async def test_no_line_breaks_a_tree_and_each_is_answered_once(words):
    registry = CommandRegistry(run)
    registry.add_tree("a", literal("poll").then(literal("vote").then(argument("n", Integer(1, 6)).runs(show))))
    registry.add("a", "poll", show_text)
    source = Speaker()
    known = await registry.dispatch("poll " + " ".join(words), source)
    assert known
    assert len(source.answers) == 1


async def show_text(source, text: str = "") -> None:
    await source.reply(f"text {text}")
