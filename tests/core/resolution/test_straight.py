"""The short way finds what a search would find, or leaves it to the search."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.errors import ResolutionError
from jackfield.manifest import Version
from jackfield.resolution import Offer, Place, Remembered, Target, Want
from jackfield.resolution.knowledge import Knowledge, Missing
from jackfield.resolution.model import Ask
from jackfield.resolution.provider import Provider
from jackfield.resolution.searching import search
from jackfield.resolution.straight import straight
from resolvelib import ResolutionImpossible

from tests.core.resolution.conftest import IndexInMemory, in_a_process_of_its_own
from tests.support.examples import examples

NAMES = ["ant", "bee", "cow", "dog"]
LIMITS = ["*", "^1.0", "^2.0", ">=1.1", "<2.0", "==1.0.0"]
RELEASES = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["1.0.0", "1.1.0", "2.0.0", "3.0.0a1"])),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(LIMITS), max_size=2),
    min_size=1,
)


async def both_ways(index: IndexInMemory, wanted: set[str], prefer: dict[Place, str]):
    target = Target.current(app="chat", api_version=Version.parse("1.0.0"))
    known = Knowledge(index, target, prefer, own_libraries=in_a_process_of_its_own)
    asks = [Ask(f"chat-{name}", plugin=name) for name in sorted(wanted)]
    await known.begin(asks)

    async def settled(find):
        while True:
            try:
                return find(Provider(known, target, prefer, frozenset(ask.name for ask in asks)))
            except Missing as missing:
                await known.learn(missing)

    short = await settled(lambda provider: straight(asks, provider))
    try:
        searched = await settled(lambda provider: search(asks, provider, 1000))
    except ResolutionImpossible:
        searched = None
    return short, searched


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    RELEASES,
    st.sets(st.sampled_from(NAMES), min_size=1),
    st.dictionaries(st.sampled_from(NAMES), st.just("1.0.0")),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([("jflib<2",), ("jflib>=2", "jfcore"), ("jfcore>=3",)])),
    st.sets(st.sampled_from(NAMES)),
)
def test_the_short_way_ends_where_a_search_ends(releases, wanted, kept, libraries, apart):
    index = IndexInMemory()
    for version in ("1.0", "2.0"):
        index.library("jflib", version)
        index.library("jfcore", version, requires=(f"jflib=={version}",))
    for (name, version), needs in releases.items():
        others = {other: limit for other, limit in needs.items() if other != name}
        isolation = "worker" if name in apart else "any"
        index.plugin(name, version, needs=others, requires=libraries.get(name, ()), isolation=isolation)
    prefer = {("", f"chat-{name}"): version for name, version in kept.items()}
    short, searched = asyncio.run(both_ways(index, wanted, prefer))
    if short is not None:
        assert short == searched


async def held_in(index: IndexInMemory, *plugins: str) -> dict[str, Offer]:
    """What is installed: the first file of each."""
    return {f"chat-{name}": Offer(index.source, (index.files[f"chat-{name}"][0],)) for name in plugins}


def versions(solution) -> dict[str | None, str]:
    return {pin.id: pin.version for pin in solution.pins}


async def test_of_what_need_not_change_nobody_is_asked(index, solve):
    for name in ("poll", "dice", "weather"):
        index.plugin(name, "1.0.0")
    index.plugin("poll", "2.0.0", needs={"dice": "^1.0"})
    held = await held_in(index, "dice", "weather")
    solution = await solve("poll", "dice", "weather", prefer=dict.fromkeys(held, "1.0.0"), held=held)
    assert [(pin.id, pin.version) for pin in solution.pins] == [
        ("dice", "1.0.0"),
        ("poll", "2.0.0"),
        ("weather", "1.0.0"),
    ]
    assert [call for call in index.calls if call.startswith("offer")] == ["offer chat-poll"]


async def test_what_must_change_for_another_is_asked_for_and_moves(index, solve):
    for name in ("poll", "dice", "weather"):
        index.plugin(name, "1.0.0")
    index.plugin("poll", "2.0.0", needs={"dice": "^2.0"})
    index.plugin("dice", "2.0.0", needs={"weather": ">=1.0"})
    held = await held_in(index, "dice", "weather")
    solution = await solve("poll", "dice", "weather", prefer=dict.fromkeys(held, "1.0.0"), held=held)
    assert [(pin.id, pin.version) for pin in solution.pins] == [
        ("dice", "2.0.0"),
        ("poll", "2.0.0"),
        ("weather", "1.0.0"),
    ]
    assert "offer chat-weather" not in index.calls


async def test_a_conflict_with_what_is_installed_is_told_with_all_that_is_offered(index, solve):
    index.plugin("poll", "1.0.0", needs={"dice": "^3.0"})
    index.plugin("dice", "1.0.0")
    index.plugin("dice", "2.0.0")
    held = await held_in(index, "dice")
    with pytest.raises(ResolutionError, match=r"2\.0\.0") as with_held:
        await solve("poll", "dice", prefer={"chat-dice": "1.0.0"}, held=held)
    with pytest.raises(ResolutionError) as without:
        await solve("poll", "dice", prefer={"chat-dice": "1.0.0"})
    assert str(with_held.value) == str(without.value)


async def test_what_a_wheel_said_of_itself_is_remembered_by_its_hashes(index, solve):
    index.plugin("poll", "1.0.0", needs={"dice": "^1.0"})
    index.plugin("dice", "1.0.0")
    remembered: Remembered = {}
    first = await solve("poll", remembered=remembered)
    asked = [call for call in index.calls if call.startswith("metadata")]
    assert await solve("poll", remembered=remembered) == first
    assert [call for call in index.calls if call.startswith("metadata")] == asked
    assert await solve(Want("chat-dice", "dice"), remembered={}) != first


async def test_what_could_not_be_read_is_not_remembered(index, solve):
    index.library("chat-poll", "1.0.0", manifest="broken")
    index.plugins["poll"] = "chat-poll"
    remembered: Remembered = {}
    with pytest.raises(ResolutionError, match="cannot be read"):
        await solve("poll", remembered=remembered)
    assert remembered == {}
