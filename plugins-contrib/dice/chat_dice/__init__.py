"""`!roll 2d6` rolls dice in the room.

The entry point names this module: its functions are the plugin, and each takes `context` first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Annotated

from jackfield import Context, command
from jackfield.api import CommandSource, Custom

MOST_DICE = 100
MOST_SIDES = 1000
_SPELLING = re.compile(
    r"(?P<count>\d{0,4}) *d *(?P<sides>\d{1,5})(?: *(?P<sign>[+-]) *(?P<bonus>\d{1,5}))?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Roll:
    """Some dice of one kind: `3d8+2` is three with eight sides, and two on top."""

    count: int
    sides: int
    bonus: int = 0

    @classmethod
    def parse(cls, text: str) -> "Roll":
        """Read `2d6`, `d20` or `3d8+2`.

        Raises:
            ValueError: it is none of these, or has more than 100 dice or 1000 sides; the sentence says which.
        """
        match = _SPELLING.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no roll; write it like 2d6, d20 or 3d8+2")
        roll = cls(int(match["count"] or 1), int(match["sides"]), int(f"{match['sign'] or ''}{match['bonus'] or 0}"))
        if not 1 <= roll.count <= MOST_DICE:
            raise ValueError(f"{roll.count} dice cannot be rolled; 1 to {MOST_DICE} can")
        if not 2 <= roll.sides <= MOST_SIDES:
            raise ValueError(f"there are no dice with {roll.sides} sides; 2 to {MOST_SIDES} can be had")
        return roll

    def throw(self, pick: Callable[[int, int], int]) -> list[int]:
        """Return what each die shows; `pick(low, high)` chooses a number, both ends included."""
        return [pick(1, self.sides) for _ in range(self.count)]


def known(_prefix: str) -> list[str]:
    """Return what is offered while a roll is written."""
    return ["d6", "2d6", "d20", "3d8+2"]


#: A roll as the argument of a command: what cannot be read is told with its place, and a few are offered.
ROLL = Custom(Roll.parse, "a roll like 2d6", known, rest=True)


@command("roll")
async def roll(context: Context, source: CommandSource, dice: Annotated[Roll, ROLL] = Roll(1, 6)) -> None:
    """Roll dice: 2d6, d20, 3d8+2."""
    shown = dice.throw(SystemRandom().randint)
    parts = " + ".join(map(str, shown)) + (f" {dice.bonus:+d}" if dice.bonus else "")
    total = sum(shown) + dice.bonus
    context.logger.debug("%s rolled %s: %s", source.user, dice, total)
    await source.reply(f"{source.user} rolled {total}" + (f" ({parts})" if parts != str(total) else ""))
