"""Classic BPF for seccomp, as data: what may be said of a call's arguments, and the program that asks it.

`struct seccomp_data` (linux/seccomp.h) is the program's whole world: the number at byte 0, the architecture at 4, and
six arguments of 64 bits from 16 on. Pointers are numbers to it; what they point to cannot be seen. A condition that
does not hold ends the program: so blocks are joined without labels, and no jump is longer than the values it passes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NUMBER_AT: Final = 0
ARCHITECTURE_AT: Final = 4
ARGUMENTS_AT: Final = 16

LOAD: Final = 0x20
IF_EQUAL: Final = 0x15
IF_AT_LEAST: Final = 0x35
IF_ANY_BIT: Final = 0x45
RETURN: Final = 0x06

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
"""End the whole process, not the thread: `SECCOMP_RET_KILL_PROCESS`."""

_ERRNO: Final = 0x00050000
_LOW: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Instruction:
    """One `struct sock_filter`: eight bytes.

    Args:
        code: what to do.
        if_true: how many instructions to skip if the comparison holds, at most 255.
        if_false: how many if it does not.
        value: what is loaded, compared with or returned, 32 bits.
    """

    code: int
    if_true: int
    if_false: int
    value: int

    def packed(self) -> bytes:
        """Return it as the kernel reads it."""
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value & _LOW)


def answer(value: int) -> Instruction:
    """End the program with this verdict."""
    return Instruction(RETURN, 0, 0, value)


def error(number: int) -> int:
    """Return the verdict that fails the call with this errno, 1 to 4095, without doing it."""
    return _ERRNO | number


def load(offset: int) -> Instruction:
    """Load 32 bits of the call, from this byte on."""
    return Instruction(LOAD, 0, 0, offset)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The lower half of an argument is one of these; for what the kernel takes as `int` or `unsigned int`."""

    argument: int
    values: tuple[int, ...]

    def required(self, otherwise: int) -> list[Instruction]:
        """Return instructions that go on behind themselves if it holds, and give this verdict if not."""
        count = len(self.values)
        compared = [Instruction(IF_EQUAL, count - place, 0, value) for place, value in enumerate(self.values)]
        return [load(_low(self.argument)), *compared, answer(otherwise)]


@dataclass(frozen=True, slots=True)
class NoBit:
    """None of these bits of an argument's lower half is set."""

    argument: int
    mask: int

    def required(self, otherwise: int) -> list[Instruction]:
        """As `OneOf.required`."""
        return [load(_low(self.argument)), Instruction(IF_ANY_BIT, 0, 1, self.mask), answer(otherwise)]


@dataclass(frozen=True, slots=True)
class AnyBit:
    """At least one of these bits of an argument's lower half is set."""

    argument: int
    mask: int

    def required(self, otherwise: int) -> list[Instruction]:
        """As `OneOf.required`."""
        return [load(_low(self.argument)), Instruction(IF_ANY_BIT, 1, 0, self.mask), answer(otherwise)]


@dataclass(frozen=True, slots=True)
class Null:
    """A pointer is null, all 64 bits of it."""

    argument: int

    def required(self, otherwise: int) -> list[Instruction]:
        """As `OneOf.required`."""
        low = _low(self.argument)
        return [
            load(low),
            Instruction(IF_EQUAL, 0, 2, 0),
            load(low + 4),
            Instruction(IF_EQUAL, 1, 0, 0),
            answer(otherwise),
        ]


Condition = OneOf | NoBit | AnyBit | Null


def guarded(conditions: Sequence[Condition], otherwise: int) -> list[Instruction]:
    """Return a block that allows the call if every condition holds, and else gives the other verdict."""
    return [
        *(instruction for condition in conditions for instruction in condition.required(otherwise)),
        answer(ALLOW),
    ]


def only(number: int, block: Sequence[Instruction]) -> list[Instruction]:
    """Return the block, skipped by every call of another number; the accumulator holds the number before."""
    return [Instruction(IF_EQUAL, 0, len(block), number), *block]


def _low(argument: int) -> int:
    """Both processors are little-endian: the lower half comes first."""
    return ARGUMENTS_AT + 8 * argument
