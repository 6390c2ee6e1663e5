"""Protocols of services and APIs: their methods, and plain values that become what annotations say."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any, Protocol

import pytest
from jackfield.rpc import fitted
from jackfield.runtime import api_methods, fit_answer, fit_arguments, lacking, members_of


@dataclass
class Place:
    """What a service speaks of."""

    name: str
    at: tuple[float, float] = (0.0, 0.0)


class Finder(Protocol):
    """A service."""

    async def find(self, place: Place, *more: Place, day: date | None = None, **named: int) -> list[Place]: ...

    def plain(self, anything: Any) -> Any: ...

    def _own(self) -> None: ...


class Wider(Finder, Protocol):
    """One with more."""

    async def far(self, where: Any) -> Place | None: ...


class Apparatus:
    """What answers."""

    async def find(self, place: Place, *more: Place, day: date | None = None, **named: int) -> list[Place]:
        return [place, *more]

    def plain(self, anything: Any) -> Any:
        return anything


def test_the_methods_of_a_protocol_are_its_public_ones_and_those_it_inherits():
    assert members_of(Wider) == {"find", "plain", "far"}
    assert lacking(Apparatus(), Wider) == ["far"]
    assert lacking(Apparatus(), Finder) == []


def test_plain_arguments_become_what_the_function_is_annotated_with():
    values, named = fit_arguments(
        Apparatus().find, [{"name": "Oslo", "at": [59.9, 10.7]}, {"name": "Rome"}], {"day": "2024-01-02", "far": 3}
    )
    assert values == (Place("Oslo", (59.9, 10.7)), Place("Rome"))
    assert named == {"day": date(2024, 1, 2), "far": 3}


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [([], {}), ([{"nome": "Oslo"}], {}), (["Oslo"], {}), ([{"name": "Oslo"}], {"day": "soon"})],
)
def test_what_does_not_fit_is_a_type_error(arguments, keywords):
    with pytest.raises(TypeError):
        fit_arguments(Apparatus().find, arguments, keywords)


def test_what_nothing_is_known_of_stays_as_it_is():
    assert fit_arguments(Apparatus().plain, [{"a": [1]}], {}) == (({"a": [1]},), {})
    assert fit_arguments(dict.fromkeys, [[1], 2], {}) == (([1], 2), {})
    assert fit_answer(None, "find", {"name": "Oslo"}) == {"name": "Oslo"}
    assert fit_answer(Finder, "plain", (1, 2)) == (1, 2)
    assert fit_answer(Finder, "nothing", 5) == 5


def test_answers_become_what_the_protocol_says():
    assert fit_answer(Finder, "find", [{"name": "Oslo"}]) == [Place("Oslo")]
    assert fit_answer(Wider, "far", None) is None
    with pytest.raises(TypeError, match="the answer of far"):
        fit_answer(Wider, "far", "here")


class Inner(Protocol):
    """A part of an API."""

    async def add(self, one: int, *, two: int = 2) -> int: ...

    @property
    def colour(self) -> str: ...

    def unannotated(self, one): ...


class Whole(Protocol):
    """An API."""

    @property
    def inner(self) -> Inner: ...

    async def send(self, place: Place) -> Place: ...

    async def take(self, thing: object) -> None: ...

    def many(self, *things: int) -> None: ...


class Circle(Protocol):
    """An API that leads to itself."""

    @property
    def again(self) -> Circle: ...

    def here(self) -> int: ...


def test_of_an_api_what_can_cross_is_found_by_its_path():
    found = {".".join(path): list(signature.parameters) for path, signature in api_methods(Whole)}
    assert found == {"inner.add": ["one", "two"], "inner.colour": [], "send": ["place"]}


def test_an_api_that_leads_to_itself_ends():
    paths = [path for path, _ in api_methods(Circle)]
    assert ("again", "here") in paths
    assert len(paths) == 5


PLUGIN = """
from dataclasses import dataclass

@dataclass
class Place:
    name: str

class Finder:
    def find(self, place: Place, *more: Place, near: Place | None = None) -> Place | None: ...
"""


@pytest.mark.slow
@pytest.mark.feature("K26")
def test_what_was_held_to_a_plugins_types_keeps_nothing_of_it_alive():
    plugin: Any = ModuleType("chat_plugin")
    sys.modules["chat_plugin"] = plugin  # where dataclasses look for it
    exec(PLUGIN, vars(plugin))
    finder, place = plugin.Finder(), {"name": "Graz"}
    for function in (finder.find, plugin.Finder.find):
        with pytest.raises(TypeError):
            fit_arguments(function, [1, 2], {"far": 3})
    (found, other), named = fit_arguments(finder.find, [place, place], {"near": place})
    assert found == other == named["near"] == plugin.Place("Graz")
    assert fit_answer(plugin.Finder, "find", place) == found
    for kind in (plugin.Place, plugin.Place | None, list[plugin.Place]):
        assert fitted([place] if kind == list[plugin.Place] else place, kind) in (found, [found])
    references = [weakref.ref(one) for one in (plugin, plugin.Place, finder, plugin.Finder.find)]
    del sys.modules["chat_plugin"]
    del plugin, finder, function, found, other, named, kind
    gc.collect()
    assert [reference() for reference in references] == [None] * 4
