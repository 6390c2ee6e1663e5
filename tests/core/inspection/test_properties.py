"""No bytes crash an inspection: it answers with a report or with a WheelError."""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jackfield.errors import WheelError
from jackfield.inspection import WheelLimits, WheelReport, inspect_sdist, inspect_wheel

from tests.support import hostile_wheels as hostile
from tests.support.examples import examples
from tests.support.wheels import plugin_source

FEW = settings(max_examples=examples(60), deadline=None)

with TemporaryDirectory() as _folder:
    GOOD = plugin_source("poll", changelog="## 1.0.0\n").build(Path(_folder)).read_bytes()


def inspect_bytes(data: bytes) -> WheelReport | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chat_poll-1.0.0-py3-none-any.whl"
        path.write_bytes(data)
        try:
            return inspect_wheel(path, strict=True)
        except WheelError:
            return None


@given(st.binary(max_size=2000))
@FEW
def test_any_bytes(data):
    assert inspect_bytes(data) is None


def test_a_file_without_a_name_is_refused_with_a_sentence(tmp_path):
    nameless = hostile.with_entry(tmp_path, zipfile.ZipInfo(""))
    report = inspect_wheel(nameless, strict=True)
    assert "a file of the wheel has no name" in str(report.refusals)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@FEW
def test_a_wheel_with_bytes_turned_over(changes):
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    inspect_bytes(bytes(data))


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
@FEW
def test_a_wheel_with_a_piece_missing(first, second):
    start, end = sorted((first, second))
    report = inspect_bytes(GOOD[:start] + GOOD[end:])
    assert report is None or start == end


@given(
    st.sampled_from(["METADATA", "WHEEL", "RECORD", "entry_points.txt"]),
    st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))),
)
@example("METADATA", b"Metadata-Version: 2.1\nName: =?utf-8?q?x?=\nVersion: 1\n\n")
@example("METADATA", b"Name\xff: \xff\n\xff")
@example("entry_points.txt", b"[a\n]\n%(x)s=1")
@FEW
def test_any_text_in_a_file_of_dist_info(name, data):
    with TemporaryDirectory() as folder:
        path = hostile.with_changed(Path(folder), f"chat_poll-1.0.0.dist-info/{name}", data)
        assert isinstance(inspect_wheel(path), WheelReport)


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))))
@FEW
def test_any_text_as_manifest(data):
    with TemporaryDirectory() as folder:
        path = hostile.with_changed(Path(folder), "chat_poll/plugin.toml", data)
        assert inspect_wheel(path, strict=True).refusals


@given(st.binary(max_size=1000), st.booleans())
@FEW
def test_any_bytes_as_source_distribution(data, packed):
    import gzip

    with TemporaryDirectory() as folder:
        path = Path(folder) / "chat_poll-1.0.0.tar.gz"
        path.write_bytes(gzip.compress(data) if packed else data)
        try:
            report = inspect_sdist(path, limits=WheelLimits())
        except WheelError:
            return
        assert report.refusals
