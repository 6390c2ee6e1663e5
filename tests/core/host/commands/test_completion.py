"""What is offered while a command is written, and that it leads on to one that can run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import Choice, Custom, Duration, Integer, Level, argument, literal
from jackfield.host import CommandRegistry

from tests.support.speakers import People, Person, Speaker, run


async def complete(registry: CommandRegistry, text: str, **source) -> list[str]:
    """The lines that the completions at the end of a text make of it."""
    return [one.applied(text) for one in await registry.complete(text, len(text), Speaker(**source))]


async def seeds(prefix: str) -> list[str]:
    return ["oak", "elm", "big oak"]


async def plant(
    source,
    what: Annotated[str, Custom(str, "a tree", seeds)],
    where: Literal["here", "there"],
    dice: Annotated[int, Integer(1, 3)] = 1,
    wait: timedelta = timedelta(),
    *names: Person,
) -> None:
    """Plant a tree."""
    await source.reply("planted")


async def done(source, **values) -> None:
    await source.reply(f"done {values}")


@pytest.fixture
def registry(registry: CommandRegistry) -> CommandRegistry:
    registry.add("garden", "plant", plant, aliases=("grow",))
    registry.add_tree(
        "garden",
        literal("plot")
        .then(literal("open").runs(done, help="Open it"), literal("close", "end").runs(done))
        .then(literal("wipe").runs(done).requires(Level.ADMIN))
        .then(argument("who", Person).runs(done))
        .then(argument("colour", Choice(("dark red", "blue"))).then(literal("now").runs(done))),
    )
    return registry


@pytest.mark.feature("M43")
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["plant", "plot"]),
        ("pl", ["plant", "plot"]),
        ("g", ["grow"]),
        ("x", []),
        ("plot", ["plot"]),
        (
            "plot ",
            ["plot close", "plot open", "plot ada", "plot bob", 'plot "Big Ben"', 'plot "dark red"', "plot blue"],
        ),
        ("plot e", ["plot end"]),
        ("plot B", ["plot bob", 'plot "Big Ben"', "plot blue"]),
        ('plot "Big B', ['plot "Big Ben"']),
        ('plot "dark red" ', ['plot "dark red" now']),
        ("plot open ", []),
        ("plant ", ["plant oak", "plant elm", 'plant "big oak"']),
        ("plant elm t", ["plant elm there"]),
        ("plant elm nowhere ", []),
        ('plant "big oak" here ', [f'plant "big oak" here {number}' for number in (1, 2, 3)]),
        ("plant elm here 2 15", [f"plant elm here 2 15{unit}" for unit in "smhd"]),
        ("plant elm here 2 5s ada b", ["plant elm here 2 5s ada bob", 'plant elm here 2 5s ada "Big Ben"']),
    ],
)
async def test_what_can_follow_is_offered(registry, text, lines):
    assert await complete(registry, text) == lines


async def test_what_is_offered_says_what_it_is_and_stands_before_the_cursor_only(registry):
    (found,) = await registry.complete("plot op for all", 7, Speaker())
    assert (found.text, found.start, found.end, found.help) == ("open", 5, 7, "Open it")
    assert found.applied("plot op for all") == "plot open for all"
    assert [(one.text, one.help) for one in await registry.complete("pl", 2, Speaker())] == [
        ("plant", "Plant a tree"),
        ("plot", "close, open"),
    ]
    registry.add("a", "room sweep", done)
    registry.add("a", "room lock", done, level=Level.ADMIN)
    (room,) = await registry.complete("roo", 3, Speaker())
    assert (room.text, room.help) == ("room", "sweep")
    ada = (await registry.complete("plot a", 6, Speaker()))[0]
    assert (ada.text, ada.help) == ("ada", "who")


def test_how_a_line_goes_on_is_told_once_its_root_is_written(registry):
    plant = "!plant <what> <where> [dice] [wait] [names …]"
    assert registry.usages("pl", 2, Speaker()) == []
    assert registry.usages("plant ", 6, Speaker()) == [plant]
    assert registry.usages("plant oak he", 12, Speaker()) == [plant]
    assert registry.usages("plot ", 5, Speaker()) == ["!plot open", "!plot close", "!plot <who>"]
    assert registry.usages("plot wipe ", 10, Speaker()) == []
    assert registry.usages("plot wipe ", 10, Speaker(level=Level.ADMIN)) == ["!plot wipe"]
    assert registry.usages("nothing ", 8, Speaker()) == []


@pytest.mark.feature("U17")
async def test_what_someone_may_not_use_is_not_offered_to_them(registry):
    assert "plot wipe" not in await complete(registry, "plot ")
    assert "plot wipe" in await complete(registry, "plot ", level=Level.ADMIN)
    registry.add("secrets", "secret", done, level=Level.OWNER)
    assert await complete(registry, "se", level=Level.ADMIN) == []
    assert await complete(registry, "se", level=Level.OWNER) == ["secret"]


async def test_a_duration_that_would_be_refused_is_not_offered(registry):
    async def wait(source, time: Annotated[timedelta, Duration(timedelta(minutes=1), timedelta(hours=1))]) -> None: ...

    wait.__annotations__["time"] = Annotated[timedelta, Duration(timedelta(minutes=1), timedelta(hours=1))]
    registry.add("a", "wait", wait)
    assert await complete(registry, "wait 5") == ["wait 5m"]


async def test_a_type_of_a_plugins_own_that_fails_offers_nothing():
    def broken(prefix: str) -> list[str]:
        raise RuntimeError("boom")

    blamed = []

    async def blaming(plugin, what, handler, *arguments):
        try:
            return await run(plugin, what, handler, *arguments)
        except RuntimeError:
            blamed.append((plugin, what))
            raise

    registry = CommandRegistry(blaming)
    registry.add_tree("a", literal("do").then(argument("it", Custom(str, "it", broken)).runs(done)))
    assert await complete(registry, "do ") == []
    assert blamed == [("a", "completion of do")]


@pytest.mark.slow
async def test_what_a_plugin_offers_too_late_is_not_waited_for():
    async def slow(prefix: str) -> list[str]:
        await asyncio.sleep(60)
        return ["late"]

    registry = CommandRegistry(run)
    registry.add_tree("a", literal("do").then(argument("it", Custom(str, "it", slow)).runs(done)))
    async with asyncio.timeout(30):
        assert await complete(registry, "do ") == []


WORDS = ["plot", "plant", "grow", "open", "ada", '"Big Ben"', '"dark red"', "now", "oak", "here", "2", "5m", "zzz"]


@given(
    words=st.lists(st.sampled_from(WORDS), max_size=6),
    cut=st.integers(min_value=0, max_value=40),
    spaces=st.sampled_from(["", " ", "  "]),
)
async def test_what_is_offered_makes_a_line_that_runs_or_lacks_only_what_follows(words, cut, spaces):
    registry = CommandRegistry(run, sources={Person: People()})
    registry.add("garden", "plant", plant, aliases=("grow",))
    branch = argument("colour", Choice(("dark red", "blue"))).then(literal("now").runs(done))
    registry.add_tree(
        "garden", literal("plot").then(literal("open").runs(done), argument("who", Person).runs(done), branch)
    )
    text = (" ".join(words) + spaces)[:cut]
    for line in await complete(registry, text):
        source = Speaker()
        assert await registry.dispatch(line, source)
        (answer,) = source.answers
        assert answer.startswith(("planted", "done")) or "is missing: " in answer or "must follow: " in answer


@given(st.text(max_size=40), st.integers(-5, 50))
async def test_no_text_and_no_place_breaks_completion(text, cursor):
    registry = CommandRegistry(run, sources={Person: People()})
    registry.add("garden", "plant", plant)
    for line in (text, f"plant {text}", f'plant "{text}'):
        for found in await registry.complete(line, cursor, Speaker()):
            assert 0 <= found.start <= found.end <= len(line)
