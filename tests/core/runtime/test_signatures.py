"""Signatures that cross to another process: the host reads lines by them as by the functions themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Literal

import pytest
from jackfield.api import (
    Choice,
    Custom,
    Duration,
    Float,
    Greedy,
    Integer,
    Quoted,
    Word,
    YesNo,
)
from jackfield.errors import PluginError, UsageError
from jackfield.host.commands import CommandRegistry

from tests.core.runtime.other_side import SOURCES, Colour, OtherSide, Visit, answers
from tests.support.speakers import Person, Speaker, run


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
