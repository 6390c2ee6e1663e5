"""A wheel of which all is plain is inspected a shorter way, and every other says what it says the long way."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jackfield.errors import WheelError
from jackfield.inspection import WheelLimits, WheelReport, archive, inspect_wheel, metadata, paths, record, wheel
from jackfield.inspection.directory import plain_entries
from jackfield.inspection.paths import are_plain, check_contents, check_paths
from jackfield.inspection.record import check_record
from jackfield.inspection.report import WheelFile
from packaging.metadata import Metadata

from tests.support import hostile_wheels as hostile
from tests.support.examples import examples
from tests.support.wheels import plugin_source

NAME = Path("chat_poll-1.0.0-py3-none-any.whl")
FEW = settings(max_examples=examples(150), deadline=None)

with TemporaryDirectory() as _folder:
    GOOD = plugin_source("poll", changelog="## 1.0.0\n").build(Path(_folder)).read_bytes()


def inspected(data: bytes, limits: WheelLimits) -> WheelReport | str:
    try:
        return inspect_wheel(NAME, file=BytesIO(data), limits=limits, strict=True)
    except WheelError as error:
        return str(error)


def the_long_way(data: bytes, limits: WheelLimits) -> WheelReport | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "plain_entries", lambda *_: None)
        patch.setattr(wheel, "are_plain", lambda *_: False)
        patch.setattr(record, "_is_plain", lambda *_: False)
        patch.setattr(metadata, "_KNOWN", frozenset[str]())
        return inspected(data, limits)


def end_of(data: bytes) -> tuple[int, int]:
    """Where the directory begins, and how many entries it has."""
    return int.from_bytes(data[-6:-2], "little"), int.from_bytes(data[-12:-10], "little")


def test_a_wheel_of_a_builder_is_plain():
    entries = plain_entries(GOOD, *end_of(GOOD), WheelLimits())
    assert entries is not None
    with zipfile.ZipFile(BytesIO(GOOD)) as opened:
        for entry, info in zip(entries, opened.infolist(), strict=True):
            for field in entry._fields[:-1]:  # zipfile knows not where the bytes begin
                assert getattr(entry, field) == getattr(info, field), field
    assert inspected(GOOD, WheelLimits()) == the_long_way(GOOD, WheelLimits())


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@FEW
def test_a_wheel_with_bytes_turned_over_says_the_same(changes):
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    assert inspected(bytes(data), WheelLimits()) == the_long_way(bytes(data), WheelLimits())


DIRECTORY = end_of(GOOD)[0]


@given(st.integers(DIRECTORY, len(GOOD) - 1), st.integers(0, 255))
@FEW
def test_a_directory_with_a_byte_turned_over_says_the_same(position, value):
    data = bytearray(GOOD)
    data[position] = value
    assert inspected(bytes(data), WheelLimits()) == the_long_way(bytes(data), WheelLimits())


@given(st.integers(0, 45), st.integers(0, 255), st.integers(0, 5))
@example(8, 0x08, 0)  # a descriptor, said in both places
@example(10, 1, 1)
@example(24, 0xFF, 2)
@FEW
def test_a_byte_turned_over_in_both_headers_says_the_same(place, value, number):
    data = bytearray(GOOD)
    with zipfile.ZipFile(BytesIO(GOOD)) as opened:
        infos = opened.infolist()
    at = DIRECTORY + sum(46 + len(info.filename) for info in infos[:number])
    data[at + place] = value
    if 6 <= place < 32:  # what the header before the file says too
        data[infos[number].header_offset + place - 2] = value
    assert inspected(bytes(data), WheelLimits()) == the_long_way(bytes(data), WheelLimits())


@pytest.mark.parametrize(
    "limits",
    [
        WheelLimits(file_bytes=100),
        WheelLimits(total_bytes=300),
        WheelLimits(ratio_free_bytes=0, ratio=1),
        WheelLimits(text_bytes=60),
        WheelLimits(files=6),
        WheelLimits(path_characters=20),
        WheelLimits(archive_bytes=len(GOOD)),
    ],
)
def test_a_wheel_beyond_a_bound_says_the_same(limits):
    assert inspected(GOOD, limits) == the_long_way(GOOD, limits)


NAMES = st.sampled_from(
    ["a", "A", "b.py", "con", "nul.txt", "x-1.0.data", "purelib", ".hidden", "a.", "..", "", "é", "a b", "x.so", "a\nb"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.one_of(PATHS, PATHS.map("{}/".format)), max_size=4))
@example(["a/b.py", "A/c"])
@example(["a", "a/b.py"])
@example(["a/b.py", "a/b.py"])
def test_paths_that_are_plain_have_nothing_wrong(several):
    if are_plain(several, WheelLimits()):
        assert not list(check_paths(several, WheelLimits()))


@given(st.lists(PATHS, max_size=4), st.booleans())
@example(["a.\u017fo"], False)  # which folds to a letter of ASCII
@example(["chat_poll.data/data/x"], True)
def test_contents_without_a_mark_say_the_same(several, is_plugin):
    shorter = list(check_contents(several, is_plugin=is_plugin))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "_MAY_ACT", re.compile(""))
        assert list(check_contents(several, is_plugin=is_plugin)) == shorter


RECORD = "x-1.dist-info/RECORD"
FILES = {path: WheelFile(path, len(path), f"{number:064x}") for number, path in enumerate(["a", "b,c", '"d"', RECORD])}


ODD_ROWS = [f"{RECORD},,", f"{RECORD}.jws,,", '"a",,', "", "a,,"]


@given(st.sets(st.sampled_from(sorted(FILES))), st.booleans(), st.data())
def test_a_plain_record_has_nothing_wrong(several, is_signed, data):
    files = {path: FILES[path] for path in [*sorted(several - {RECORD}), RECORD]}
    if is_signed:
        files[f"{RECORD}.jws"] = WheelFile(f"{RECORD}.jws", 1, "0" * 64)
    rows = [f"{path},sha256={record._urlsafe(file.sha256)},{file.size}" for path, file in files.items()]
    rows[-1 - is_signed] = f"{RECORD},,"
    rows = data.draw(st.permutations(rows))
    rows[: data.draw(st.integers(0, 1))] = data.draw(st.lists(st.sampled_from([*rows, *ODD_ROWS]), max_size=1))
    text = "\n".join(rows) + data.draw(st.sampled_from(["", "\n"]))
    shorter = list(check_record(text.encode(), RECORD, files))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "_is_plain", lambda *_: False)
        assert list(check_record(text.encode(), RECORD, files)) == shorter


FIELDS: dict[str, list[Any]] = {
    "name": ["a", "-a", "", "A.b"],
    "version": ["1", "1.0RC1", "x", ""],
    "summary": ["", "a", "a\nb"],
    "description_content_type": ["text/markdown; charset=UTF-8", "text/html", "text/plain; x*"],
    "dynamic": [["license-file"], ["name"], []],
    "license_expression": ["MIT", "M I T"],
    "license_files": [["LICENSE"], ["../a"], []],
    "provides_extra": [["a"], ["-"], []],
    "requires_dist": [["a>=1", "b; extra == 'a'"], ["a>=x"], []],
    "requires_python": [">=3.11", "3", ""],
    "keywords": [["a", "b"]],
    "home_page": ["https://a.example"],
    "project_urls": [{"a": "https://a.example"}],
    "classifiers": [["a"]],
    "author": ["a"],
    "import_names": [["a"]],
}
RAWS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"metadata_version": st.sampled_from([metadata.NEWEST_METADATA, "3.0"])},
    optional={field: st.sampled_from(values) for field, values in FIELDS.items()},
)


@given(RAWS)
@example({"metadata_version": metadata.NEWEST_METADATA, "name": "a"})
@example({"metadata_version": metadata.NEWEST_METADATA, "name": "a", "version": "1", "requires_dist": ["a>=1"]})
def test_fields_read_one_by_one_are_those_of_the_package(raw):
    try:
        expected = Metadata.from_raw(raw, validate=True)
    except ExceptionGroup as group:
        wrong = {str(one) for one in group.exceptions}
        with pytest.raises(ExceptionGroup, check=lambda found: {str(one) for one in found.exceptions} == wrong):
            metadata._validated(raw)
        return
    said = metadata._validated(raw)
    for field in metadata._TOLD:
        assert said.get(field) == getattr(expected, field), field
    if expected.requires_dist:
        assert [str(each) for each in said["requires_dist"]] == [str(each) for each in expected.requires_dist]


def test_hostile_wheels_say_the_same(tmp_path):
    for number, name in enumerate(["../x.py", "a/../../x", "/x", "chat_poll/CON", "chat_poll/a\\b", "CHAT_POLL/y.py"]):
        data = hostile.with_member(tmp_path / str(number), name).read_bytes()
        said = inspected(data, WheelLimits())
        assert said == the_long_way(data, WheelLimits())
        assert not isinstance(said, str)
        assert said.refusals, name
