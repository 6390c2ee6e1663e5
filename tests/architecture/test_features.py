"""The checklist is held by tests: no row that is at hand is open, and the report tells each row once."""

from __future__ import annotations

import tomllib

import pytest

from tests.architecture.features import CHECKLIST, features, marks, table


def test_no_row_of_a_complete_piece_is_open() -> None:
    pieces = tomllib.loads(CHECKLIST.read_text(encoding="utf-8"))["pieces"].values()
    going_on = {piece["title"] for piece in pieces if piece.get("under_way") or piece.get("later")}
    found = [feature for feature in features() if feature.state == "open" and not going_on & set(feature.pieces)]
    assert [feature.id for feature in found] == []


def test_the_report_has_every_row_once() -> None:
    lines = table(features()).splitlines()
    rows = [line.split()[0] for line in lines[:-1]]
    assert len(rows) == len(set(rows)) == CHECKLIST.read_text(encoding="utf-8").count("pieces = [")
    assert lines[-1].startswith(f"{len(rows)} rows: ")


def test_marks_of_functions_classes_and_whole_files_are_read(tmp_path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "plugins-contrib").mkdir()
    (tmp_path / "tests" / "test_any.py").write_text(
        'import pytest\npytestmark = [pytest.mark.slow, pytest.mark.feature("K1")]\n'
        '@pytest.mark.feature("M1", "M2")\nasync def test_one(): ...\n'
        '@pytest.mark.feature("S1")\nclass TestMany:\n    def test_two(self): ...\n    def help(self): ...\n'
    )
    assert marks(tmp_path) == {
        "K1": ["tests/test_any.py::test_one", "tests/test_any.py::TestMany::test_two"],
        "M1": ["tests/test_any.py::test_one"],
        "M2": ["tests/test_any.py::test_one"],
        "S1": ["tests/test_any.py::TestMany::test_two"],
    }


def test_an_id_that_is_no_row_is_named(tmp_path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_any.py").write_text('@pytest.mark.feature("Z9")\ndef test_one(): ...\n')
    with pytest.raises(ValueError, match=r"Z9 of tests/test_any\.py::test_one is no row"):
        features(tmp_path)
