"""Why a set does not hold the newest version of a plugin: its own reason, or who is in the way."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.manifest import Requirement
from jackfield.resolution import TOGETHER, Settled, Want


async def over(solve, *plugins: str | Want, name: str = "chat-poll") -> tuple[str, str] | None:
    found: tuple[str, str] | None = (await solve(*plugins)).passed_over[name]
    return found


async def test_a_library_that_nobody_offers(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0", requires=("nowhere>=1",))
    why = "cannot be had: poll 2.0.0 needs nowhere >=1, but no marketplace offers nowhere"
    assert await over(solve, "poll") == ("2.0.0", why)


async def test_each_plugin_has_its_own_reason(index, solve):
    index.library("lib", "1.0")
    for plugin, requires in (("poll", "nowhere"), ("dice", "lib>=2")):
        index.plugin(plugin, "1.0.0")
        index.plugin(plugin, "2.0.0", requires=(requires,))
    found = (await solve("poll", "dice")).passed_over
    assert found == {
        "chat-poll": ("2.0.0", "cannot be had: poll 2.0.0 needs nowhere, but no marketplace offers nowhere"),
        "chat-dice": ("2.0.0", "cannot be had: dice 2.0.0 needs lib >=2, but only 1.0 of lib can be had"),
    }


async def test_a_plugin_that_nobody_offers(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0", needs={"helper": "*"})
    why = "cannot be had: poll 2.0.0 needs helper *, but no marketplace offers that plugin"
    assert await over(solve, "poll") == ("2.0.0", why)


async def test_who_is_in_the_way_is_named_in_the_version_that_is_taken(index, solve):
    index.library("lib", "1.0")
    index.library("lib", "2.0")
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0", requires=("lib>=2",))
    index.plugin("dice", "1.0.0", requires=("lib<2",))
    version, why = await over(solve, "poll", "dice") or ("", "")
    assert version == "2.0.0"
    assert "dice 1.0.0 needs lib <2" in why
    assert "poll 2.0.0 needs lib >=2" in why
    assert why.endswith("and no version of lib is both")


async def test_nobody_is_said_to_ask_for_the_version_that_is_tried(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0")
    index.plugin("old", needs={"poll": "^1.0"})
    assert await over(solve, "poll", "old") == ("2.0.0", "cannot be had: old 1.0.0 needs poll ^1.0")


async def test_what_others_have_in_the_set_is_told_as_that(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0", needs={"dice": "<2.0"})
    index.plugin("dice", "1.0.0")
    index.plugin("dice", "2.0.0")
    assert await over(solve, "poll", Want("chat-dice", "dice", Requirement.parse(">=2.0"))) == (
        "2.0.0",
        "cannot be had: dice is at 2.0.0 and poll 2.0.0 needs dice <2.0, and no version of dice is both",
    )


async def test_what_could_be_had_by_itself_is_told_so(index, solve):
    """One of the two has to step back, and it could have been the other one."""
    index.library("lib", "1.0")
    index.library("lib", "2.0")
    for plugin, requires in (("poll", "lib<2"), ("dice", "lib>=2")):
        index.plugin(plugin, "1.0.0")
        index.plugin(plugin, "2.0.0", requires=(requires,))
    found = [one for one in (await solve("poll", "dice")).passed_over.values() if one is not None]
    assert found == [("2.0.0", TOGETHER)]


@pytest.mark.parametrize("version", ["2.0.0", "1.0.0"])
async def test_where_the_newest_is_taken_nothing_is_told(index, solve, version):
    index.plugin("poll", version)
    assert await over(solve, "poll") is None


@pytest.mark.parametrize("bound", ["time", "projects"])
async def test_a_reason_that_cannot_be_found_costs_no_set(index, solve, monkeypatch, bound):
    """What only the version wants that is passed over, comes slowly, or is too much."""
    index.library("lib", "1.0")
    index.library("lib", "2.0", requires=("other",))
    index.library("other", "1.0")
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0", requires=("lib>=2",))
    index.plugin("dice", "1.0.0", requires=("lib<2",))
    offer = index.offer

    async def never(distribution):
        if distribution == "other":
            await asyncio.Event().wait()
        return await offer(distribution)

    if bound == "time":
        monkeypatch.setattr("jackfield.resolution.beyond.MOST_SECONDS", 0.2)
        index.offer = never
    else:
        monkeypatch.setattr("jackfield.resolution.knowledge.MOST_PROJECTS", 3)
    kept: list[Settled] = []
    prefer = {"/lib": "1.0", "/chat-dice": "1.0.0"}
    solution = await solve("poll", "dice", prefer=prefer, settle=kept.append)
    version, why = solution.passed_over["chat-poll"] or ("", "")
    assert version == "2.0.0"
    assert (why == TOGETHER) is (bound == "time")  # the others are asked as well, where there is time
    assert len(kept) == 1
