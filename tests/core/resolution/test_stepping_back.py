"""Nobody steps back to an old version that knows nothing of this host; each shape of it, in the chat's API 1.0.0."""

from __future__ import annotations

import pytest
from jackfield.errors import ResolutionError
from jackfield.manifest import Requirement
from jackfield.resolution import Offer, Want

pytestmark = pytest.mark.feature("K36")

BEFORE = ">=0.5 <1.0"
"""The range of a version that the host has outgrown."""


def versions(solution):
    return {pin.distribution: pin.version for pin in solution.pins}


def exactly(plugin: str, version: str) -> Want:
    return Want(f"chat-{plugin}", plugin, Requirement.parse(f"={version}"))


@pytest.mark.parametrize("older", [">=0.1", ">0.1", "*", "[0.1,)", None], ids=str)
async def test_an_older_version_without_an_end_is_no_way_out(index, solve, older):
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=older)
    with pytest.raises(ResolutionError) as caught:
        await solve("poll")
    assert caught.value.message == (
        "you ask for poll, but none can be used: 2.0.0 needs chat >=0.5 <1.0, this is chat 1.0.0; "
        "1.0.0 is older than 2.0.0, which is not for chat 1.0.0, and does not say that it is"
    )


async def test_the_newest_of_those_that_refuse_counts_whatever_lies_between(index, solve):
    index.plugin("poll", "3.0.0", host=BEFORE)
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=None)
    with pytest.raises(ResolutionError, match=r"1\.0\.0 is older than 3\.0\.0, which is not for chat 1\.0\.0"):
        await solve("poll")


@pytest.mark.parametrize("older", [">=0.5 <2.0", "^1.0", "[0.5,1.5)"])
async def test_an_older_version_with_an_end_that_takes_this_host_is_taken_and_told(index, solve, older):
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=older)
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.passed_over == {"chat-poll": ("2.0.0", "needs chat >=0.5 <1.0, this is chat 1.0.0")}


async def test_an_older_version_that_was_tested_with_this_host_is_taken(index, solve):
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=">=0.1", tested="1.0.0")
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}


async def test_an_older_host_gets_the_older_version_and_is_told(index, solve):
    """The newest needs more than this host has: that the older one is right for it is what its range says."""
    index.plugin("poll", "2.0.0", host=">=2.0")
    index.plugin("poll", "1.0.0", host=">=0.1")
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.passed_over == {"chat-poll": ("2.0.0", "needs chat >=2.0, this is chat 1.0.0")}


async def test_a_newer_version_than_the_one_that_refuses_is_taken(index, solve):
    index.plugin("poll", "3.0.0", host=">=1.0")
    index.plugin("poll", "2.0.0", host=BEFORE)
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "3.0.0"}
    assert solution.passed_over == {"chat-poll": None}


async def test_a_version_that_is_named_is_taken(index, solve):
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=">=0.1")
    assert versions(await solve(exactly("poll", "1.0.0"))) == {"chat-poll": "1.0.0"}


async def test_what_is_installed_stays(index, solve):
    index.plugin("poll", "2.0.0", host=BEFORE)
    index.plugin("poll", "1.0.0", host=">=0.1")
    solution = await solve("poll", prefer={"chat-poll": "1.0.0"})
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.passed_over == {"chat-poll": None}


@pytest.mark.parametrize("left_out", [{"yanked": "loses votes"}, {"version": "2.0.0rc1"}], ids=["yanked", "pre"])
async def test_a_version_that_is_not_offered_says_nothing_of_older_ones(index, solve, left_out):
    index.plugin("poll", **{"version": "2.0.0", "host": BEFORE, **left_out})
    index.plugin("poll", "1.0.0", host=">=0.1")
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.passed_over == {"chat-poll": None}


async def test_another_plugin_brings_no_older_version_in_either(index, solve):
    index.plugin("geocoder", "2.0.0", host=BEFORE)
    index.plugin("geocoder", "1.0.0", host=None)
    index.plugin("weather", "1.0.0", needs={"geocoder": ">=1.0"})
    with pytest.raises(ResolutionError, match=r"weather 1\.0\.0 needs geocoder >=1\.0, but none can be used: 2\.0\.0"):
        await solve("weather")


