"""Commands: literals, arguments, and whoever gave one is always answered."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import PermissionDenied, PluginError, RemoteError, UsageError
from jackfield.host import CommandRegistry

from tests.support.speakers import Speaker, run


@pytest.fixture
def registry() -> CommandRegistry:
    return CommandRegistry(run)


async def answers(registry: CommandRegistry, text: str) -> list[str]:
    source = Speaker()
    assert await registry.dispatch(text, source)
    return source.answers


async def weather(source, place: str) -> None:
    """Forecast for a place."""
    await source.reply(f"fine in {place}")


async def roll(source, count: int, sides: float = 6.0, *words: str) -> None:
    await source.reply(repr((count, sides, words)))


async def switch(source, on: bool) -> None:
    await source.reply(repr(on))


@pytest.mark.feature("M43", "U26")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("weather Lisbon", "fine in Lisbon"),
        ("weather Rio de Janeiro", "fine in Rio de Janeiro"),
        ("weather   St John's  ", "fine in St John's"),
        ('weather "Rio de Janeiro"', "fine in Rio de Janeiro"),
        ("weather", "place is missing: weather ‹place›\nusage: weather <place>"),
        ("roll 2", "(2, 6.0, ())"),
        ("roll 2 3.5", "(2, 3.5, ())"),
        ("roll 2 3 a 'b c'", "(2, 3.0, ('a', 'b c'))"),
        ("roll two", "count must be a whole number: roll ‹two›\nusage: roll <count> [sides] [words …]"),
        ("switch yes", "True"),
        ("switch off", "False"),
        ("switch maybe", "on must be yes or no: switch ‹maybe›\nusage: switch <on>"),
        ("switch on off", "off is too much: switch on ‹off›\nusage: switch <on>"),
    ],
)
async def test_the_arguments_follow_the_functions_parameters(registry, text, answer):
    registry.add("a", "weather", weather)
    registry.add("a", "roll", roll)
    registry.add("a", "switch", switch)
    assert await answers(registry, text) == [answer]


async def test_the_longest_literal_wins_and_a_root_alone_shows_what_is_below_it(registry):
    async def opened(source):
        await source.reply("opened")

    async def other(source, text: str):
        await source.reply(f"other {text}")

    registry.add("a", "poll open", opened)
    registry.add("a", "poll show all", other, aliases=("votes",))
    assert await answers(registry, "poll open") == ["opened"]
    assert await answers(registry, "poll show all of it") == ["other of it"]
    assert await answers(registry, "votes now") == ["other now"]
    assert await answers(registry, "poll") == [
        "open or show must follow: poll ‹…›\nusage: poll open; poll show all <text>"
    ]
    assert registry.owner("poll anything") == "a"


@pytest.mark.feature("M44")
def test_help_has_a_line_for_each_command_with_its_first_line_of_documentation(registry):
    registry.add("a", "weather", weather, aliases=("forecast",))
    registry.add("b", "roll", roll, usage="roll <dice>", help="Roll dice")
    assert registry.help("!") == "!roll <dice> — Roll dice\n!weather <place> — Forecast for a place"


async def test_nobody_has_it(registry):
    assert not await registry.dispatch("weather Lisbon", Speaker())
    assert not await registry.dispatch("", Speaker())
    assert registry.owner("") is None


@pytest.mark.feature("U13")
def test_a_root_belongs_to_one_plugin_and_is_free_again_when_it_goes(registry):
    take_away = registry.add("a", "weather", weather)
    registry.add("a", "weather set", weather)
    with pytest.raises(PluginError, match="the command weather of b is taken by a"):
        registry.add("b", "weather today", weather)
    with pytest.raises(PluginError, match="a adds the command weather twice"):
        registry.add("a", "weather", weather)
    take_away()
    assert registry.has("weather set")
    assert [command.name for command in registry.all()] == ["weather set"]


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (ValueError("boom"), "broken failed: ValueError: boom"),
        (UsageError("7 is no month", hint="1 to 12"), "7 is no month (1 to 12)\nusage: broken"),
        (PermissionDenied("a may not messages:send", hint="see"), "broken: a may not messages:send (see)"),
    ],
)
async def test_a_failure_is_answered_in_one_line(registry, error, answer):
    async def broken(source):
        raise error

    registry.add("a", "broken", broken)
    assert await answers(registry, "broken") == [answer]


ADVICE = "type: jackfield list"
NO_TEXT: Any = 5


class Untold(PluginError):
    """Its own code for its text fails."""

    def __str__(self) -> str:
        raise RuntimeError("of the text")


@pytest.mark.feature("M43")
@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (None, ADVICE),
        (ValueError(ADVICE), f"broken failed: ValueError: {ADVICE}"),
        (RemoteError(ADVICE, kind="ValueError"), f"broken failed: ValueError: {ADVICE}"),
        (UsageError(ADVICE, hint=ADVICE), f"{ADVICE} (type: /plugins list)\nusage: broken"),
        (PermissionDenied("a may not", hint=ADVICE), "broken: a may not (type: /plugins list)"),
        (UsageError("too many", hint=NO_TEXT), "too many (5)\nusage: broken"),
        (Untold(""), "broken: <exception str() failed>"),
    ],
)
async def test_the_framework_speaks_in_the_words_of_the_application_and_a_plugin_in_its_own(registry, error, answer):
    async def broken(source):
        if error is not None:
            raise error
        await source.reply(ADVICE)

    registry.word(lambda text: text.replace("jackfield", "/plugins"))
    registry.add("a", "broken", broken)
    assert await answers(registry, "broken") == [answer]


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("poll used 61 MiB of 50 MiB and was stopped", "poll used 61 MiB of 50 MiB and was stopped"),
        ("poll: a task cancelled itself", "poll: a task cancelled itself"),
        ("polls are closed", "poll: polls are closed"),
    ],
)
async def test_a_failure_that_names_what_the_command_is_called_names_it_once(registry, problem, told):
    async def fail(source):
        raise PluginError(problem, plugin="poll")

    registry.add("poll", "poll", fail)
    assert await answers(registry, "poll") == [told]


@given(st.text(max_size=60))
async def test_no_text_breaks_the_dispatcher(text):
    registry = CommandRegistry(run)
    registry.add("a", "weather", weather)
    registry.add("a", "roll", roll)
    source = Speaker()
    for line in (text, f"weather {text}", f"roll 1 2 {text}"):
        await registry.dispatch(line, source)


async def test_the_usage_that_is_told_begins_with_the_applications_prefix():
    async def vote(source, number: int):
        raise UsageError("no such answer")

    registry = CommandRegistry(run, prefix="!")
    registry.add("a", "poll vote", vote)
    assert await answers(registry, "poll") == ["vote must follow: !poll ‹…›\nusage: !poll vote <number>"]
    assert await answers(registry, "poll vote") == [
        "number is missing: !poll vote ‹number›\nusage: !poll vote <number>"
    ]
    assert await answers(registry, "poll vote 7") == ["no such answer\nusage: !poll vote <number>"]
    assert registry.help() == "!poll vote <number>"


def calls_made(count: int) -> int:
    """Add so many commands of one root and take them away again; returns how many functions were called for it."""
    registry = CommandRegistry(run)
    calls = 0

    def counted(_frame: object, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        added = [registry.add("a", f"poll act-{number}", switch) for number in range(count)]
        for take_away in added:
            take_away()
    finally:
        sys.setprofile(before)
    assert registry.all() == []
    return calls


@pytest.mark.feature("M43")
def test_each_command_of_one_root_costs_as_much_as_the_one_before():
    calls_made(10)  # what is made once
    few, many = calls_made(50), calls_made(400)
    assert many < 1.5 * 8 * few, (few, many)


def test_a_command_that_does_not_fit_into_its_root_changes_nothing_of_it(registry):
    registry.add("a", "poll open", weather)
    registry.add("a", "poll close", weather)
    before = registry.dump()
    with pytest.raises(PluginError, match="a adds the command poll start twice"):
        registry.add("a", "poll start", weather, aliases=("poll close",))
    assert registry.dump() == before
