"""The search for who is to blame, as a function of the answers, and on a profile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.management import Bisection, Environment, Management, Trial, restore
from jackfield.storage import State, longest_enabled
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin


def search(bisection: Bisection, happens) -> tuple[str | None, list[tuple[str, ...]]]:
    asked = []
    while (plugins := bisection.question) is not None:
        asked.append(plugins)
        bisection.answer(bad=happens(set(plugins)))
    return bisection.culprit, asked


@given(st.integers(1, 40).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_the_culprit_is_found_in_as_many_questions_as_halving_takes(sizes):
    """The last one takes one more: that it happens with all of them has to be seen once."""
    count, place = sizes
    order = [f"p{number}" for number in range(count)]
    culprit, asked = search(Bisection(order), lambda plugins: order[place] in plugins)
    assert culprit == order[place]
    assert asked[0] == ()
    assert len(asked) <= 1 + math.ceil(math.log2(count)) + (place == count - 1)


@given(st.integers(1, 40))
def test_what_does_not_happen_with_all_of_them_is_nobodys_fault(count):
    order = [f"p{number}" for number in range(count)]
    culprit, asked = search(Bisection(order), lambda plugins: False)
    assert culprit is None
    assert asked[-1] == tuple(order)


@given(st.sets(st.integers(0, 19), min_size=2, max_size=4))
def test_of_plugins_that_break_only_together_the_last_one_is_named(together):
    order = [f"p{number}" for number in range(20)]
    needed = {order[place] for place in together}
    culprit, _ = search(Bisection(order), lambda plugins: needed <= plugins)
    assert culprit == order[max(together)]


def test_where_it_happens_without_any_nobody_is_to_blame():
    bisection = Bisection(["a", "b"])
    culprit, asked = search(bisection, lambda plugins: True)
    assert (culprit, asked) == (None, [()])


def test_how_many_questions_are_left_never_grows():
    bisection = Bisection([str(number) for number in range(9)])
    left = []
    while bisection.question is not None:
        left.append(bisection.questions_left)
        bisection.answer(bad=bool(bisection.question))
    assert left == sorted(left, reverse=True)
    assert left[-1] == 1


@pytest.fixture
def profile(tmp_path) -> Profile:
    return Profile(Layout(tmp_path / "profile"))


@pytest.fixture
def management(profile) -> Management:
    environment = Environment(("chat.plugins",), path=[])
    return Management("chat", profile.layout, [], hostfile(), environment=environment)


@pytest.fixture
def installed(profile, tmp_path):
    wheels = tmp_path / "wheels"
    profile.install(
        build_plugin(wheels, "app", more='[requires]\nlib = "*"\nmissing = "*?"'),
        build_plugin(wheels, "lib"),
        build_plugin(wheels, "zoo"),
        build_plugin(wheels, "off"),
        build_plugin(wheels, "stuck", more='[requires]\nnowhere = "*"'),
    )
    profile.enable("app", "lib", "zoo", "stuck")
    return profile


def test_only_plugins_that_run_are_suspects_and_dependencies_come_first(management, installed):
    trial = Trial.of(management.inventory(), management.state, by="test")
    assert trial.suspects == ("lib", "app", "zoo")
    assert trial.with_needs("app") == ("lib", "app")


def test_the_wishes_come_back_whatever_happens(management, installed):
    before = dict(installed.state.items("wish/"))
    trial = Trial.of(management.inventory(), management.state, by="test")
    trial.begin()
    trial.run_with(("lib",))
    assert [installed.state.get(f"wish/{cid}") for cid in ("lib", "app", "zoo", "off")] == [True, False, False, None]
    with pytest.raises(UsageError, match="another search has not ended"):
        Trial.of(management.inventory(), management.state, by="test")
    assert restore(installed.state, by="another process") is True
    assert dict(installed.state.items("wish/")) == before
    assert restore(installed.state, by="another process") is False
    assert installed.state.get("bisect") is None


def test_who_was_enabled_first_still_was_after_a_search(management, installed):
    for plugin in ("lib", "stuck", "app"):  # after zoo
        installed.disable(plugin)
        installed.enable(plugin)
    order = ("zoo", "lib", "stuck", "app")
    assert longest_enabled(installed.state) == order
    trial = Trial.of(management.inventory(), management.state, by="test")
    trial.begin()
    for plugins in ((), ("app",), ("app", "zoo")):
        trial.run_with(plugins)
        assert longest_enabled(installed.state) == order
    installed.disable("stuck")
    trial.restore(disabled="lib")
    assert longest_enabled(installed.state) == longest_enabled(State(installed.layout.state)) == ("zoo", "app")


def test_a_search_that_was_ended_elsewhere_changes_nothing_any_more(management, installed):
    before = dict(installed.state.items("wish/"))
    trial = Trial.of(management.inventory(), management.state, by="test")
    trial.begin()
    trial.run_with(("lib",))
    restore(installed.state, by="another process")
    with pytest.raises(UsageError, match="this search was ended elsewhere"):
        trial.run_with(("lib", "app"))
    assert trial.restore() is False
    assert dict(installed.state.items("wish/")) == before


def test_without_an_enabled_plugin_there_is_nothing_to_search(management, profile, tmp_path):
    profile.install(build_plugin(tmp_path / "wheels", "off"))
    with pytest.raises(UsageError, match="no plugin is enabled"):
        Trial.of(management.inventory(), management.state, by="test")
