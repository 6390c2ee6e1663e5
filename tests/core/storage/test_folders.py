"""What plugins keep is made for its user alone."""

import stat
import subprocess
import sys

import pytest
from jackfield.storage import PluginDatabase, State, delete_folder, make_private
from jackfield.storage.folders import entries_below, write_private
from jackfield.storage.quota import folder_size


def modes(*folders):
    return {stat.S_IMODE(folder.stat().st_mode) for folder in folders}


def test_every_folder_that_is_made_is_private_and_what_is_there_stays(tmp_path):
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    before = modes(there)
    make_private(there / "profile" / "data")
    assert modes(there / "profile", there / "profile" / "data") == {0o700}
    assert modes(there) == before


@pytest.mark.slow
@pytest.mark.parametrize(("name", "depth"), [("d", 1500), ("d" * 200, 60)], ids=["deep", "long"])
def test_a_folder_is_deleted_however_deep_it_is(tmp_path, name, depth):
    (tmp_path / "outside").write_text("stays")
    folder = tmp_path / "folder"
    folder.mkdir()
    make = f"""
import os
os.chdir({str(folder)!r})
for _ in range({depth}):
    os.mkdir({name!r})
    os.chdir({name!r})
    open("file", "w").close()
os.symlink({str(tmp_path / "outside")!r}, "link")
os.mkdir("closed", 0)
"""
    subprocess.run([sys.executable, "-c", make], check=True)
    try:
        seen = sum(entry.name == "file" for entry in entries_below(folder))
        assert seen == depth or (len(name) > 1 and 10 < seen < depth), "all of them that a path leads to"
        assert folder_size(folder) < 10_000
        if depth > 1000 and sys.version_info < (3, 13):
            remove = f"import shutil; shutil.rmtree({str(folder)!r})"
            removed = subprocess.run([sys.executable, "-c", remove], check=False, capture_output=True, text=True)
            assert "RecursionError" in removed.stderr, "who goes down by calling itself cannot"
        delete_folder(folder)
        assert not folder.exists()
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)  # pytest cannot
    assert (tmp_path / "outside").read_text() == "stays"


def test_a_state_log_and_a_database_make_private_profiles(tmp_path):
    State(tmp_path / "one" / "state").change({"wish/poll": True}, by="a test")
    PluginDatabase(tmp_path / "two" / "data" / "poll" / "storage.sqlite3").set("a", 1)
    assert modes(tmp_path / "one", tmp_path / "two", tmp_path / "two" / "data" / "poll") == {0o700}


def test_what_a_list_needs_brings_no_database_and_no_event_loop():
    code = (
        "import sys\nfrom jackfield.storage import State, Starts, make_private\n"
        "print(sorted({'asyncio', 'sqlite3', 'tomlkit', 'filelock', 'zipfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_name_of_the_room_is_there():
    import jackfield.storage as room

    assert [name for name in room.__all__ if not hasattr(room, name)] == []


def test_a_file_is_exchanged_whole_and_for_its_user_alone(tmp_path):
    path = tmp_path / "inner" / "file"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["file"]
