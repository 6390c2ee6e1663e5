"""Which versions are chosen."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest
from jackfield.errors import DependencyLoop, ResolutionError
from jackfield.manifest import Requirement
from jackfield.resolution import Installed, Want
from jackfield.resolution.searching import search

from tests.support.waiting import until


def versions(solution):
    return {pin.distribution: pin.version for pin in solution.pins}


@pytest.mark.feature("K37")
async def test_the_newest_version_with_all_that_it_needs(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "1.2.0", requires=("jflib>=1",), needs={"helper": "^1.0"})
    index.plugin("helper", "1.5.0")
    index.plugin("helper", "2.0.0")
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "1.2.0", "chat-helper": "1.5.0", "jflib": "2.0"}
    pins = {pin.distribution: pin for pin in solution.pins}
    assert pins["chat-poll"].requires == ("chat-helper", "jflib")
    assert (pins["chat-poll"].id, pins["jflib"].id) == ("poll", None)
    assert pins["jflib"].source == "https://plugins.example"
    assert set(solution.manifests) == {"chat-poll", "chat-helper"}
    assert list(solution.brought_by["jflib"]) == ["chat-poll"]


async def test_what_is_installed_stays_where_it_can(index, solve):
    for version in ("1.0", "2.0"):
        index.library("jflib", version)
    index.plugin("poll", requires=("jflib",))
    index.plugin("dice", requires=("jflib>=2",))
    assert versions(await solve("poll", prefer={"jflib": "1.0"}))["jflib"] == "1.0"
    assert versions(await solve("poll", "dice", prefer={"jflib": "1.0"}))["jflib"] == "2.0"


async def test_it_goes_back_to_an_older_version_where_the_newest_does_not_fit(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", "2.0.0", requires=("jflib>=2",))
    index.plugin("poll", "1.0.0", requires=("jflib>=1",))
    index.plugin("dice", requires=("jflib<2",))
    assert versions(await solve("poll", "dice")) == {"chat-poll": "1.0.0", "chat-dice": "1.0.0", "jflib": "1.0"}


@pytest.mark.feature("K43")
async def test_distributions_of_the_host_are_fixed_and_not_installed_again(index, solve):
    index.library("pluggy", "9.0")
    index.plugin("poll", "2.0.0", requires=("pluggy>=9",))
    index.plugin("poll", "1.0.0", requires=("pluggy>=1",))
    solution = await solve("poll", installed={"pluggy": Installed("1.6.0")})
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.host_used == {"pluggy": "1.6.0"}
    assert "offer pluggy" not in index.calls


async def test_an_extra_of_a_host_distribution_brings_what_the_host_lacks(index, solve):
    index.library("h2", "4.0")
    index.plugin("web", requires=("httpx[http2]>=0.2",))
    host = {"httpx": Installed("0.28.1", ("idna", 'h2>=3; extra == "http2"', 'rich; extra == "cli"'))}
    assert versions(await solve("web", installed=host)) == {"chat-web": "1.0.0", "h2": "4.0"}


async def test_extras_belong_to_the_one_version_that_is_chosen(index, solve):
    index.library("jflib", "1.0", requires=('jfmore==1; extra == "more"',))
    index.library("jflib", "2.0", requires=('jfmore==2; extra == "more"',))
    index.library("jfmore", "1")
    index.library("jfmore", "2")
    index.plugin("poll", requires=("jflib[more]",))
    index.plugin("dice", requires=("jflib<2",))
    assert versions(await solve("poll", "dice")) == {
        "chat-poll": "1.0.0",
        "chat-dice": "1.0.0",
        "jflib": "1.0",
        "jfmore": "1",
    }


async def test_markers_of_another_platform_or_python_do_not_count(index, solve):
    index.plugin("poll", requires=('nowhere; sys_platform == "plan9"', 'nothing; python_version < "3"'))
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}


async def test_wheels_of_another_platform_and_python_are_passed_over(index, solve):
    index.plugin("poll", "3.0.0", tag="cp39-cp39-win32")
    index.plugin("poll", "2.0.0", python=">=4")
    index.plugin("poll", "1.0.0")
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}


async def test_of_one_version_the_highest_build_is_taken_as_a_number(index, solve):
    for build in ("1", "2x", "10", "2"):
        index.plugin("poll", "1.0.0", tag=f"{build}-py3-none-any")
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "0.9.0", tag="99-py3-none-any")
    (pin,) = (await solve("poll")).pins
    assert pin.file.filename == "chat_poll-1.0.0-10-py3-none-any.whl"


async def test_of_one_version_the_wheel_with_the_better_tag_is_taken(index, solve):
    here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    for tag in ("py2.py3-none-any", f"{here}-none-any", "py3-none-any"):
        index.library("jflib", "1.0", tag=tag)
    index.plugin("poll", requires=("jflib",))
    (lib,) = (pin for pin in (await solve("poll")).pins if pin.distribution == "jflib")
    assert lib.file.filename == f"jflib-1.0-{here}-none-any.whl"


async def test_yanked_and_pre_release_versions_are_passed_over(index, solve):
    index.plugin("poll", "3.0.0rc1")
    index.plugin("poll", "2.0.0", yanked="broken")
    index.plugin("poll", "1.0.0")
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}


@pytest.mark.parametrize("text", ["=2.0.0", "==2.0.0", "2.0.0"])
async def test_a_yanked_version_that_is_named_exactly_is_taken(index, solve, text):
    index.plugin("poll", "2.0.0", yanked=True)
    index.plugin("poll", "1.0.0")
    solution = await solve(Want("chat-poll", "poll", Requirement.parse(text)))
    assert versions(solution) == {"chat-poll": "2.0.0"}


@pytest.mark.parametrize("text", ["==2.0", "===2.0", "==2.0.0"])
async def test_a_yanked_library_that_is_named_exactly_is_taken(index, solve, text):
    """PEP 592: by `==` without a wildcard, or `===`."""
    index.library("jflib", "2.0", yanked=True)
    index.library("jflib", "1.0")
    index.plugin("poll", requires=(f"jflib{text}",))
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0", "jflib": "2.0"}


@pytest.mark.parametrize("text", ["<=2.0", "~=1.0", "!=1.5", ">=1.0,<=2.0"])
async def test_a_yanked_library_at_the_end_of_a_range_is_not_named(index, solve, text):
    index.library("jflib", "2.0", yanked=True)
    index.library("jflib", "1.0")
    index.plugin("poll", requires=(f"jflib{text}",))
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0", "jflib": "1.0"}


async def test_a_yanked_version_that_is_installed_may_stay(index, solve):
    index.plugin("poll", "2.0.0", yanked=True)
    index.plugin("poll", "1.0.0")
    assert versions(await solve("poll", prefer={"chat-poll": "2.0.0"})) == {"chat-poll": "2.0.0"}


async def test_pre_releases_are_taken_when_asked_for_or_named(index, solve):
    index.plugin("poll", "2.0.0rc1")
    index.plugin("poll", "1.0.0")
    assert versions(await solve(Want("chat-poll", "poll", pre=True))) == {"chat-poll": "2.0.0rc1"}
    named = Want("chat-poll", "poll", Requirement.parse(">=2.0.0-rc.1"))
    assert versions(await solve(named)) == {"chat-poll": "2.0.0rc1"}


async def test_a_version_for_another_api_of_the_host_is_passed_over(index, solve):
    index.plugin("poll", "2.0.0", host=">=2.0")
    index.plugin("poll", "1.0.0", host=">=1.0 <2.0")
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}


async def test_a_plugin_of_the_environment_fulfils_requires(index, solve):
    index.plugin("poll", needs={"helper": ">=1.0"})
    solution = await solve("poll", installed={"chat-helper": Installed("1.4", plugin="helper")})
    assert versions(solution) == {"chat-poll": "1.0.0"}
    assert solution.host_used == {"chat-helper": "1.4"}


class TestOptional:
    async def test_it_may_be_absent(self, index, solve):
        index.plugin("poll", needs={"helper": "^1.0?", "nobody-has-it": "^1.0?"})
        index.plugin("helper", "1.0.0")
        assert versions(await solve("poll")) == {"chat-poll": "1.0.0"}

    @pytest.mark.feature("K12")
    async def test_present_it_must_fit(self, index, solve):
        index.plugin("poll", needs={"helper": "^1.0?"})
        index.plugin("helper", "2.0.0")
        index.plugin("helper", "1.0.0")
        assert versions(await solve("poll", "helper"))["chat-helper"] == "1.0.0"


class TestOptionalThatIsBroughtAlong:
    """Present because another plugin brings it, an optional dependency must fit all the same (K12)."""

    @pytest.mark.feature("K12")
    async def test_a_version_is_chosen_that_fits_both(self, index, solve):
        index.plugin("poll", needs={"helper": "^1.0?"})
        index.plugin("dice", needs={"helper": "*"})
        index.plugin("helper", "1.5.0")
        index.plugin("helper", "2.0.0")
        assert versions(await solve("poll", "dice"))["chat-helper"] == "1.5.0"

    @pytest.mark.feature("K12")
    async def test_where_none_fits_both_it_is_a_conflict(self, index, solve):
        index.plugin("poll", needs={"helper": "^1.0?"})
        index.plugin("dice", needs={"helper": "^2.0"})
        index.plugin("helper", "1.5.0")
        index.plugin("helper", "2.0.0")
        with pytest.raises(ResolutionError, match=r"poll 1.0.0 needs helper \^1.0") as caught:
            await solve("poll", "dice")
        assert "dice 1.0.0 needs helper ^2.0" in str(caught.value)

    async def test_what_then_brings_it_no_more_leaves_it_out(self, index, solve):
        index.plugin("poll", needs={"helper": "^1.0?"})
        index.plugin("dice", "2.0.0", needs={"helper": "^2.0"})
        index.plugin("dice", "1.0.0")
        index.plugin("helper", "1.5.0")
        index.plugin("helper", "2.0.0")
        assert versions(await solve("poll", "dice")) == {"chat-poll": "1.0.0", "chat-dice": "1.0.0"}


async def test_extras_of_a_library_are_known_by_their_normalised_names(index, solve):
    index.library("jflib", requires=('jfmore; extra == "more-of-it"', 'jfless; extra == "less"'))
    index.library("jfmore")
    index.plugin("poll", requires=("jflib[More_Of.It]",))
    assert versions(await solve("poll")) == {"chat-poll": "1.0.0", "jflib": "1.0", "jfmore": "1.0"}


async def test_an_extra_that_nobody_offers_brings_nothing(index, solve):
    index.library("jflib", requires=('jfmore; extra == "more"',))
    index.plugin("poll", requires=("jflib[nope]",))
    solution = await solve("poll")
    assert versions(solution) == {"chat-poll": "1.0.0", "jflib": "1.0"}
    (unknown,) = solution.unknown_extras
    assert (unknown.asker, unknown.place, unknown.extra) == (("", "chat-poll"), ("", "jflib"), "nope")


@pytest.mark.parametrize("wanted", ["more", "bare", "MORE"])
async def test_an_extra_is_known_that_a_library_states_or_uses(index, solve, wanted):
    index.library("jflib", requires=('jfmore; extra == "more"',), extras=("bare",))
    index.library("jfmore")
    index.plugin("poll", requires=(f"jflib[{wanted}]",))
    assert (await solve("poll")).unknown_extras == ()


async def test_older_versions_are_fetched_at_once_where_the_newest_cannot_be_meant(index, solve):
    for number in range(20):
        index.library(f"jflib{number}", "2.0")
        index.library(f"jflib{number}", "1.0")
    index.plugin("poll", requires=tuple(f"jflib{number}<2" for number in range(20)))
    await solve("poll")
    assert not [call for call in index.calls if "-2.0-" in call]


@pytest.mark.slow
async def test_a_search_without_end_is_ended(index, solve, monkeypatch):
    """Twenty pigeons in nineteen holes: nothing but to try them all tells that it cannot be."""
    for pigeon in range(20):
        for hole in range(19):
            index.plugin(f"p{pigeon}", f"{hole + 1}.0.0", requires=(f"hole{hole}=={pigeon}",))
    for hole in range(19):
        for pigeon in range(20):
            index.library(f"hole{hole}", str(pigeon))
    monkeypatch.setattr("jackfield.resolution.resolver.MOST_ROUNDS", 10**9)  # a fast machine takes them in a second
    began = time.process_time()  # a busy machine lends us less, and then the search ends after less work
    with pytest.raises(ResolutionError, match=r"^no set was found within 1 s"):
        await solve(*(f"p{pigeon}" for pigeon in range(20)), seconds=1.0)
    assert time.process_time() - began < 5.0
    await until(lambda: not searches(), timeout_seconds=60.0)  # its next step is its last


def searches() -> bool:
    """Whether a thread of this process is still in a search."""
    for frame in sys._current_frames().values():
        below: FrameType | None = frame
        while below is not None:
            if below.f_code is search.__code__:
                return True
            below = below.f_back
    return False


async def test_a_set_that_grows_without_end_is_not_followed(index, solve, monkeypatch):
    monkeypatch.setattr("jackfield.resolution.knowledge.MOST_PROJECTS", 20)
    for number in range(40):
        index.library(f"jflib{number}", requires=(f"jflib{number + 1}",))
    index.plugin("poll", requires=("jflib0",))
    with pytest.raises(ResolutionError, match="the set needs more than 20 distributions"):
        await solve("poll")
    assert len([call for call in index.calls if call.startswith("offer")]) <= 20


async def test_a_loop_of_plugins_is_printed(index, solve):
    index.plugin("a", needs={"b": "*"})
    index.plugin("b", needs={"c": "*"})
    index.plugin("c", needs={"a": "*"})
    with pytest.raises(DependencyLoop, match="a → b → c → a"):
        await solve("a")


async def test_a_loop_that_only_a_version_needed_which_was_not_taken_hinders_nobody(index, solve):
    index.plugin("ant", "1.0.0", needs={"bee": "*"})
    index.plugin("ant", "2.0.0")
    index.plugin("bee", needs={"cow": "*", "dog": "*"})
    index.plugin("cow", needs={"bee": "*"})
    index.plugin("dog", needs={"ant": "^2.0"})
    solution = await solve("ant", prefer={"chat-ant": "1.0.0"})
    assert versions(solution) == {"chat-ant": "2.0.0"}


async def test_a_loop_of_libraries_is_none_of_our_business(index, solve):
    index.library("jfa", requires=("jfb",))
    index.library("jfb", requires=("jfa",))
    index.plugin("poll", requires=("jfa",))
    assert set(versions(await solve("poll"))) == {"chat-poll", "jfa", "jfb"}


async def test_what_comes_next_is_fetched_before_it_is_asked_for(index, solve):
    for number in range(30):
        index.library(f"jflib{number}", requires=(f"jflib{number + 1}",) if number < 29 else ())
    index.plugin("poll", requires=("jflib0",))
    await solve("poll")
    offers = [call for call in index.calls if call.startswith("offer")]
    assert len(offers) == len(set(offers)) == 31
    assert len(index.calls) == 31 * 2


async def test_a_set_of_240_is_found_within_a_second_of_the_processor(index, solve):
    for number in range(200):
        for version in ("1.0", "1.1", "2.0"):
            index.library(f"jflib{number}", version, requires=(f"jflib{number + 1}>=1",) if number < 199 else ())
    for number in range(40):
        index.plugin(f"p{number}", requires=(f"jflib{number * 5}<2",))
    needed: list[float] = []
    while len(needed) < 4 and min(needed, default=1) >= 1:  # a core that is shared is a slow one
        began = time.process_time()
        solution = await solve(*(f"p{number}" for number in range(40)))
        needed.append(time.process_time() - began)
        assert len(solution.pins) == 240
    assert min(needed) < 1
