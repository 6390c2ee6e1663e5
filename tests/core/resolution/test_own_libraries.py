"""Plugins with a process of their own have libraries of their own, beside those that share the application's."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.errors import ResolutionError
from jackfield.manifest import Version
from jackfield.resolution import Installed, Offer, Solution, Target, Want, resolve
from packaging.requirements import Requirement

from tests.core.resolution.conftest import PUBLISHED, IndexInMemory, in_a_process_of_its_own
from tests.support.examples import examples

HOST = dict.fromkeys((*PUBLISHED, "jackfield-chat", "httpx"), Installed("1.0"))


def shared(solution: Solution) -> dict[str, str]:
    return {pin.distribution: pin.version for pin in solution.pins}


def own(solution: Solution, plugin: str) -> dict[str, str]:
    return {pin.distribution: pin.version for pin in solution.workers[plugin]}


@pytest.mark.feature("K41")
async def test_two_have_two_versions_of_one_library_and_a_third_is_beside_them_in_the_application(index, solve):
    for version in ("1.0", "2.0", "3.0"):
        index.library("jflib", version)
    index.plugin("poll", requires=("jflib<2",), isolation="worker")
    index.plugin("dice", requires=("jflib<3",), isolation="worker")
    index.plugin("clock", requires=("jflib",), isolation="inline")
    solution = await solve("poll", "dice", "clock")
    assert own(solution, "poll") == {"chat-poll": "1.0.0", "jflib": "1.0"}
    assert own(solution, "dice") == {"chat-dice": "1.0.0", "jflib": "2.0"}
    assert shared(solution) == {"chat-clock": "1.0.0", "jflib": "3.0"}
    assert solution.manifests.keys() == {"chat-poll", "chat-dice", "chat-clock"}


@pytest.mark.feature("K41")
async def test_what_they_require_of_each_other_is_one_version_for_all_and_no_library(index, solve):
    index.plugin("geo", "1.0.0", isolation="worker", requires=("jflib",))
    index.plugin("geo", "2.0.0", isolation="worker", requires=("jflib",))
    index.library("jflib")
    index.plugin("maps", needs={"geo": "^1.0"}, isolation="worker", requires=("chat-geo<2",))
    index.plugin("clock", needs={"geo": "*"}, isolation="inline")
    solution = await solve("maps", "clock")
    assert own(solution, "maps") == {"chat-maps": "1.0.0"}
    assert own(solution, "geo") == {"chat-geo": "1.0.0", "jflib": "1.0"}
    assert shared(solution) == {"chat-clock": "1.0.0"}
    (maps,) = solution.workers["maps"]
    assert maps.requires == ("chat-geo",)


async def test_requires_dist_that_mirrors_a_plugin_must_agree(index, solve):
    index.plugin("geo", "2.0.0", isolation="worker")
    index.plugin("maps", needs={"geo": "*"}, isolation="worker", requires=("chat-geo<2",))
    with pytest.raises(ResolutionError, match=r"maps 1\.0\.0 needs (geo|chat-geo)"):
        await solve("maps")


@pytest.mark.feature("K42")
async def test_the_plugin_comes_first_and_then_its_libraries(index, solve):
    index.library("aardvark", requires=("zebra",))
    index.library("zebra")
    index.plugin("poll", requires=("aardvark",), isolation="worker")
    solution = await solve("poll")
    assert list(own(solution, "poll")) == ["chat-poll", "aardvark", "zebra"]


async def test_of_the_host_only_what_it_publishes_is_fixed(index, solve):
    index.library("httpx", "2.0")
    index.plugin("poll", requires=("httpx>=2", "msgspec", "jackfield-chat-api"), isolation="worker")
    solution = await solve("poll", installed=HOST)
    assert own(solution, "poll") == {"chat-poll": "1.0.0", "httpx": "2.0"}
    assert solution.host_used == {"msgspec": "1.0", "jackfield-chat-api": "1.0"}
    index.plugin("dice", requires=("httpx>=2",), isolation="inline")
    with pytest.raises(ResolutionError, match=r"this application has httpx 1\.0"):
        await solve("dice", installed=HOST)


async def test_a_published_one_in_another_version_is_told_with_the_way_out(index, solve):
    index.plugin("poll", requires=("msgspec>=2",), isolation="worker")
    with pytest.raises(ResolutionError, match=r"poll 1\.0\.0 needs msgspec >=2, but this application has msgspec 1\.0"):
        await solve("poll", installed=HOST)


async def test_what_the_application_keeps_to_itself_is_not_seen(index, solve):
    index.plugin("poll", requires=("jackfield-chat",), isolation="worker")
    with pytest.raises(ResolutionError, match="a plugin with a process of its own does not see it"):
        await solve("poll", installed=HOST)


async def test_a_plugin_of_the_environment_is_required_and_never_brought(index, solve):
    installed = {**HOST, "chat-geo": Installed("1.4", plugin="geo")}
    index.plugin("maps", needs={"geo": "^1.2"}, isolation="worker", requires=("chat-geo>=1.2",))
    solution = await solve("maps", installed=installed)
    assert own(solution, "maps") == {"chat-maps": "1.0.0"}


async def test_extras_are_their_own_too(index, solve):
    index.library("jflib", requires=('jfmath>=1; extra == "fast"',))
    index.library("jfmath", "1.0")
    index.plugin("poll", requires=("jflib[fast]",), isolation="worker")
    index.plugin("dice", requires=("jflib",), isolation="worker")
    solution = await solve("poll", "dice")
    assert own(solution, "poll") == {"chat-poll": "1.0.0", "jflib": "1.0", "jfmath": "1.0"}
    assert own(solution, "dice") == {"chat-dice": "1.0.0", "jflib": "1.0"}


async def test_what_one_has_already_stays_and_nobody_is_asked_about_it(index, solve):
    for version in ("1.0", "2.0"):
        index.library("jflib", version)
    index.plugin("poll", requires=("jflib",), isolation="worker")
    index.plugin("dice", requires=("jflib",), isolation="worker")
    first = (await solve("poll", prefer={"chat-poll/jflib": "1.0"})).workers["poll"]
    assert {pin.distribution: pin.version for pin in first}["jflib"] == "1.0"
    names = ("chat-poll", "chat-poll/jflib")
    held = {name: Offer(index.source, (pin.file,)) for pin, name in zip(first, names, strict=True)}
    prefer = {"chat-poll": "1.0.0", "chat-poll/jflib": "1.0"}
    index.calls.clear()
    again = await solve("poll", prefer=prefer, held=held)
    assert own(again, "poll") == {"chat-poll": "1.0.0", "jflib": "1.0"}
    assert not [call for call in index.calls if call.startswith("offer")]
    both = await solve("poll", "dice", prefer=prefer, held=held)
    assert (own(both, "poll")["jflib"], own(both, "dice")["jflib"]) == ("1.0", "2.0")


async def test_one_that_moves_into_the_application_takes_part_in_the_joint_set(index, solve):
    for version in ("1.0", "2.0"):
        index.library("jflib", version)
    index.plugin("poll", requires=("jflib<2",))
    index.plugin("dice", requires=("jflib>=2",))
    apart = await solve("poll", "dice", own_libraries=lambda manifest: manifest.id == "poll")
    assert own(apart, "poll")["jflib"] == "1.0"
    assert shared(apart) == {"chat-dice": "1.0.0", "jflib": "2.0"}
    with pytest.raises(ResolutionError, match="no version of jflib is both"):
        await solve("poll", "dice", own_libraries=lambda manifest: False)


LIBRARIES = ["ash", "elm", "fir", "oak"]
LINES = st.lists(
    st.builds(
        lambda name, limit: f"{name}{limit}",
        st.sampled_from([*LIBRARIES, "msgspec", "httpx"]),
        st.sampled_from(["", "<2", ">=2", "==1.0"]),
    ),
    max_size=3,
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    libraries=st.dictionaries(st.tuples(st.sampled_from(LIBRARIES), st.sampled_from(["1.0", "2.0"])), LINES),
    plugins=st.dictionaries(
        st.sampled_from(["poll", "dice", "clock"]), st.tuples(LINES, st.sampled_from(["worker", "inline"])), min_size=1
    ),
)
def test_each_process_has_all_that_is_asked_for_in_it_and_nothing_else(libraries, plugins):
    """Every line of every wheel of a process holds within that process, and every library there is reached."""
    index = IndexInMemory()
    lines = {(name, version): tuple(wanted) for (name, version), wanted in libraries.items()}
    for (name, version), wanted in lines.items():
        index.library(name, version, requires=wanted)
    index.library("httpx", "1.0")
    lines["httpx", "1.0"] = ()
    for plugin, (wanted, isolation) in plugins.items():
        index.plugin(plugin, requires=tuple(wanted), isolation=isolation)
        lines[f"chat-{plugin}", "1.0.0"] = tuple(wanted)
    target = Target.current(app="chat", api_version=Version.parse("1.0.0"), installed=HOST, published=PUBLISHED)
    wants = [Want(f"chat-{plugin}", plugin) for plugin in plugins]
    try:
        solution = asyncio.run(resolve(wants, catalog=index, target=target, own_libraries=in_a_process_of_its_own))
    except ResolutionError:
        return
    assert set(solution.workers) == {plugin for plugin, (_, isolation) in plugins.items() if isolation == "worker"}
    for fixed, pins in [(HOST, solution.pins), *((PUBLISHED, own) for own in solution.workers.values())]:
        there = {pin.distribution: pin.version for pin in pins}
        reached = {pin.distribution for pin in pins if pin.id is not None}
        for pin in pins:
            for line in map(Requirement, lines[pin.distribution, pin.version]):
                version = "1.0" if line.name in fixed else there[line.name]
                assert line.specifier.contains(version), (pin.distribution, str(line))
                reached.add(line.name)
        assert there.keys() <= reached
        assert not there.keys() & set(fixed)
