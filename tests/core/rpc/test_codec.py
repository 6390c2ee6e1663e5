"""A method can cross when its annotations can, says why when it cannot, and is held to its annotations."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import CannotCross, ProtocolViolation
from jackfield.rpc import CallCodec, can_cross
from jackfield.rpc.messages import RESPONSE
from jackfield.rpc.plain import DEPTH, KEYS, UNCHECKED_BYTES, check_plain

from tests.support.examples import examples

encode = msgspec.msgpack.encode


class Colour(Enum):
    RED = "red"


@dataclass
class Tree:
    name: str
    children: list[Tree]


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


class Speaker(Protocol):
    def say(self, text: str) -> None: ...


class Socket:
    pass


@dataclass
class Holder:
    inner: list[Socket]


def codec(function: Callable[..., Any]) -> CallCodec:
    return CallCodec(inspect.signature(function, eval_str=True))


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def crosses(
    a: int, b: str | None, c: bytes, d: list[float], e: dict[str, Any], f: Tree, g: Point, h: Colour,
    i: datetime, j: date, k: Literal["x", 2], z: tuple[int, str], m: set[str], n: timedelta, o: UUID, p: Decimal,
    *, q: frozenset[int] = frozenset(), r: dict[Colour | int, bool] | None = None, s: list,  # type: ignore[type-arg]  # bare ones cross too
    t: dict,  # type: ignore[type-arg]  # bare ones cross too

) -> Tree | None: ...  # fmt: skip


def test_data_crosses() -> None:
    assert can_cross(inspect.signature(crosses, eval_str=True)) == ""


def takes_an_object(source: Speaker) -> None: ...
def takes_one_within(holder: Holder) -> None: ...
def takes_a_function(act: Callable[[], int]) -> None: ...
def says_nothing(room) -> None: ...
def gives_nothing_away(room: str): ...
def takes_any_number(*rooms: str) -> None: ...
def takes_any_name(**rooms: str) -> None: ...
def takes_by_place(room: str, /) -> None: ...
def has_keys(table: dict[tuple[int, int], str]) -> None: ...
def has_frozen_keys(table: dict[Point, str]) -> None: ...
def has_members() -> set[Decimal]: ...
def has_any_members() -> set[Any]: ...
def is_ambiguous(value: str | datetime) -> None: ...


REFUSED = {
    takes_an_object: "argument source holds Speaker, an object",
    takes_one_within: "argument holder holds Socket, an object",
    takes_a_function: "argument act",
    says_nothing: "argument room has no annotation",
    gives_nothing_away: "the answer has no annotation",
    takes_any_number: "argument rooms cannot be given by name",
    takes_any_name: "argument rooms cannot be given by name",
    takes_by_place: "argument room cannot be given by name",
    has_keys: "argument table has keys or members that a hostile process could let collide",
    has_frozen_keys: "argument table has keys",
    has_members: "the answer has keys or members",
    has_any_members: "the answer has keys or members",
    is_ambiguous: "argument value cannot be carried",
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_what_cannot_cross_says_why(function: Callable[..., Any]) -> None:
    sentence = can_cross(inspect.signature(function, eval_str=True))
    assert sentence.startswith(REFUSED[function])
    with pytest.raises(CannotCross, match="let the plugin run inline"):
        codec(function)


def test_a_name_that_was_not_resolved_is_told() -> None:
    def method(room: Room) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # that is what is tested

    assert (
        can_cross(inspect.signature(method)) == "argument room is annotated 'Room', a name that could not be resolved"
    )


def method(room: str, tree: Tree, when: datetime, colour: Colour = Colour.RED) -> Point: ...


def test_arguments_and_answers_arrive_as_what_they_are() -> None:
    arguments = {"room": "lobby", "tree": Tree("a", [Tree("b", [])]), "when": datetime(2026, 1, 2, tzinfo=UTC)}
    assert codec(method).arguments(raw(arguments)) == arguments
    assert codec(method).answer(raw(Point(1, 2))) == Point(1, 2)
    assert codec(method).many_answers(raw([Point(1), None])) == [Point(1), None]
    assert codec(method).many_arguments(raw([arguments])) == [arguments]


def test_an_argument_that_a_later_version_has_is_left_out() -> None:
    def short(room: str) -> None: ...

    assert codec(short).arguments(raw({"room": "lobby", "later": 1})) == {"room": "lobby"}


@pytest.mark.parametrize("value", [{}, {"room": 1}, [], "room", None, {"room": "x", "count": "1"}])
def test_arguments_that_do_not_fit_are_refused(value: object) -> None:
    def short(room: str, count: int = 0) -> None: ...

    with pytest.raises(CannotCross, match="does not fit"):
        codec(short).arguments(raw(value))


def anything(value: Any) -> Any: ...


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(-100, 100) | st.binary(), inner),
)


@given(values)
def test_plain_data_crosses_unchanged_and_passes_the_look_at_its_bytes(value: Any) -> None:
    check_plain(encode(value))
    assert codec(anything).answer(raw(value)) == value


@given(st.binary(max_size=400))
def test_no_bytes_make_the_look_at_them_crash(data: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        check_plain(data)


@settings(max_examples=examples(25))
@given(st.lists(values, min_size=1, max_size=5), st.integers(0, 4))
def test_a_compound_key_is_seen_wherever_it_stands(parts: list[Any], place: int) -> None:
    bad = b"\x81\x92\x01\x02\xc0"  # {[1, 2]: nil}
    encoded = [encode(part) for part in parts]
    encoded.insert(min(place, len(parts)), bad)
    with pytest.raises(ProtocolViolation, match="key"):
        check_plain(bytes([0x90 + len(encoded)]) + b"".join(encoded))


def test_nesting_is_bounded() -> None:
    check_plain(b"\x91" * DEPTH + b"\xc0")
    with pytest.raises(ProtocolViolation, match="nested more than"):
        check_plain(b"\x91" * (DEPTH + 1) + b"\xc0")


def colliding_keys(count: int) -> bytes:
    """A map whose keys are pairs of numbers that Python hashes to one value (the tuple hash of CPython, inverted)."""
    first, second, mask = 11400714785074694791, 14029467366897019727, 2**64 - 1
    inverse, number = pow(second, -1, 2**64), 0
    keys: list[tuple[int, int]] = []
    while len(keys) < count:
        number += 1
        sum_ = (2870177450012600261 + number * second) & mask
        sum_ = ((sum_ << 31 | sum_ >> 33) & mask) * first & mask
        other = (12345 - sum_) * inverse & mask
        if other < 2**61 - 1:
            keys.append((number, other))
    assert len({hash(key) for key in keys}) == 1
    return b"\xdf" + count.to_bytes(4, "big") + b"".join(encode(key) + b"\xc0" for key in keys)


def test_keys_that_collide_do_not_stop_the_decoder() -> None:
    unguarded = time.process_time()
    assert len(msgspec.msgpack.decode(colliding_keys(4000))) == 4000
    unguarded = time.process_time() - unguarded  # sixteen times as long for four times as many

    attack = msgspec.Raw(colliding_keys(9_000))
    assert UNCHECKED_BYTES < len(attack) <= 1 << 20
    guarded = time.process_time()
    with pytest.raises(CannotCross, match="a key of a map is an array"):
        codec(anything).answer(attack)
    assert time.process_time() - guarded < unguarded


def steered_keys(count: int) -> bytes:
    """A map of numbers that all begin at places which are taken, in a table of 2**17, and meet the same ones after."""
    bits = 17
    places, place = [], 0
    for _ in range(count // 2):
        places.append(place)
        place = (5 * place + 1) % (1 << bits)
    keys = places + [one | 1 << 40 for one in places[: count - len(places)]]
    return b"\xdf" + len(keys).to_bytes(4, "big") + b"".join(encode(key) + b"\xc0" for key in keys)


def numbered(table: dict[int, None]) -> dict[int, None]:
    """A declared map is looked at as one of anything is."""
    return table


@pytest.mark.parametrize("method", [anything, numbered])
def test_a_map_has_no_more_keys_than_can_do_harm(method: Callable[..., Any]) -> None:
    attack = msgspec.Raw(steered_keys(87_000))
    guarded = time.process_time()
    with pytest.raises(CannotCross, match="a map of 10000 keys is the largest"):
        codec(method).answer(attack)
    assert time.process_time() - guarded < 0.5, "nothing was decoded"
    most = dict.fromkeys(range(KEYS))
    assert codec(method).answer(raw(most)) == most


def test_many_large_maps_are_as_good_as_one() -> None:
    large = dict.fromkeys(range(KEYS // 2))
    check_plain(encode([large] * 4))
    with pytest.raises(ProtocolViolation, match="many large ones"):
        check_plain(encode([large] * 5))
    check_plain(encode([{"name": "poll", "size": 1}] * 40_000))


class NoSuchMove(Exception):
    """An application's own."""


@dataclass
class Move:
    """What an application makes of an answer."""

    steps: int
    note: str = ""

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise NoSuchMove("backwards")


def move() -> Move:
    """Of an application's own type, which raises an error of its own."""
    return Move(1)


def test_what_an_applications_type_raises_is_an_answer_that_does_not_fit() -> None:
    with pytest.raises(CannotCross, match="backwards"):
        codec(move).answer(raw({"steps": -1}))
    with pytest.raises(msgspec.ValidationError, match="NoSuchMove: backwards"):
        codec(move).response(memoryview(encode((RESPONSE, 7, {"steps": -1}))))
    assert codec(move).response(memoryview(encode((RESPONSE, 7, {"steps": 2}))))[2] == Move(2)
