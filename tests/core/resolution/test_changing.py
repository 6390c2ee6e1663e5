"""What is found where only a few plugins move is what a resolution of the whole finds, or it is left to that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from jackfield.errors import JackfieldError
from jackfield.manifest import Manifest, Pin, Requirement, Version
from jackfield.resolution import (
    Installed,
    Offer,
    Place,
    Remembered,
    Settled,
    Solution,
    Target,
    Want,
    resolve,
    resolve_change,
)

from tests.core.resolution.conftest import PUBLISHED, IndexInMemory, in_a_process_of_its_own
from tests.support.examples import examples

HOST = {"jackfield": Installed("1.0"), "jfhost": Installed("1.5")}


def places_of(solution: Solution) -> dict[Place, Pin]:
    """What is installed by a solution, as it is read from its lock."""
    found = {("", pin.distribution): pin.locked() for pin in solution.pins}
    for plugin, *libraries in solution.workers.values():
        found["", plugin.distribution] = plugin.locked()
        found |= {(plugin.distribution, pin.distribution): pin.locked() for pin in libraries}
    return found


@dataclass
class Application:
    """An application whose plugins are installed and updated, each time both ways."""

    index: IndexInMemory
    target: Target = field(
        default_factory=lambda: Target.current(
            app="chat", api_version=Version.parse("1.0.0"), installed=HOST, published=[*HOST.keys() & set(PUBLISHED)]
        )
    )
    installed: dict[Place, Pin] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    remembered: Remembered = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)

    def own_libraries(self, manifest: Manifest) -> bool:
        return in_a_process_of_its_own(manifest) or manifest.id in self.apart

    async def whole(self, wants: Sequence[Want], prefer: Mapping[Place, str], **options) -> Solution:
        pins = self.installed
        return await resolve(
            wants,
            catalog=self.index,
            target=self.target,
            prefer=prefer,
            held={place: Offer(pins[place].source, (pins[place].file,)) for place in prefer},
            remembered=self.remembered,
            own_libraries=self.own_libraries,
            staying={place: pin.file.sha256 for place, pin in pins.items()},
            **options,
        )

    async def install(self, *plugins: str) -> None:
        wants = [Want(f"chat-{plugin}", plugin) for plugin in plugins]
        self.installed = places_of(await self.whole(wants, {}, settle=self.settled.append))

    def wants(self, moving: Mapping[str, Want]) -> list[Want]:
        plugins = [pin for place, pin in self.installed.items() if pin.id is not None]
        return [moving.get(str(pin.id)) or Want(pin.distribution, str(pin.id)) for pin in plugins]

    async def both(self, *moving: Want) -> tuple[Solution | None, Solution | JackfieldError]:
        """A change as the short way finds it, from each set that was solved before, and as a resolution does."""
        found: Solution | None = None
        kept: list[Settled] = []
        for settled in self.settled:
            one = await resolve_change(
                moving,
                [settled],
                catalog=self.index,
                target=self.target,
                installed=self.installed,
                remembered=self.remembered,
                own_libraries=self.own_libraries,
                settle=kept.append,
            )
            assert found is None or one is None or found == one
            found = found or one
        named = {want.plugin: want for want in moving}
        prefer = {place: pin.version for place, pin in self.installed.items() if place[0] or pin.id not in named}
        try:
            whole: Solution | JackfieldError = await self.whole(self.wants(named), prefer, settle=kept.append)
        except JackfieldError as error:
            whole = error
        self.settled = kept + self.settled
        return found, whole


NAMES = ["ant", "bee", "cow", "dog"]
LIMITS = ["*", "^1.0", ">=1.0", ">=1.1", "<2.0", "==1.1.0", ">=2.0.0-a1", "^2.0"]
FIRST_LIMITS = {"^1.0", "<2.0", ">=1.0"}
VERSIONS = ["1.1.0", "1.2.0", "2.0.0", "3.0.0a1", "0.9.0"]
LIBRARIES = [(), ("jflib",), ("jflib>=2",), ("jflib<2", "jfcore"), ("jflib[more]",), ("jfhost>=1",), ("jfhost>=2",)]
RELEASE = st.fixed_dictionaries(
    {
        "needs": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(LIMITS), max_size=2),
        "optional": st.integers(0, 9).map(lambda number: number == 0),
        "requires": st.sampled_from(LIBRARIES),
        "isolation": st.sampled_from(["worker", "any", "any"]),
        "host": st.sampled_from([">=1.0 <2.0", ">=1.0 <2.0", ">=1.0 <2.0", ">=0.5 <1.0", ">=2.0"]),
        "yanked": st.sampled_from([None, None, None, "broken"]),
        "python": st.sampled_from([None, None, None, ">=3.99", "<3.2"]),
    }
)
CHANGE = st.tuples(
    st.dictionaries(st.tuples(st.sampled_from(NAMES), st.sampled_from(VERSIONS)), RELEASE, max_size=3),
    st.dictionaries(
        st.sampled_from(NAMES), st.tuples(st.sampled_from([None, None, *LIMITS]), st.booleans()), min_size=1, max_size=2
    ),
    st.booleans(),
)


def publish(index: IndexInMemory, name: str, version: str, release: Mapping[str, Any]) -> None:
    about = dict(release)
    mark = "?" if about.pop("optional") else ""
    needs = {other: f"{limit}{mark}" for other, limit in about.pop("needs").items() if other != name}
    filename = f"chat_{name}-{version}-py3-none-any.whl"
    if all(file.filename != filename for file in index.files.get(f"chat-{name}", ())):
        index.plugin(name, version, needs=needs, **about)


def libraries(index: IndexInMemory) -> None:
    for version in ("1.0", "2.0"):
        index.library("jflib", version, requires=("jfcore; extra == 'more'",))
        index.library("jfcore", version)


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(dict.fromkeys(NAMES, RELEASE)),
    st.sets(st.sampled_from(NAMES), min_size=1),
    st.lists(CHANGE, min_size=1, max_size=4),
    st.sets(st.sampled_from(NAMES), max_size=1),
)
def test_a_change_ends_where_a_resolution_of_the_whole_ends(first, chosen, changes, apart):
    index = IndexInMemory()
    libraries(index)
    for name, release in first.items():
        plain = {**release, "host": ">=1.0 <2.0", "yanked": None, "python": None}
        needs = {one: limit if limit in FIRST_LIMITS else "*" for one, limit in release["needs"].items() if one > name}
        publish(index, name, "1.0.0", {**plain, "needs": needs})
    application = Application(index)

    async def story() -> None:
        try:
            await application.install(*sorted(chosen))
        except JackfieldError:
            return  # jfhost>=2, say
        for published, moving, applied in changes:
            for (name, version), release in published.items():
                publish(index, name, version, release)
            wants = [
                Want(f"chat-{name}", name, Requirement.parse(limit) if limit else None, pre)
                for name, (limit, pre) in moving.items()
                if ("", f"chat-{name}") in application.installed
            ]
            if not wants:
                continue
            found, whole = await application.both(*wants)
            event("left to a resolution" if found is None else "the short way")
            assert found is None or found == whole
            if applied and isinstance(whole, Solution):
                application.installed = places_of(whole)
                application.apart = apart if len(apart & chosen) else set()

    asyncio.run(story())


@pytest.fixture
def application(index: IndexInMemory) -> Application:
    libraries(index)
    index.plugin("ant", requires=("jflib<2",), isolation="worker")
    index.plugin("bee", needs={"cow": "^1.0"})
    index.plugin("cow")
    return Application(index)


def move(name: str, limit: str | None = None, *, pre: bool = False) -> Want:
    return Want(f"chat-{name}", name, Requirement.parse(limit) if limit else None, pre)


async def versions_after(application: Application, *moving: Want) -> list[str] | None:
    """The versions after a change that the short way finds; None where it leaves it to a resolution."""
    found, whole = await application.both(*moving)
    if found is None:
        return None
    assert found == whole
    return [pin.version for pin in sorted(places_of(found).values(), key=lambda pin: pin.distribution)]


@pytest.mark.parametrize("plugin", ["ant", "bee", "cow"])
async def test_of_a_plugin_that_moves_alone_nobody_else_is_looked_at(application: Application, index, plugin):
    await application.install("ant", "bee")
    about: dict[str, dict[str, Any]] = {
        "ant": {"requires": ("jflib<2",), "isolation": "worker"},
        "bee": {"needs": {"cow": "^1.0"}},
        "cow": {},
    }
    index.plugin(plugin, "1.1.0", **about[plugin])
    index.calls.clear()
    found = await resolve_change(
        [move(plugin)],
        application.settled,
        catalog=index,
        target=application.target,
        installed=application.installed,
        remembered=application.remembered,
        own_libraries=application.own_libraries,
    )
    assert found is not None
    assert {call for call in index.calls if call.startswith("offer")} == {f"offer chat-{plugin}"}
    assert found == (await application.both(move(plugin)))[1]


async def test_one_change_after_the_other_takes_the_short_way(application: Application, index):
    await application.install("ant", "bee")
    for version, expected in (
        ("1.1.0", ["1.1.0", "1.0.0", "1.0.0", "1.0"]),
        ("1.2.0", ["1.2.0", "1.0.0", "1.0.0", "1.0"]),
    ):
        index.plugin("ant", version, requires=("jflib<2",), isolation="worker")
        found, whole = await application.both(move("ant"))
        assert found == whole
        application.installed = places_of(whole)
        assert [
            pin.version for pin in sorted(application.installed.values(), key=lambda one: one.distribution)
        ] == expected
    index.plugin("bee", "1.1.0", needs={"cow": "^1.0"})
    assert await versions_after(application, move("bee")) == ["1.2.0", "1.1.0", "1.0.0", "1.0"]


@pytest.mark.parametrize(
    ("plugin", "release"),
    [
        ("ant", {"requires": ("jflib>=2",), "isolation": "worker"}),
        ("ant", {"requires": ("jflib<2", "jfcore"), "isolation": "worker"}),
        ("ant", {"isolation": "worker"}),
        ("ant", {"requires": ("jflib<2",), "isolation": "any"}),
        ("bee", {"needs": {"cow": "^2.0"}}),
        ("bee", {"needs": {"cow": "^1.0?"}}),
        ("bee", {"needs": {"cow": "^1.0", "ant": "*"}}),
        ("bee", {}),
        ("bee", {"needs": {"cow": "^1.0"}, "host": ">=2.0"}),
    ],
    ids=str,
)
async def test_what_disturbs_somebody_is_left_to_a_resolution(application: Application, index, plugin, release):
    await application.install("ant", "bee")
    index.plugin(plugin, "1.1.0", **release)
    found, whole = await application.both(move(plugin))
    assert found is None or found == whole
    if release.get("host") is None:
        assert found is None


async def test_a_version_that_another_plugin_does_not_allow_is_left_to_a_resolution(application: Application, index):
    await application.install("ant", "bee")
    index.plugin("cow", "2.0.0")
    assert await versions_after(application, move("cow")) is None


async def test_two_that_move_and_need_each_other_are_looked_at_together(application: Application, index):
    await application.install("ant", "bee")
    index.plugin("bee", "2.0.0", needs={"cow": "^2.0"})
    index.plugin("cow", "2.0.0")
    found, whole = await application.both(move("bee"), move("cow"))
    assert found == whole
    assert [pin.version for pin in found.pins] == ["2.0.0", "2.0.0"]


async def test_a_set_that_was_changed_by_others_is_resolved_as_a_whole(application: Application, index):
    await application.install("ant", "bee")
    index.plugin("ant", "1.1.0", requires=("jflib<2",), isolation="worker")
    index.plugin("bee", "1.1.0", needs={"cow": "^1.0"})
    before = dict(application.installed)
    other = Application(index)
    await other.install("ant", "bee")
    application.installed = {**before, ("", "chat-bee"): other.installed["", "chat-bee"]}
    assert before != application.installed
    assert await versions_after(application, move("ant")) is None


async def test_another_environment_is_resolved_as_a_whole(application: Application, index):
    await application.install("ant", "bee")
    index.plugin("ant", "1.1.0", requires=("jflib<2",), isolation="worker")
    application.target = Target.current(app="chat", api_version=Version.parse("1.0.0"), installed={})
    assert await versions_after(application, move("ant")) is None


async def test_a_plugin_that_the_user_moved_to_a_process_of_its_own_is_resolved_as_a_whole(
    application: Application, index
):
    await application.install("ant", "bee")
    index.plugin("ant", "1.1.0", requires=("jflib<2",), isolation="worker")
    application.apart = {"cow"}
    assert await versions_after(application, move("ant")) is None
