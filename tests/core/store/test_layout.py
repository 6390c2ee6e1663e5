"""Where a profile lies."""

from __future__ import annotations

import sys

import pytest
from jackfield.errors import UsageError
from jackfield.store import Layout


def test_jackfield_home_moves_everything(tmp_path):
    home = tmp_path / "a folder with blanks and ümlauts"
    layout = Layout.locate("chat", profile="work", environ={"JACKFIELD_HOME": str(home)})
    assert layout.root == home / "chat" / "work"
    for place in (layout.store, layout.generations, layout.current, layout.state, layout.journal, layout.data("poll")):
        assert place.is_relative_to(layout.root)


def test_without_it_the_users_data_folder_is_used(tmp_path):
    layout = Layout.locate("chat", environ={})
    assert "jackfield" in layout.root.parts


def test_the_profile_is_the_environments_own_unless_named(tmp_path, monkeypatch):
    environ = {"JACKFIELD_HOME": str(tmp_path)}
    here = Layout.locate("chat", environ=environ)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "other" / ".venv"))
    there = Layout.locate("chat", environ=environ)
    assert here.root != there.root
    assert there.root.name.startswith("venv-")
    assert Layout.locate("chat", profile="shared", environ=environ).root.name == "shared"


@pytest.mark.parametrize("name", ["..", "", "a/b", ".hidden", "a\0b", "x" * 101])
def test_names_cannot_lead_out_of_the_folder(tmp_path, name):
    with pytest.raises(UsageError, match="is no app name"):
        Layout.locate(name, environ={"JACKFIELD_HOME": str(tmp_path)})


def test_locating_makes_nothing(tmp_path):
    Layout.locate("chat", environ={"JACKFIELD_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home").exists()
