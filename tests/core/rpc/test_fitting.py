"""Values that are what their types say are still held to bounds: members of sets, and the digits of decimals."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import Event, EventType
from jackfield.errors import CannotCross, PluginError
from jackfield.rpc import CallCodec, fitted
from jackfield.rpc.burden import Burden
from jackfield.rpc.messages import RESPONSE
from jackfield.rpc.plain import KEYS
from jackfield.runtime import fit_answer, fit_arguments

encode = msgspec.msgpack.encode


def codec(function: Callable[..., Any]) -> CallCodec:
    return CallCodec(inspect.signature(function, eval_str=True))


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def members() -> set[int]: ...
def frozen_members() -> frozenset[str | int]: ...


class Voters(msgspec.Struct):
    """A set within a struct."""

    names: frozenset[int]


@dataclass
class Poll:
    """One that is deeper still."""

    name: str
    rounds: tuple[Voters | None, ...] = ()


def poll() -> Poll: ...


@pytest.mark.parametrize(
    ("method", "holding"),
    [(members, set), (frozen_members, frozenset), (poll, lambda one: Poll("tea", (Voters(frozenset(one)),)))],
)
def test_a_set_has_no_more_members_than_a_map_has_keys(
    method: Callable[..., Any], holding: Callable[[Any], Any]
) -> None:
    with pytest.raises(CannotCross, match="a set of as many"):
        codec(method).answer(raw(holding(range(KEYS + 1))))
    most = holding(range(KEYS - 10))
    assert codec(method).answer(raw(most)) == most
    assert codec(method).many_answers(raw([most, None])) == [most, None]


def joined(names: set[int], rest: list[int]) -> None: ...
def listed(rest: list[int]) -> None: ...


def test_sets_among_arguments_are_bounded_however_they_are_read() -> None:
    attack = raw({"names": list(range(KEYS + 1)), "rest": []})
    for read in (codec(joined).arguments, codec(joined).decode_arguments):
        with pytest.raises(CannotCross, match="a set of as many"):
            read(attack)
    with pytest.raises(CannotCross, match="a set of as many"):
        Burden("weather", 1 << 26).weigh(attack, codec(joined))
    with pytest.raises(CannotCross, match="a set of as many"):
        codec(joined).many_arguments(raw([{"names": list(range(KEYS + 1)), "rest": []}]))
    assert codec(listed).arguments(raw({"rest": list(range(KEYS * 2))})), "a list is none"


@dataclass
class Price:
    """What costs something."""

    amount: Decimal
    others: dict[str, Decimal | None] = field(default_factory=dict)


def price() -> list[Price]: ...
def pay(amount: Decimal) -> None: ...


@pytest.mark.parametrize("amount", ["1e999999999", "-1E+6176", "1e-999999999", "0.1e-6176", "0e999999", "sNaN"])
def test_a_decimal_with_which_no_machine_can_work_does_not_fit(amount: str) -> None:
    for value in ({"amount": amount}, {"amount": "1", "others": {"a": None, "b": amount}}):
        with pytest.raises(CannotCross, match="a decimal"):
            codec(price).answer(raw([{"amount": "2"}, value]))
        with pytest.raises(msgspec.ValidationError, match="a decimal"):
            codec(price).response(memoryview(encode((RESPONSE, 7, [value]))))
    for read in (codec(pay).arguments, codec(pay).decode_arguments):
        with pytest.raises(CannotCross, match="a decimal"):
            read(raw({"amount": amount}))
    with pytest.raises(msgspec.ValidationError, match="a decimal"):
        codec(pay).read_arguments(raw({"amount": amount}))
    assert codec(pay).fields is None, "nothing reads its arguments without a look at them"


@given(st.decimals(allow_nan=False))
def test_a_decimal_that_anybody_works_with_crosses(amount: Decimal) -> None:
    assert codec(price).answer(raw([Price(amount)])) == [Price(amount)]
    assert codec(pay).arguments(raw({"amount": amount})) == {"amount": amount}


class Shop:
    """A service, whose values come as plain data."""

    def price(self, of: str) -> Price: ...

    def voters(self, names: set[int]) -> frozenset[int]: ...


def test_what_becomes_a_type_after_it_came_is_held_to_the_same_bounds() -> None:
    many = list(range(KEYS + 1))
    with pytest.raises(TypeError, match="a set of as many"):
        fit_answer(Shop, "voters", many)
    with pytest.raises(TypeError, match="a set of as many"):
        fit_arguments(Shop().voters, [many], {})
    with pytest.raises(TypeError, match="a decimal has more than"):
        fit_answer(Shop, "price", {"amount": "1e999999999"})
    with pytest.raises(PluginError, match="a decimal has more than"):
        EventType("plugin:shop:sold", Price).from_plain(Event("plugin:shop:sold", "shop", {"amount": "1e999999999"}))
    with pytest.raises(PluginError, match="a set of as many"):
        EventType("plugin:shop:voted", Voters).from_plain(Event("plugin:shop:voted", "shop", {"names": many}))
    assert fit_answer(Shop, "voters", many[:-1]) == frozenset(many[:-1])
    assert fit_answer(Shop, "price", {"amount": "2.50"}) == Price(Decimal("2.50"))
    assert fitted(many, list[int]) == many, "nothing is asked of what is no set"
