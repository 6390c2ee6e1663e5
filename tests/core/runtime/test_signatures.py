"""Signatures that cross to another process: the host reads lines by them as by the functions themselves."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import (
    ArgumentSource,
    Choice,
    CommandSource,
    Custom,
    Duration,
    Float,
    Greedy,
    Integer,
    Level,
    Quoted,
    Word,
    YesNo,
    argument,
    literal,
)
from jackfield.errors import PluginError, UsageError
from jackfield.host.commands import CommandRegistry
from jackfield.runtime import (
    Arguments,
    FunctionData,
    NodeData,
    ParameterData,
    Restoring,
    TypeData,
    describe,
    describe_tree,
    restore_tree,
    things_by_name,
)

from tests.support.speakers import People, Person, Speaker, run


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass(frozen=True)
class Visit:
    """A thing of the host's that holds more than texts."""

    name: str
    at: datetime


class Visits:
    """Finds visits."""

    label = "a visit"
    permission = ""

    def resolve(self, text: str, source: CommandSource) -> Visit:
        return Visit(text, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))

    def complete(self, prefix: str, source: CommandSource) -> list[str]:
        return []


SOURCES: dict[type, ArgumentSource] = {Person: People(), Visit: Visits()}


class OtherSide:
    """The process of a plugin, as far as its commands go: everything passes through bytes."""

    def __init__(self) -> None:
        self.kept: list[tuple[Callable[..., Any], Arguments | None]] = []
        self.restoring = Restoring(things_by_name(SOURCES), self.complete)

    def keep(self, function: Callable[..., Any], arguments: Arguments | None = None) -> int:
        self.kept.append((function, arguments))
        return len(self.kept) - 1

    async def complete(self, number: int, prefix: str) -> list[str]:
        offered = self.kept[number][0](prefix)
        return list(await offered if inspect.isawaitable(offered) else offered)

    def call(self, number: int) -> Callable[[Any, list[Any], dict[str, Any]], Any]:
        async def call(source: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
            sent = msgspec.msgpack.decode(msgspec.msgpack.encode([arguments, keywords]))
            function, reading = self.kept[number]
            assert reading is not None
            values, named = reading(*sent)
            result = function(source, *values, **named)
            if inspect.isawaitable(result):
                await result

        return call

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        data, reading = describe(function, self.keep)
        number = self.keep(function, reading)
        data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=FunctionData)
        return self.restoring.function(data, self.call(number))


async def answers(handler: Callable[..., Any], *lines: str) -> list[str]:
    """What a host answers to lines, for the function itself or for the one that was made of its description."""
    registry = CommandRegistry(run, sources=SOURCES)
    registry.add("dicer", "it", handler)
    told = [registry.help()]
    for line in lines:
        speaker = Speaker()
        await registry.dispatch(line, speaker)
        told += speaker.answers
    return told


async def plain(source, text: str) -> None:
    """Say it back.

    More of it.
    """
    await source.reply(f"{text!r}")


async def numbers(
    source, count: int, sides: Annotated[int, Integer(2, 100)] = 6, rate: float = 0.5, *, loud: bool = False
) -> None:
    await source.reply(f"{count!r} {sides!r} {rate!r} {loud!r}")


async def words(source, colour: Colour, way: Literal["up", "down", 3], on: bool | None = None) -> None:
    await source.reply(f"{colour} {way!r} {on!r}")


async def spans(source, span: timedelta, longer: Annotated[timedelta, Duration(timedelta(1))]) -> None:
    await source.reply(f"{span!r} {longer!r}")


async def texts(source, word: Annotated[str, Word()], quoted: Annotated[str, Quoted], rest: Annotated[str, Greedy()]):
    await source.reply(f"{word!r} {quoted!r} {rest!r}")


async def many(source, first: str, *more: int) -> None:
    await source.reply(f"{first!r} {more!r}")


async def things(source, who: Person, visit: Visit | None = None) -> None:
    await source.reply(f"{who!r} {visit!r}")


