"""The comparison of what runs with what shall run, as rules."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from jackfield.host import Footing, compare

A, B, LIB, LIB2 = (Path(name) for name in ("a", "b", "lib", "lib2"))


def footing(version: str, *trees: Path, requires: str = "", restart_only: bool = False, own: bool = False) -> Footing:
    return Footing((version,), frozenset(trees), frozenset(requires), restart_only, own)


def no_machine_code(_trees: object) -> list[str]:
    return []


def test_what_is_the_same_runs_on():
    running = {"a": footing("1", A, LIB), "b": footing("1", B, requires="a")}
    switch = compare(running, dict(running), no_machine_code)
    assert (switch.stop, switch.held) == (frozenset(), {})


def test_what_changed_or_went_is_stopped_with_everyone_who_needs_it():
    running = {
        "a": footing("1", A),
        "b": footing("1", B, requires="a"),
        "c": footing("1", requires="b"),
        "d": footing("1"),
    }
    assert compare(running, {**running, "a": footing("2", A)}, no_machine_code).stop == {"a", "b", "c"}
    gone = {cid: one for cid, one in running.items() if cid not in "abc"}
    assert compare(running, gone, no_machine_code).stop == {"a", "b", "c"}


def test_what_is_new_stops_nobody():
    running = {"a": footing("1", A)}
    assert compare(running, {**running, "b": footing("1", B)}, no_machine_code).stop == frozenset()


def test_a_library_of_its_own_is_exchanged_with_the_plugin():
    switch = compare({"a": footing("1", A, LIB)}, {"a": footing("1", A, LIB2)}, no_machine_code)
    assert switch.stop == {"a"}
    assert dict(switch.held) == {}


def test_a_shared_library_is_exchanged_only_when_every_user_is_replaced():
    running = {"a": footing("1", A, LIB), "b": footing("1", B, LIB)}
    both = {"a": footing("2", A, LIB2), "b": footing("2", B, LIB2)}
    assert compare(running, both, no_machine_code).stop == {"a", "b"}
    one = {"a": footing("2", A, LIB2), "b": footing("1", B, LIB2)}
    switch = compare(running, one, no_machine_code)
    assert set(switch.held) == {"a", "b"}
    assert switch.keep_trees == {A, B, LIB}
    other_goes = {"a": footing("2", A, LIB2)}
    assert compare(running, other_goes, no_machine_code).stop == {"a", "b"}


def test_a_plugin_with_machine_code_runs_on_and_holds_the_changed_ones_around_it():
    running = {"a": footing("1", A), "b": footing("1", B, requires="a"), "c": footing("1", LIB)}
    wanted = {"a": footing("2", LIB2), "b": footing("2", B, requires="a"), "c": footing("2", LIB)}
    switch = compare(running, wanted, lambda trees: ["a._speed"] if A in trees else [])
    assert switch.held == {
        "a": "it holds machine code that cannot be exchanged while the host runs: a._speed",
        "b": "it waits for a",
    }
    assert switch.stop == {"c"}


def test_one_that_could_be_held_goes_down_with_a_plugin_that_it_needs_and_that_is_gone():
    running = {"a": footing("1", A, requires="b"), "b": footing("1", B)}
    wanted = {"a": footing("2", LIB)}
    switch = compare(running, wanted, lambda trees: ["a._speed"])
    assert switch.stop == {"a", "b"}
    assert dict(switch.held) == {}


def test_a_process_of_its_own_is_replaced_whatever_is_in_it():
    running = {"a": footing("1", A, LIB, own=True), "b": footing("1", B, LIB), "c": footing("1", LIB, own=True)}
    wanted = {**running, "a": footing("2", A, LIB2, restart_only=True, own=True)}
    switch = compare(running, wanted, lambda trees: ["a._speed"] if LIB in trees else [])
    assert switch.stop == {"a"}
    assert not switch.held


def test_to_move_between_processes_is_a_change_that_waits_for_nobody():
    inside, outside = footing("inline", A, LIB), footing("worker", A, LIB, own=True)
    sharing = {"b": footing("1", B, LIB)}
    for before, after in ((inside, outside), (outside, inside)):
        switch = compare({"a": before, **sharing}, {"a": after, **sharing}, no_machine_code)
        assert switch.stop == {"a"}
        assert not switch.held


def test_a_worker_waits_for_the_plugin_in_this_process_that_it_requires():
    running = {"a": footing("1", A, requires="b", own=True), "b": footing("1", B, restart_only=True)}
    wanted = {"a": footing("2", A, requires="b", own=True), "b": footing("2", B, restart_only=True)}
    switch = compare(running, wanted, no_machine_code)
    assert set(switch.held) == {"a", "b"}
    assert switch.keep_trees == {B}


FOOTINGS = st.builds(
    footing,
    st.sampled_from("12"),
    st.sampled_from([A, LIB]),
    st.sampled_from([B, LIB2]),
    restart_only=st.booleans(),
    own=st.booleans(),
)


@given(st.dictionaries(st.sampled_from("abcd"), FOOTINGS), st.dictionaries(st.sampled_from("abcd"), FOOTINGS))
def test_nobody_is_both_stopped_and_held_and_no_running_code_is_lost(running, wanted):
    switch = compare(running, wanted, no_machine_code)
    assert not switch.stop & set(switch.held)
    assert switch.stop | set(switch.held) <= set(running)
    for cid, before in running.items():
        if cid not in wanted:
            assert cid in switch.stop
        elif cid not in switch.stop and cid not in switch.held:
            assert (before.code, before.trees) == (wanted[cid].code, wanted[cid].trees)
    for cid in switch.held:
        assert running[cid].own_process or running[cid].trees <= switch.keep_trees
    # Without [requires], nobody with a process of their own has anything to wait for.
    assert not any(running[cid].own_process for cid in switch.held)
