"""What is read a shorter way when it is plain says the same as the long way."""

import configparser
import random
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import WheelError
from jackfield.inspection import WheelLimits, inspect_wheel, paths
from jackfield.inspection.dist_info import _plain_entry_points, read_entry_points
from jackfield.inspection.paths import check_paths

from tests.support.wheels import plugin_source

LINES = st.lists(
    st.sampled_from(
        [
            "[chat.plugins]",
            "[console_scripts]",
            "poll = chat_poll:Main",
            "poll=chat_poll",
            "dice = chat_dice.main:Main.x",
            "a = b [extra]",
            " indented = x:y",
            "# comment",
            "a : b = c",
            "key",
            "",
        ]
    )
    | st.text("[]=:#; ab.\r\t", max_size=8),
    max_size=6,
)


@given(LINES)
def test_plain_entry_points_are_those_that_configparser_reads(lines):
    text = "\n".join(lines)
    plain = _plain_entry_points(text.encode())
    if plain is None:
        return
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True, interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the inspection sets it
    parser.read_string(text)
    expected = [(group, name, value.strip()) for group in parser.sections() for name, value in parser.items(group)]
    assert [(each.group, each.name, each.value) for each in plain] == expected
    assert read_entry_points(text.encode(), "x") == (plain, [])


def test_the_plain_case_is_taken_at_all():
    assert _plain_entry_points(b"[chat.plugins]\npoll = chat_poll:Main\n\n[other]\nx=y\n") is not None


@pytest.mark.parametrize("bytes_of_file", [0, 1, 256 * 1024, 256 * 1024 + 1])
def test_small_and_large_files_are_hashed_alike(tmp_path, bytes_of_file):
    source = plugin_source("poll")
    source.files["chat_poll/data.bin"] = random.Random(0).randbytes(bytes_of_file)  # any bytes
    report = inspect_wheel(source.build(tmp_path), strict=True)
    assert not report.findings  # RECORD, written by another hand, agrees
    assert {each.path: each.size for each in report.files}["chat_poll/data.bin"] == bytes_of_file


def test_a_wheel_in_memory_is_the_same_wheel(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    with path.open("rb") as file:
        assert inspect_wheel(path.with_name(path.name), file=file) == inspect_wheel(path)
        assert not file.closed


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_small_file_that_lies_about_its_size(tmp_path, stored, change):
    path = plugin_source("poll").build(tmp_path)
    data = bytearray(path.read_bytes())
    if stored:
        with zipfile.ZipFile(path) as archive:
            members = [(each, archive.read(each)) for each in archive.infolist()]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for each, content in members:
                archive.writestr(each.filename, content)
        data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
    size = (first.file_size + change).to_bytes(4, "little")
    data[22:26] = size  # local header
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = size  # directory
    path.write_bytes(data)
    with pytest.raises(WheelError, match="damaged"):
        inspect_wheel(path)


def test_texts_are_kept_within_the_bound_of_one(tmp_path):
    source = plugin_source("poll", code="x = 1\n" * 300)
    report = inspect_wheel(source.build(tmp_path), limits=WheelLimits(text_bytes=1000))
    assert report.plugin_id == "poll"


SEGMENTS = st.sampled_from(["a", "b.py", "con", "Aux.py", "x-1.0.dist-info", ".hidden", "a.", "..", "", "é", "a b"])


@given(st.lists(SEGMENTS, min_size=1, max_size=4), st.booleans())
def test_plain_paths_say_what_the_long_way_says(segments, folder):
    path = "/".join(segments) + ("/" if folder else "")
    shorter = [(each.code, each.message) for each in check_paths([path], WheelLimits())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "_PLAIN", re.compile("never^"))
        assert [(each.code, each.message) for each in check_paths([path], WheelLimits())] == shorter
