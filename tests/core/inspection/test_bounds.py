"""Texts of a wheel on which a parser would work for minutes, or fill the memory: refused at sight, and briefly."""

from pathlib import Path

import pytest
from jackfield.inspection import WheelLimits, inspect_wheel

from tests.core.inspection.refusals import refused
from tests.support import hostile_wheels as hostile
from tests.support.wheels import plugin_source

FIELDS = "".join(f"X-{number}: a\n" for number in range(30_000))
LONG = 20_000


def with_metadata(folder: Path, more: str) -> Path:
    source = plugin_source("poll")
    return hostile.with_changed(
        folder, f"{source.stem}.dist-info/METADATA", (source.metadata().rstrip() + more).encode()
    )


@pytest.mark.parametrize("before", ["", "From somebody\n", ": nothing\n"])
def test_metadata_with_thousands_of_different_fields(tmp_path, before):
    refused(with_metadata(tmp_path, f"\n{before}{FIELDS}"), "metadata-invalid", "more than 100 different fields")


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("Description-Content-Type: text/markdown", '; a="b"'),
        ("Requires-Dist: a >=1", ",>=1"),
        ("Requires-Python: >=3", ",>=3"),
    ],
)
def test_metadata_with_a_field_that_takes_long_to_take_apart(tmp_path, field, part, folded):
    line = field + (("\n " if folded else "") + part) * LONG
    name = field.partition(":")[0].lower()
    refused(with_metadata(tmp_path, f"\n{line}\n"), "metadata-invalid", f"{name} has more than 16384 characters")


def test_metadata_with_thousands_of_requirements(tmp_path):
    lines = "".join(f"\nRequires-Dist: lib-{number}" for number in range(6000))
    refused(with_metadata(tmp_path, lines + "\n"), "metadata-invalid", "more than 5000 lines of Requires-Dist")


def test_metadata_with_hundreds_of_thousands_of_fields(tmp_path):
    refused(with_metadata(tmp_path, "\nX: a\n" + "a:\n" * 300_000), "metadata-invalid", "more than 20000 fields")


def test_a_description_of_any_length_is_taken(tmp_path):
    old = "\nDescription: x\n" + "        a line of an old builder\n" * 2000
    assert inspect_wheel(with_metadata(tmp_path, old)).refusals == ()
    new = "\n\n" + "Note: a line of a new one\n" * 2000 + FIELDS
    assert inspect_wheel(with_metadata(tmp_path, new)).refusals == ()


def test_a_wheel_file_whose_tags_stand_for_millions(tmp_path):
    one = "-".join(".".join(f"{kind}{number}" for number in range(10)) for kind in "abc")
    source = plugin_source("poll")
    text = "Wheel-Version: 1.0\nTag: py3-none-any\n"
    few = hostile.with_changed(
        tmp_path / "few", f"{source.stem}.dist-info/WHEEL", (text + f"Tag: {one}\n" * 500).encode()
    )
    refused(few, "tag-mismatch", "WHEEL says 1001 tags; the file name says py3-none-any")
    many = hostile.with_changed(
        tmp_path / "many", f"{source.stem}.dist-info/WHEEL", (text + f"Tag: {one}\n" * 5000).encode()
    )
    refused(many, "wheel-file", "bytes, more than 65536")


def test_what_a_finding_quotes_is_bounded(tmp_path):
    source = plugin_source("poll")
    text = "[chat.plugins]\npoll = chat_poll:Main\n[x]\na = " + "b." * 100_000 + "\n"
    report = inspect_wheel(hostile.with_changed(tmp_path, f"{source.stem}.dist-info/entry_points.txt", text.encode()))
    assert report.refusals
    assert all(len(finding.message) < 1000 for finding in report.findings)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["Summary: " + "x" * 513], "Summary has 513 characters, more than 512"),
        (["Keywords: " + "x" * 4097], "Keywords has 4097 characters, more than 4096"),
        (["Classifier: " + "x" * 1000] * 17, "Classifier has 17000 characters, more than 16384"),
        ([f"Project-URL: Page {number}, https://example.org" for number in range(51)], "more than 50 lines"),
        (["Project-URL: Page, https://example.org/" + "x" * 2048], "more than 2048"),
    ],
)
def test_what_an_upload_may_say_of_itself_and_what_is_installed_may_exceed(tmp_path, lines, told):
    source = plugin_source("poll")
    source.metadata_lines = lines
    path = source.build(tmp_path)
    refused(path, "metadata-bounds", told, strict=True)
    assert not inspect_wheel(path).refusals


def test_what_an_upload_may_say_of_itself_at_the_bounds(tmp_path):
    source = plugin_source("poll")
    source.metadata_lines = ["Summary: " + "x" * 512, "Keywords: " + "x" * 4096, *["Classifier: " + "x" * 1024] * 16]
    assert not inspect_wheel(source.build(tmp_path), strict=True).refusals


def test_folders_without_end_that_no_entry_of_the_archive_names(tmp_path):
    """Some hundred bytes of a wheel for each path, and a block of the disk for each folder of it."""
    source = plugin_source("poll")
    source.files |= {f"chat_poll/{number}/{'d/' * 60}module.py": "" for number in range(20)}
    wheel = source.build(tmp_path)
    refused(wheel, "too-many-files", "more than 1000 folders", limits=WheelLimits(files=1000))
    assert inspect_wheel(wheel).refusals == ()


def test_entry_points_that_every_start_would_read(tmp_path):
    source = plugin_source("poll")
    source.entry_points["other"] = {f"name{number}": "some.module:call" for number in range(10_000)}
    refused(source.build(tmp_path), "too-large", "entry_points.txt has ")
