"""An export can be unpacked anywhere: a plugin chooses the names of its files, and every one stays where it stands."""

from __future__ import annotations

import os
import re
import stat
import sys
import zipfile
from pathlib import PureWindowsPath
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.storage import Belongings, State

pytestmark = [
    pytest.mark.feature("C14", "U40"),
    pytest.mark.skipif(sys.platform == "win32", reason="holds no such names"),
]

HOSTILE = [
    "..\\..\\outside",
    "C:\\outside",
    "C:outside",
    "\\\\server\\share",
    "a\\b",
    "a%5Cb",
    "a%5cb",
    "50%.txt",
    "con",
    "Aux.txt",
    "ends with a dot.",
    "ends with a blank ",
    "line\nbreak",
    "\x1b[2J",
    "what?",
    "grün",
    os.fsdecode(b"\xff"),
    "\\xff",
    "%FF",
]

DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""What Windows takes for one (`is_reserved` of pathlib goes with Python 3.15, and warns of it)."""


def names_in_export(tmp_path, names: list[str]) -> dict[str, bytes]:
    """What an export holds of files with these names, each of which has its name in it."""
    files = tmp_path / "data" / "poll" / "files"
    files.mkdir(parents=True, exist_ok=True)
    for one in files.iterdir():
        one.unlink()
    for name in names:
        (files / name).write_bytes(os.fsencode(name))
    Belongings(tmp_path, State(tmp_path / "state")).export("poll", tmp_path / "poll.zip")
    with zipfile.ZipFile(tmp_path / "poll.zip") as archive:
        found = [one for one in archive.namelist() if one.startswith("files/")]
        assert len(found) == len(set(found)) == len(names)
        return {one: archive.read(one) for one in found}


def test_names_that_lead_out_of_the_folder_elsewhere_do_not(tmp_path):
    kept = names_in_export(tmp_path, HOSTILE)
    for name, content in kept.items():
        path = PureWindowsPath(name)
        assert path.parts[0] == "files", name
        assert len(path.parts) == 2, name
        assert not path.drive, name
        assert not DEVICE.match(path.name), name
        assert not re.search(r'[\\:*?"<>|\x00-\x1f]|[. ]$', name), name
        assert unquote_to_bytes(name.removeprefix("files/")) == content, name
    assert "files/grün" in kept, "what can stand everywhere stays as it is"
    assert "files/50%.txt" in kept


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20)
        | st.text(r"%\5Cc. x", min_size=1, max_size=6),
        unique=True,
        max_size=8,
    ).map(lambda names: [one for one in names if one not in (".", "..")])
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_two_files_have_one_name_and_each_can_be_told_again(tmp_path, names):
    kept = names_in_export(tmp_path, names)
    assert all(unquote_to_bytes(name.removeprefix("files/")) == content for name, content in kept.items())


def test_nothing_is_unpacked_as_a_program_that_runs_as_its_owner(tmp_path):
    names_in_export(tmp_path, ["tool"])
    (tmp_path / "data" / "poll" / "files" / "tool").chmod(0o6755)
    Belongings(tmp_path, State(tmp_path / "state")).export("poll", tmp_path / "poll.zip")
    with zipfile.ZipFile(tmp_path / "poll.zip") as archive:
        mode = archive.getinfo("files/tool").external_attr >> 16
    assert mode == stat.S_IFREG | 0o755