async def chosen(source, one: Annotated[object, Choice(("a", "b"), (1, (2, 3)))]) -> None:
    await source.reply(repr(one))


async def unannotated(source, one, two=None) -> None:
    await source.reply(f"{one!r} {two!r}")


async def switch(source, on: Annotated[bool, YesNo()], share: Annotated[float, Float(0, 1)]) -> None:
    await source.reply(f"{on} {share}")


ALIKE = [
    (plain, ["it", "it hello  there", 'it "quoted text"']),
    (numbers, ["it 3", "it 3 20 1.5", "it 3 1", "it x", "it 3 20 inf", f"it {10**60}", "it -5"]),
    (words, ["it red up", "it blue 3 yes", "it green up", "it red left"]),
    (spans, ["it 90s 2d", "it 1h30m 1h", "it x y"]),
    (texts, ['it "a b" "c d" e  f', "it a b"]),
    (many, ["it a", "it a 1 2 3", "it a 1 x"]),
    (things, ["it ada", "it carl", 'it "Big Ben" lunch']),
    (chosen, ["it a", "it b", "it c"]),
    (unannotated, ["it a", "it a b c", "it"]),
    (switch, ["it on 0.5", "it off 2", "it maybe 1"]),
]


@pytest.mark.feature("M43", "U13", "U26")
@pytest.mark.parametrize(("handler", "lines"), ALIKE, ids=[one[0].__name__ for one in ALIKE])
async def test_lines_are_read_as_in_one_process(handler, lines):
    assert await answers(OtherSide().function(handler), *lines) == await answers(handler, *lines)


async def nothing_for(source, *, needed) -> None: ...


async def unknown(source, one: list[int]) -> None: ...


async def unresolved(source, one: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # the point


async def two_rests(source, one: Annotated[str, Greedy()], two: str) -> None: ...


async def nobody() -> None: ...


@pytest.mark.parametrize("handler", [nothing_for, unknown, unresolved, two_rests, nobody, min])
async def test_what_cannot_be_a_command_is_refused_with_the_same_sentence(handler):
    with pytest.raises(PluginError) as inline:
        await answers(handler)
    with pytest.raises(PluginError) as apart:
        await answers(OtherSide().function(handler))
    assert str(apart.value) == str(inline.value)


def parse_roll(text: str) -> tuple[int, int]:
    count, _, sides = text.partition("d")
    if not sides.isdigit():
        raise ValueError(f"{text} is no roll")
    return int(count), int(sides)


async def offer_rolls(prefix: str) -> list[str]:
    await asyncio.sleep(0)
    return [one for one in ("2d6", "3d6") if one.startswith(prefix)]


async def roll(source, dice: Annotated[tuple[int, int], Custom(parse_roll, "a roll like 2d6", offer_rolls)]) -> None:
    await source.reply(repr(dice))


class TestCustom:
    async def test_it_is_parsed_by_its_plugin_and_a_mistake_is_the_users(self):
        speaker = Speaker()
        handler = OtherSide().function(roll)
        await handler(speaker, "2d6")
        with pytest.raises(UsageError, match="twenty is no roll"):
            await handler(speaker, "twenty")
        assert speaker.answers == ["(2, 6)"]

    async def test_it_is_completed_by_its_plugin(self):
        registry = CommandRegistry(run, sources=SOURCES)
        registry.add("dicer", "it", OtherSide().function(roll))
        assert [one.text for one in await registry.complete("it 2", 4, Speaker())] == ["2d6"]


class TestTrees:
    @staticmethod
    def tree():
        async def close(source) -> None:
            """Close it."""
            await source.reply("closed")

        async def vote(source, choice: Any, share: Any = None) -> None:
            await source.reply(f"{choice!r} {share!r}")

        number = argument("choice", Annotated[int, Integer(1, 9)]).runs(vote, help="By its number")
        colour = argument("choice", Colour).runs(vote).then(argument("share", timedelta).runs(vote))
        return (
            literal("poll", "p")
            .then(literal("close").runs(close).requires("admin"))
            .then(literal("vote").then(number, colour))
        )

    @pytest.mark.feature("M43", "U13", "U17")
    async def test_one_that_crossed_runs_as_it_does_here(self):
        told = []
        for apart in (False, True):
            registry, side, tree = CommandRegistry(run, sources=SOURCES), OtherSide(), self.tree()
            if apart:
                data = describe_tree(tree, side.keep, side.keep)
                data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=NodeData)
                tree = restore_tree(data, side.restoring, side.call)
            registry.add_tree("polls", tree)
            answered = [registry.help()]
            for line in ("poll close", "p vote 3", "poll vote red 5m", "poll vote green", "poll vote 10", "poll"):
                for level in (Level.USER, Level.ADMIN):
                    speaker = Speaker(level=level)
                    await registry.dispatch(line, speaker)
                    answered += speaker.answers
            told.append(answered)
        assert told[0] == told[1]
        assert "3 None" in told[1]
        assert "<Colour.RED: 'red'> datetime.timedelta(seconds=300)" in told[1]

    def test_one_that_nobody_could_need_is_refused(self):
        side = OtherSide()
        deep = NodeData("end")
        for _ in range(40):
            deep = NodeData("more", children=(deep,))
        for tree in (deep, NodeData("wide", children=(NodeData("end"),) * 1000)):
            with pytest.raises(UsageError, match="at most 1000 nodes, 32 deep"):
                restore_tree(tree, side.restoring, side.call)
        with pytest.raises(UsageError, match="there is no level 9"):
            restore_tree(NodeData("end", level=9), side.restoring, side.call)


