"""The state log: keyed changes, taken back key by key, whole or absent after a crash."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import StoreError
from jackfield.storage import State, longest_enabled

from tests.support.examples import examples


def test_a_change_is_read_by_everyone_who_opens_the_folder(tmp_path):
    writer, reader = State(tmp_path), State(tmp_path)
    assert reader.get("wish/poll", default=False) is False
    writer.change({"wish/poll": True, "settings/poll/limit": 3}, by="tester", why="install poll")
    assert reader.get("wish/poll") is True
    assert reader.items("settings/") == {"settings/poll/limit": 3}
    assert State(tmp_path).items() == {"settings/poll/limit": 3, "wish/poll": True}


def test_none_removes_a_key(tmp_path):
    state = State(tmp_path)
    state.change({"a": 1}, by="tester")
    state.change({"a": None}, by="tester")
    assert state.items() == {}
    assert state.get("a", default="gone") == "gone"


def test_what_has_been_set_longest_comes_first_also_for_who_opens_the_log_later(tmp_path):
    state = State(tmp_path)
    state.change({"wish/poll": True, "trust/aaa": True}, by="tester")
    state.change({"wish/dice": True}, by="tester")
    state.change({"wish/aaa": True}, by="tester")
    state.change({"wish/poll": True}, by="tester")
    assert longest_enabled(state) == ("poll", "dice", "aaa")
    state.change({"wish/poll": False}, by="tester", transaction="off")
    assert longest_enabled(state) == ("dice", "aaa")
    state.revert("off", by="tester")
    assert longest_enabled(state) == longest_enabled(State(tmp_path)) == ("dice", "aaa", "poll")


def test_the_history_tells_before_after_when_by_whom_and_why(tmp_path):
    state = State(tmp_path)
    state.change({"a": 1}, by="alice", why="first")
    state.change({"a": 2}, by="bob", why="second", transaction="t2")
    first, second = state.history()
    assert (first.by, first.why) == ("alice", "first")
    assert (second.transaction, second.changes[0].before, second.changes[0].after) == ("t2", 1, 2)
    assert second.at.endswith("+00:00")
    assert state.seen("t2")
    assert not state.seen("t3")


def test_what_is_read_can_be_changed_without_changing_the_state(tmp_path):
    state = State(tmp_path)
    state.change({"a": {"list": [1]}}, by="tester")
    state.get("a")["list"].append(2)
    state.items()["a"]["list"].append(3)
    assert state.get("a") == {"list": [1]}


def test_what_was_worked_out_from_a_value_is_refused_where_it_is_another_by_now(tmp_path):
    one, other = State(tmp_path), State(tmp_path)
    one.change({"a": 1}, by="ann")
    known = {"a": one.get("a"), "b": one.get("b")}
    other.change({"b": 2}, by="bob")
    with pytest.raises(StoreError, match="somebody else has changed the same meanwhile; nothing was changed"):
        one.change({"a": 3}, by="ann", expecting=known)
    assert (one.get("a"), one.get("b")) == (1, 2)
    one.change({"a": 3}, by="ann", expecting={"a": 1, "b": 2})
    assert other.get("a") == 3


def test_what_somebody_has_set_since_it_was_worked_out_stays(tmp_path):
    one, other = State(tmp_path), State(tmp_path)
    one.change({"a": 1, "b": 1, "c": 1}, by="ann")
    known = one.version()
    other.change({"a": 2, "b": 1, "c": 2}, by="bob", why="the same value is a word as well")
    assert one.change({"a": 3, "b": 3, "c": None, "d": 3}, by="ann", since=known) == ("a", "b")
    assert other.items() == {"a": 2, "b": 1, "d": 3}
    assert [change.key for change in other.history()[-1].changes] == ["c", "d"]
    assert one.change({"a": 4}, by="ann", since=known) == ("a",)
    assert len(other.history()) == 3
    assert one.change({"a": 4}, by="ann", since=one.version()) == ()


def test_a_watcher_sees_every_change_in_the_stamp(tmp_path):
    state = State(tmp_path)
    stamps = [state.stamp()]
    for number in range(5):
        state.change({"a": number}, by="tester")
        stamps.append(state.stamp())
    assert len(set(stamps)) == 6
    assert state.version() == 5


class TestRevert:
    def test_keys_return_to_their_former_values(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1, "b": 1}, by="tester")
        state.change({"a": 2, "b": None, "c": 3}, by="tester", transaction="t")
        reverted = state.revert("t", by="tester")
        assert reverted.restored == ("a", "b", "c")
        assert reverted.kept == ()
        assert state.items() == {"a": 1, "b": 1}

    def test_keys_that_anyone_changed_since_are_kept(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1, "b": 1}, by="tester", transaction="t")
        state.change({"a": 2}, by="someone else")
        reverted = state.revert("t", by="tester")
        assert (reverted.restored, reverted.kept) == (("b",), ("a",))
        assert state.items() == {"a": 2}

    def test_a_key_set_to_the_value_that_it_has_was_changed(self, tmp_path):
        state = State(tmp_path)
        state.change({"wish": True}, by="installer", transaction="t")
        state.change({"wish": True}, by="user")
        assert state.revert("t", by="tester").kept == ("wish",)
        assert state.get("wish") is True

    def test_a_revoked_grant_never_returns(self, tmp_path):
        state = State(tmp_path)
        state.change({"grants/poll": "first"}, by="installer", transaction="install")
        state.change({"grants/poll": None}, by="user")
        state.change({"grants/poll": "second"}, by="installer", transaction="update")
        state.revert(["update", "install"], by="tester")
        assert state.get("grants/poll") is None

    def test_several_are_undone_together_as_if_one_by_one(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1}, by="tester", transaction="one")
        state.change({"a": 2}, by="tester", transaction="two")
        state.change({"a": 3}, by="tester", transaction="three")
        state.revert(["three", "two"], by="tester")
        assert state.get("a") == 1
        state.revert("one", by="tester")
        assert state.get("a") is None

    def test_what_was_undone_already_is_not_undone_again(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1}, by="tester", transaction="t")
        state.revert("t", by="tester")
        state.change({"a": 5}, by="tester")
        assert state.revert("t", by="tester") == ((), ())
        assert state.get("a") == 5


class TestDamage:
    def test_a_torn_last_line_counts_as_never_written(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1}, by="tester")
        with (tmp_path / "log.jsonl").open("ab") as log:
            log.write(b'{"transaction": "torn", "chan')
        assert State(tmp_path).items() == {"a": 1}
        State(tmp_path).change({"b": 2}, by="tester")
        assert State(tmp_path).items() == {"a": 1, "b": 2}

    def test_a_last_line_of_zeros_counts_as_never_written(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1}, by="tester")
        with (tmp_path / "log.jsonl").open("ab") as log:
            log.write(b"\0" * 40 + b"\n")
        state.change({"b": 2}, by="tester")
        assert State(tmp_path).items() == {"a": 1, "b": 2}

    @pytest.mark.parametrize("zeros", [True, False])
    def test_of_a_last_line_only_one_that_is_torn_counts_as_never_written(self, tmp_path, zeros):
        """One that was changed afterwards held somebody's word: a permission that was taken back, say."""
        state = State(tmp_path)
        state.change({"grants/poll": "all"}, by="tester")
        kept = len((tmp_path / "log.jsonl").read_bytes())
        state.change({"grants/poll": None}, by="tester")
        log = tmp_path / "log.jsonl"
        whole = log.read_bytes()
        spoilt = whole[kept:].replace(b"null", b"\0\0\0\0" if zeros else b"nul\x8c")
        log.write_bytes(whole[:kept] + spoilt)
        if zeros:
            assert State(tmp_path).items() == {"grants/poll": "all"}
            return
        for call in (
            State(tmp_path).items,
            lambda: State(tmp_path).change({"a": 1}, by="tester"),
            State(tmp_path).require,
        ):
            with pytest.raises(
                StoreError, match=rf"damaged at byte {kept} \(restore it from a backup, or delete its last"
            ):
                call()
        assert log.read_bytes() == whole[:kept] + spoilt
        log.write_bytes(whole[:kept])
        assert State(tmp_path).items() == {"grants/poll": "all"}

    def test_damage_before_the_end_is_an_error_that_names_the_file(self, tmp_path):
        state = State(tmp_path)
        state.change({"a": 1}, by="tester")
        state.change({"b": 1}, by="tester")
        log = tmp_path / "log.jsonl"
        log.write_bytes(b"nonsense" + log.read_bytes()[8:])
        with pytest.raises(StoreError, match=r"log\.jsonl is damaged at byte 0"):
            State(tmp_path).get("a")

    def test_a_folder_that_is_a_file_is_an_error_of_ours(self, tmp_path):
        (tmp_path / "state").write_text("in the way")
        with pytest.raises(StoreError):
            State(tmp_path / "state").change({"a": 1}, by="tester")

    def test_a_log_that_cannot_be_read_is_an_error_that_names_it(self, tmp_path):
        (tmp_path / "log.jsonl").mkdir()
        with pytest.raises(StoreError, match=r"log\.jsonl cannot be read: Is a directory"):
            State(tmp_path).get("a")

    @given(cut=st.integers(min_value=0), keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=6))
    @settings(max_examples=examples(60), deadline=None)
    def test_cut_at_any_byte_it_is_the_state_before_or_after_a_change(self, cut, keys):
        with tempfile.TemporaryDirectory() as folder:
            state = State(Path(folder))
            seen: list[dict[str, object]] = [{}]
            for number, key in enumerate(keys):
                state.change({key: number + 1}, by="tester")
                seen.append(state.items())
            log = Path(folder) / "log.jsonl"
            whole = log.read_bytes()
            log.write_bytes(whole[: cut % (len(whole) + 1)])
            after = State(Path(folder))
            assert after.items() in seen
            after.change({"z": 1}, by="tester")
            assert State(Path(folder)).get("z") == 1


