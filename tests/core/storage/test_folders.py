"""What plugins keep is made for its user alone."""

import stat

from jackfield.storage import PluginDatabase, State, make_private


def modes(*folders):
    return {stat.S_IMODE(folder.stat().st_mode) for folder in folders}


def test_every_folder_that_is_made_is_private_and_what_is_there_stays(tmp_path):
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    before = modes(there)
    make_private(there / "profile" / "data")
    assert modes(there / "profile", there / "profile" / "data") == {0o700}
    assert modes(there) == before


def test_a_state_log_and_a_database_make_private_profiles(tmp_path):
    State(tmp_path / "one" / "state").change({"wish/poll": True}, by="a test")
    PluginDatabase(tmp_path / "two" / "data" / "poll" / "storage.sqlite3").set("a", 1)
    assert modes(tmp_path / "one", tmp_path / "two", tmp_path / "two" / "data" / "poll") == {0o700}