async def test_a_conflict_that_costs_the_newest_version_is_told(index, solve):
    index.library("lib", "1.0")
    index.library("lib", "2.0")
    index.plugin("poll", "2.0.0", requires=("lib>=2",))
    index.plugin("poll", "1.0.0", requires=("lib",))
    index.plugin("dice", "1.0.0", requires=("lib<2",))
    solution = await solve("poll", "dice")
    assert versions(solution) == {"chat-poll": "1.0.0", "chat-dice": "1.0.0", "lib": "1.0"}
    version, why = solution.passed_over["chat-poll"] or ("", "")
    assert version == "2.0.0"
    assert why.endswith("and no version of lib is both")


@pytest.mark.parametrize("newest", ["<3.11", ">=3.8,<3.11", "==3.10.*", "~=3.10.0", "<=3.10"])
@pytest.mark.parametrize("older", [">=3.8", None, "!=3.9.*"], ids=str)
async def test_a_python_that_went_on_is_the_same_case(index, solve, newest, older):
    index.plugin("poll", "2.0.0", python=newest)
    index.plugin("poll", "1.0.0", python=older)
    with pytest.raises(ResolutionError, match=r"1\.0\.0 is older than 2\.0\.0, which is not for Python 3"):
        await solve("poll")


async def test_an_older_version_may_name_this_python_or_the_newest_may_need_a_newer_one(index, solve):
    index.plugin("poll", "2.0.0", python="<3.11")
    index.plugin("poll", "1.0.0", python=">=3.8,<4")
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}
    index.plugin("dice", "2.0.0", python=">=4.0")
    index.plugin("dice", "1.0.0")
    assert versions(await solve("dice")) == {"chat-dice": "1.0.0"}


async def test_the_libraries_of_an_index_go_by_what_their_files_say(index, solve):
    """Nobody vouches for a library: what an old one says of Python is all there is, as for pip and uv."""
    index.library("lib", "2.0", python="<3.11")
    index.library("lib", "1.0")
    index.plugin("poll", requires=("lib",))
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0", "lib": "1.0"}


async def test_what_is_installed_and_fits_no_more_stays_rather_than_block_the_rest(index, solve):
    index.plugin("poll", "1.0.0", host=BEFORE)
    index.plugin("dice", "1.0.0")
    (file,) = index.files["chat-poll"]
    options = {"prefer": {"chat-poll": "1.0.0"}, "held": {"chat-poll": Offer(index.source, (file,))}}
    with pytest.raises(ResolutionError, match="none can be used"):
        await solve("poll", "dice", **options)
    solution = await solve("poll", "dice", staying={("", "chat-poll"): file.sha256}, **options)
    assert versions(solution) == {"chat-poll": "1.0.0", "chat-dice": "1.0.0"}
    index.plugin("poll", "2.0.0", host=">=1.0 <2.0")
    assert versions(await solve("poll", staying={("", "chat-poll"): file.sha256}, **options)) == {"chat-poll": "2.0.0"}


@pytest.mark.parametrize("left_out", [{"yanked": "it leaks"}, {"version": "1.0rc1"}, {"python": "<3"}])
@pytest.mark.parametrize("isolation", ["any", "worker"])
async def test_what_stays_for_one_plugin_comes_to_no_other(index, solve, isolation, left_out):
    index.library("jflib", **left_out)
    index.plugin("poll", requires=("jflib",), isolation="worker")
    index.plugin("dice", requires=("jflib",), isolation=isolation)
    (file,) = index.files["jflib"]
    staying = {("chat-poll", "jflib"): file.sha256}
    alone = await solve("poll", staying=staying)
    assert {pin.distribution for pin in alone.workers["poll"]} == {"chat-poll", "jflib"}
    with pytest.raises(ResolutionError, match=r"dice 1\.0\.0 needs jflib, but none can be used"):
        await solve("poll", "dice", staying=staying)
