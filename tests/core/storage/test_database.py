"""A plugin's database: JSON by key, on disk when the call returns, and never a surprise for the plugin next door."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.api import Insert, Put
from jackfield.errors import StoreError, UsageError
from jackfield.storage import Definition, PluginDatabase

from tests.support.examples import examples

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def database(tmp_path):
    made = PluginDatabase(tmp_path / "data" / "storage.sqlite3", plugin="weather")
    yield made
    made.close()


@pytest.mark.feature("C14", "C20")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(30), deadline=None)
@given(key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), value=JSON_VALUES)
def test_what_was_set_is_there_for_whoever_opens_the_file(database, key, value):
    database.set(key, value)
    assert database.get(key) == value
    other = PluginDatabase(database._path)
    assert other.get(key) == value
    other.close()


def test_reading_makes_no_file(database, tmp_path):
    assert database.get("key", "nothing") == "nothing"
    assert database.keys() == []
    database.delete("key")
    assert not (tmp_path / "data").exists()


def test_keys_are_sorted_and_chosen_by_prefix_without_wildcards(database):
    for key in ("a%", "a_b", "ab", "b"):
        database.set(key, 1)
    assert database.keys() == ["a%", "a_b", "ab", "b"]
    assert database.keys("a_") == ["a_b"]
    assert database.keys("%") == []


def test_a_closed_database_opens_again(database):
    database.set("key", 1)
    database.close()
    database.close()
    assert database.get("key") == 1


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"bytes", object()])
def test_what_is_not_json_is_refused_and_the_old_value_stays(database, value):
    database.set("key", "old")
    with pytest.raises(UsageError, match="the value of key is not JSON"):
        database.set("key", value)
    assert database.get("key") == "old"


def test_bounds_hold(database):
    with pytest.raises(UsageError, match="larger than 1048576 bytes"):
        database.set("key", "x" * (1 << 20))
    for key in ("", "k" * 513):
        with pytest.raises(UsageError, match="1 to 512 characters"):
            database.set(key, 1)


def test_half_a_character_is_refused_and_nothing_is_changed(database):
    table = Definition.of("votes", {"user": str})
    database.apply([Insert("votes", {"user": "anna"})], [table])
    half = r"'\\ud83d' is no character that can be kept"
    for use in (
        lambda: database.set("\ud83d", 1),
        lambda: database.get("\ud83d"),
        lambda: database.apply([Put("new", 1), Insert("votes", {"user": "\ud83d"})]),
        lambda: database.select(table, {"user": "\ud83d"}),
    ):
        with pytest.raises(UsageError, match=half):
            use()
    assert (database.keys(), database.count(table)) == ([], 1)


def test_threads_may_share_it(database):
    def write(number: int) -> None:
        for index in range(20):
            database.set(f"{number}/{index}", index)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.keys()) == 80


def test_a_damaged_file_is_an_error_that_names_the_plugin(database, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "storage.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="the storage of weather failed") as caught:
        database.get("key")
    assert caught.value.hint == "what can be done: jackfield doctor"


def test_what_is_no_value_is_said_however_it_is_too_large(database):
    itself: list[object] = []
    itself.append(itself)
    for value in ("x" * (1 << 20), ["x" * 1000] * 1100, {f"{number:0100}": 1 for number in range(11_000)}, itself):
        with pytest.raises(UsageError, match="the value of k is larger than 1048576 bytes"):
            database.set("k", value)
    database.set("k", "x" * ((1 << 20) - 2))
    assert len(database.get("k")) == (1 << 20) - 2


def test_values_that_are_kept_together_have_a_bound_and_none_of_too_many_is_kept(database):
    with pytest.raises(UsageError, match="the values of one apply take more than 32 MiB"):
        database.apply([Put(f"k{number}", "x" * 1_000_000) for number in range(34)])
    assert database.keys() == []
