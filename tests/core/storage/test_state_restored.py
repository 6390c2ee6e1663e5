"""A state log that is restored, cut or overwritten at its end while a process that has read it goes on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.storage import State

KEYS = st.sampled_from(["wish/a", "grants/a", "settings/a.word", "pin/b"])
VALUES = st.one_of(st.none(), st.booleans(), st.text("xyz", max_size=40))
HISTORY = st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=4)


def told(folder: Path, history: list[tuple[str, str | bool | None]]) -> bytes:
    """The log of these changes."""
    state = State(folder)
    for key, value in history:
        state.change({key: value}, by="test")
    return (folder / "log.jsonl").read_bytes()


def restore(file: Path, content: bytes) -> None:
    """Write over a file, at a later time than it was written: a clock may tick only every few milliseconds."""
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    os.utime(file, ns=(before, before + 10**9))


@given(read=HISTORY, restored=HISTORY)
def test_what_is_restored_under_a_reader_counts_and_is_written_on(
    read: list[tuple[str, str | bool | None]], restored: list[tuple[str, str | bool | None]]
) -> None:
    """`cp` keeps the inode; to go on where the old log ended would read, and cut, in the middle of a line."""
    with tempfile.TemporaryDirectory() as folder:
        kept = told(Path(folder, "backup"), restored)
        told(Path(folder, "state"), read)
        running = State(Path(folder, "state"))
        running.items()
        restore(Path(folder, "state", "log.jsonl"), kept)
        assert running.items() == State(Path(folder, "backup")).items()
        running.change({"grants/c": "new"}, by="test")
        afresh = State(Path(folder, "state"))
        assert afresh.items() == running.items() == {**State(Path(folder, "backup")).items(), "grants/c": "new"}
        assert afresh.history()[:-1] == State(Path(folder, "backup")).history()


@given(history=HISTORY, cut=st.integers(0, 10_000), zeros=st.booleans())
def test_a_log_that_loses_its_end_under_a_reader_is_the_same_for_all(
    history: list[tuple[str, str | bool | None]], cut: int, zeros: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = told(Path(folder), history)
        running = State(Path(folder))
        running.items()
        last = kept.rstrip(b"\n").rfind(b"\n") + 1
        at = last + cut % (len(kept) - last)
        damaged = kept[:at] + b"\x00" * (len(kept) - at) if zeros else kept[:at]
        restore(Path(folder, "log.jsonl"), damaged)
        afresh = State(Path(folder))
        assert running.items() == afresh.items()
        assert running.history() == afresh.history()
        running.change({"wish/z": True}, by="test")
        assert State(Path(folder)).history() == running.history()
        assert len(running.history()) == len(history)


@pytest.mark.parametrize("kept", [None, "x" * 400])
def test_a_revocation_that_was_restored_is_not_written_over(tmp_path: Path, kept: str | None) -> None:
    backup = told(tmp_path / "backup", [("grants/a", kept)])
    told(tmp_path / "state", [("grants/a", "write")])
    running = State(tmp_path / "state")
    assert running.get("grants/a") == "write"
    restore(tmp_path / "state" / "log.jsonl", backup)
    running.change({"wish/a": True}, by="test")
    assert running.get("grants/a") == kept
