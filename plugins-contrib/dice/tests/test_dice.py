"""Dice: what a roll is, and how its wheel rolls in a host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.contrib import running
from tests.support.sources import imported

pytestmark = pytest.mark.slow


@pytest.fixture
def chat_dice() -> Iterator[ModuleType]:
    with imported(Path(__file__).parents[1], "chat_dice") as module:
        yield module


@pytest.mark.parametrize(
    ("text", "count", "sides", "bonus"),
    [("2d6", 2, 6, 0), ("d20", 1, 20, 0), ("3D8 + 2", 3, 8, 2), ("4d6-1", 4, 6, -1), ("100d1000", 100, 1000, 0)],
)
def test_a_roll_is_read(chat_dice: ModuleType, text: str, count: int, sides: int, bonus: int) -> None:
    assert chat_dice.Roll.parse(text) == chat_dice.Roll(count, sides, bonus)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write it like 2d6"),
        ("dice", "write it like 2d6"),
        ("2d6d8", "write it like 2d6"),
        ("2d6 3", "write it like 2d6"),
        ("2 0d6", "write it like 2d6"),
        ("2d6 + 1 0", "write it like 2d6"),
        ("²d6", "write it like 2d6"),
        ("0d6", "0 dice cannot be rolled"),
        ("101d6", "101 dice cannot be rolled"),
        ("2d1", "1 sides"),
        ("2d1001", "1001 sides"),
    ],
)
def test_what_is_no_roll_says_why(chat_dice: ModuleType, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        chat_dice.Roll.parse(text)


def test_each_die_is_picked_between_one_and_its_sides(chat_dice: ModuleType) -> None:
    asked: list[tuple[int, int]] = []

    def pick(low: int, high: int) -> int:
        asked.append((low, high))
        return high

    assert chat_dice.Roll(3, 8).throw(pick) == [8, 8, 8]
    assert asked == [(1, 8)] * 3


async def test_the_room_hears_total_and_dice(tmp_path: Path) -> None:
    async with running("dice", tmp_path) as plugin:
        (reply,) = await plugin.command("roll 2d6+1", "bea")
        (single,) = await plugin.command("roll")
        (wrong,) = await plugin.command("roll seven")
    match = re.fullmatch(r"bea rolled (\d+) \((\d) \+ (\d) \+1\)", reply)
    assert match is not None, reply
    assert int(match[1]) == int(match[2]) + int(match[3]) + 1
    assert re.fullmatch(r"bea rolled [1-6]", single)
    said, usage = wrong.splitlines()
    assert said.startswith("'seven' is no roll; write it like 2d6, d20 or 3d8+2")
    assert usage == "usage: roll [dice]"


async def test_rolls_are_offered_while_one_is_written(tmp_path: Path) -> None:
    async with running("dice", tmp_path) as plugin:
        assert await plugin.offered("roll ") == ["roll d6", "roll 2d6", "roll d20", "roll 3d8+2"]
        assert await plugin.offered("roll d2") == ["roll d20"]


async def test_it_asks_for_no_permission(tmp_path: Path) -> None:
    async with running("dice", tmp_path) as plugin:
        manifest = plugin.host.plugins.record("dice").candidate.manifest
    assert manifest is not None
    assert manifest.permissions == ()
