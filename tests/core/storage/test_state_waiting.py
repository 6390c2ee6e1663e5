"""Who waits to write the state log keeps nobody from reading it: among the readers is an event loop."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
from jackfield.errors import StoreError, StoreLocked
from jackfield.locks import locked
from jackfield.storage import State


def writing(kept: State, key: str, seconds: float = 10.0) -> tuple[threading.Thread, list[object]]:
    """A thread that sets a key, and what came of it."""
    came: list[object] = []

    def write() -> None:
        try:
            came.append(kept.change({key: True}, by="tester", wait_seconds=seconds))
        except StoreLocked as error:
            came.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    return thread, came


def held(folder: Path):
    """Hold the log as another process does."""
    return locked(folder / "lock", 1.0)


@pytest.mark.parametrize(
    "read",
    [
        lambda kept: kept.get("wish/poll"),
        lambda kept: kept.items("wish/"),
        lambda kept: kept.version(),
        lambda kept: kept.history(),
        lambda kept: kept.seen("t1"),
    ],
    ids=["get", "items", "version", "history", "seen"],
)
def test_a_thread_that_waits_for_another_process_keeps_nobody_from_reading(tmp_path, read):
    kept = State(tmp_path)
    kept.change({"wish/poll": True}, by="tester", transaction="t1")
    with held(tmp_path):
        thread, came = writing(kept, "wish/dice")
        thread.join(0.2)
        began = monotonic()
        assert read(kept)
        assert monotonic() - began < 0.2
        assert not came, "it waits"
    thread.join(5)
    assert came == [()]
    assert kept.get("wish/dice") is True


def test_what_others_write_meanwhile_is_read_by_who_waits(tmp_path):
    kept, other = State(tmp_path), State(tmp_path)
    kept.change({"a": 1}, by="tester")
    with held(tmp_path):
        thread, came = writing(kept, "b")
        thread.join(0.1)
        assert kept.get("a") == 1
    thread.join(5)
    other.change({"a": 2}, by="other", expecting={"b": True})
    kept.change({"a": 3}, by="tester", expecting={"a": 2})
    assert [[one.key for one in entry.changes] for entry in State(tmp_path).history()] == [["a"], ["b"], ["a"], ["a"]]
    assert came == [()]


def test_who_does_not_wait_is_told_at_once_that_another_writes(tmp_path):
    kept = State(tmp_path)
    kept.change({"a": 1}, by="tester", wait_seconds=0.0)
    with held(tmp_path):
        began = monotonic()
        with pytest.raises(StoreLocked):
            kept.change({"a": 2}, by="tester", wait_seconds=0.0)
        assert monotonic() - began < 1.0
    assert kept.get("a") == 1


def test_several_threads_wait_together_no_longer_than_one(tmp_path):
    kept = State(tmp_path)
    kept.change({"a": 1}, by="tester")
    with held(tmp_path):
        began = monotonic()
        waiting = [writing(kept, f"b{number}", 0.4) for number in range(5)]
        for thread, _ in waiting:
            thread.join()
        assert monotonic() - began < 1.2, "one after the other it would be two seconds"
    assert all(isinstance(came[0], StoreLocked) for _, came in waiting)
    assert kept.items() == {"a": 1}


def test_threads_that_write_at_once_lose_nothing_while_others_read(tmp_path):
    kept, ended, wrong = State(tmp_path), threading.Event(), []

    def read() -> None:
        while not ended.is_set():
            values = kept.items("n/")
            if sorted(values) != [f"n/{number:03}" for number in range(len(values))]:
                wrong.append(values)

    def write(first: int) -> None:
        for _ in range(first):
            while True:  # each takes the next number, whoever was faster
                number = len(kept.items("n/"))
                with suppress(StoreError):  # somebody else has changed the same
                    kept.change({f"n/{number:03}": first}, by="tester", expecting={f"n/{number:03}": None})
                    break

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(10,)) for _ in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    reader.join()
    assert not wrong
    assert len(State(tmp_path).items("n/")) == 30
