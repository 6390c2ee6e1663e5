"""The file that says when each key was last used."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.isolation import KeyUses


def test_the_last_use_of_each_key_is_kept_and_what_is_not_known_any_more_is_forgotten(tmp_path: Path):
    uses = KeyUses(tmp_path / "storage" / "key-uses.json")
    assert uses.read() == {}
    uses.note("aa", "127.0.0.1:4000", known={"aa"})
    uses.note("bb", "a unix socket", known={"aa", "bb"})
    assert {number: address for number, (_, address) in uses.read().items()} == {
        "aa": "127.0.0.1:4000",
        "bb": "a unix socket",
    }
    uses.note("bb", "127.0.0.1:4001", known={"bb"})
    ((at, address),) = uses.read().values()
    assert address == "127.0.0.1:4001"
    assert at.endswith("+00:00")
    file = tmp_path / "storage" / "key-uses.json"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [one.name for one in file.parent.iterdir()] == ["key-uses.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"aa": 3}', '{"aa": ["only one"]}', "\xff", "[" * 10_000])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str):
    file = tmp_path / "key-uses.json"
    file.write_text(text, encoding="latin-1")
    uses = KeyUses(file)
    assert uses.read() == {}
    uses.note("aa", "here", known={"aa"})
    assert list(uses.read()) == ["aa"]


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path: Path):
    (tmp_path / "storage").write_text("a file where a folder belongs", encoding="ascii")
    uses = KeyUses(tmp_path / "storage" / "key-uses.json")
    uses.note("aa", "here", known={"aa"})
    assert uses.read() == {}