class TestHostile:
    @pytest.mark.parametrize(
        "parameters",
        [
            (ParameterData("not a name", TypeData("text")),),
            (ParameterData("twice", TypeData("text")),) * 2,
            (ParameterData("last", TypeData("text"), way="keywords"), ParameterData("one", TypeData("text"))),
            (ParameterData("one", TypeData("text"), way="sideways"),),
            (ParameterData("one", TypeData("object")),),
            (ParameterData("one", TypeData("choice")),),
            (ParameterData("one", TypeData("integer", minimum=3, maximum=1)),),
            (ParameterData("one", TypeData("integer", minimum=0.5)),),
        ],
    )
    def test_what_is_no_signature_is_the_plugins_mistake(self, parameters):
        side = OtherSide()
        with pytest.raises(UsageError):
            side.restoring.function(FunctionData(parameters), side.call(0))

    async def test_the_name_of_a_type_is_never_evaluated(self, capsys):
        side = OtherSide()
        for name in (":1 / 0", ":print('evaluated')", "\ud800\0", "", "builtins:dict"):
            data = FunctionData(
                (ParameterData("source", TypeData("text")), ParameterData("it", TypeData("thing", name=name)))
            )
            with pytest.raises(PluginError, match="it cannot be an argument of the type"):
                await answers(side.restoring.function(data, side.call(0)))
        assert capsys.readouterr().out == ""


@given(
    st.builds(
        TypeData,
        st.sampled_from(
            (
                "text",
                "integer",
                "float",
                "boolean",
                "word",
                "quoted",
                "rest",
                "choice",
                "duration",
                "custom",
                "thing",
                "no",
            )
        ),
        minimum=st.none() | st.integers(-5, 5) | st.floats(allow_nan=False),
        maximum=st.none() | st.integers(-5, 5),
        words=st.lists(st.text(max_size=4), max_size=3).map(tuple),
        label=st.text(max_size=5),
        rest=st.booleans(),
        name=st.text(max_size=20),
    )
)
def test_whatever_is_described_becomes_an_annotation_or_a_sentence(data):
    side = OtherSide()
    data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=TypeData)
    annotation: object = None
    with contextlib.suppress(UsageError):
        annotation = side.restoring.annotation(data)
    assert not isinstance(annotation, str)
