"""The activation history: what stands, what was undone, and what a torn line means."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.errors import StoreError
from jackfield.store import Activation, Disk, Journal

from tests.support.examples import examples


def activation(number: int, previous: int, *undoes: str) -> Activation:
    return Activation(
        f"t{number}", previous, number, "2026-01-01T00:00:00+00:00", "tester", f"install {number}", {}, undoes
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", Disk())


def test_an_activation_counts_when_it_is_closed(journal):
    first = Activation("t1", 0, 1, "2026", "tester", "install", {"wish/poll": True, "grants/poll": None})
    journal.begin(first)
    assert journal.pending() == first
    assert journal.activations() == ()
    journal.finish("t1")
    assert journal.pending() is None
    assert journal.activations() == (first,)


def test_an_abandoned_one_never_was(journal):
    journal.begin(activation(1, 0))
    journal.abandon("t1")
    assert journal.pending() is None
    assert journal.activations() == ()


def test_what_was_undone_does_not_stand(journal):
    for one in (
        activation(1, 0),
        activation(2, 1),
        activation(3, 2),
        Activation("back", 3, 1, "2026", "tester", "back", undoes=("t3", "t2")),
        activation(4, 1),
    ):
        journal.begin(one)
        journal.finish(one.transaction)
    assert [one.transaction for one in journal.standing()] == ["t1", "t4"]
    assert len(journal.activations()) == 5


def test_damage_before_the_end_is_an_error_with_a_way_out(journal, tmp_path):
    journal.begin(activation(1, 0))
    journal.finish("t1")
    path = tmp_path / "journal"
    path.write_bytes(b"nonsense" + path.read_bytes()[8:])
    with pytest.raises(StoreError, match=r"journal is damaged at byte 0 \(move it away"):
        journal.activations()


@pytest.mark.parametrize(
    "torn", [b"\0" * 40 + b"\n", b'\0\0\0transaction":"t2"}\n', b'{"record":"begin"}\n', b"null\n"]
)
def test_a_last_record_that_was_written_in_part_was_never_written(journal, tmp_path, torn):
    """Of a record that nobody waited for a power cut may leave the end alone: its line end tells nothing."""
    journal.begin(activation(1, 0))
    journal.finish("t1")
    path = tmp_path / "journal"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert [one.transaction for one in journal.activations()] == ["t1"]
    assert journal.pending() is None
    journal.begin(activation(2, 1))
    assert path.read_bytes().startswith(whole + b'{"record":"begin"')
    assert journal.pending() == activation(2, 1)


@given(cut=st.integers(min_value=0), count=st.integers(1, 4))
@settings(max_examples=examples(60), deadline=None)
def test_cut_at_any_byte_it_is_a_prefix_and_can_be_written_to(cut, count):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(path, Disk())
        for number in range(1, count + 1):
            journal.begin(activation(number, number - 1))
            journal.finish(f"t{number}")
        whole = journal.activations()
        text = path.read_bytes()
        path.write_bytes(text[: cut % (len(text) + 1)])
        after = journal.activations()
        assert after == whole[: len(after)]
        pending = journal.pending()
        if pending is not None:
            assert pending == whole[len(after)]
            journal.abandon(pending.transaction)
        journal.begin(activation(9, len(after)))
        journal.finish("t9")
        assert [one.transaction for one in journal.activations()] == [one.transaction for one in after] + ["t9"]