KEYS = ("wish/poll", "grants/poll", "settings/poll/x")
VALUES = st.sampled_from([None, 1, 2, 3])


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("transaction"), st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1)),
            st.tuples(st.just("user"), st.sampled_from(KEYS), VALUES),
            st.tuples(st.just("rollback"), st.integers(1, 3)),
        ),
        max_size=14,
    )
)
@settings(max_examples=examples(120), deadline=None)
def test_random_histories_keep_every_word_of_the_user_and_take_back_all_else(steps):
    """Against a model that knows only: an ordered list of changes for each key, some of them taken out of its end."""
    folder = Path(tempfile.mkdtemp())
    try:
        state = State(folder)
        standing: list[str] = []
        words: dict[str, list[tuple[str, object]]] = {key: [] for key in KEYS}
        for number, step in enumerate(steps):
            if step[0] == "transaction":
                state.change(step[1], by="installer", transaction=f"t{number}")
                standing.append(f"t{number}")
                for key, value in step[1].items():
                    words[key].append((f"t{number}", value))
            elif step[0] == "user":
                state.change({step[1]: step[2]}, by="user")
                words[step[1]].append(("user", step[2]))
            else:
                undone = standing[-step[1] :]
                del standing[-step[1] :]
                state.revert(undone, by="tester")
                for changes in words.values():
                    while changes and changes[-1][0] in undone:
                        changes.pop()
            expected = {key: changes[-1][1] for key, changes in words.items() if changes and changes[-1][1] is not None}
            assert state.items() == expected
            assert State(folder).items() == expected
            for key, changes in words.items():
                if changes and changes[-1][0] == "user":
                    assert state.get(key) == changes[-1][1]
    finally:
        shutil.rmtree(folder)


def _count_up(folder: str, name: str) -> None:
    state = State(Path(folder))
    for number in range(25):
        state.change({f"{name}/{number}": number}, by=name)


@pytest.mark.slow
def test_writers_in_several_processes_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_count_up, args=(str(tmp_path), f"p{index}")) for index in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert len(State(tmp_path).items()) == 75
    assert State(tmp_path).version() == 75


def test_several_threads_share_one_state(tmp_path):
    state = State(tmp_path)

    def write_twenty(name: str) -> None:
        for number in range(20):
            state.change({f"{name}/{number}": number}, by=name)

    threads = [threading.Thread(target=write_twenty, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(state.items()) == 60


def test_a_file_where_the_folder_was_is_told_as_a_sentence(tmp_path):
    State(tmp_path / "state").change({"wish/poll": True}, by="test")
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "state").write_text("nonsense")
    state = State(tmp_path / "state")
    assert state.stamp() != (0, 0, 0), "a watcher must not take it for a state that nobody has written yet"
    with pytest.raises(StoreError, match=r"log\.jsonl cannot be read: Not a directory \(restore the folder"):
        state.get("wish/poll")
