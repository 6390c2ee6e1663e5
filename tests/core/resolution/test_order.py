"""The order of loading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import DependencyLoop
from jackfield.resolution import load_order


def test_dependencies_come_first_then_names():
    assert load_order({"c": ["a"], "b": ["c"], "a": [], "d": []}) == ["a", "c", "b", "d"]


def test_what_is_not_there_is_ignored():
    assert load_order({"a": ["nowhere"]}) == ["a"]


def test_a_loop_is_printed_as_a_circle():
    with pytest.raises(DependencyLoop, match="b → c → b"):
        load_order({"a": ["b"], "b": ["c"], "c": ["b"]})
    with pytest.raises(DependencyLoop, match="a → a"):
        load_order({"a": ["a"]})


@given(st.dictionaries(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=4), max_size=25))
def test_every_plugin_comes_once_and_after_what_it_requires(graph):
    requires = {f"p{one:02}": [f"p{other:02}" for other in others if other < one] for one, others in graph.items()}
    order = load_order(requires)
    assert sorted(order) == sorted(requires)
    for plugin, others in requires.items():
        for other in others:
            assert other not in requires or order.index(other) < order.index(plugin)


def test_a_long_chain_needs_no_recursion():
    chain = {f"p{number:05}": [f"p{number + 1:05}"] for number in range(5000)}
    assert load_order(chain)[0] == "p04999"
