"""Where a profile lies."""

from __future__ import annotations

import stat
import sys

import pytest
from jackfield.errors import UsageError
from jackfield.store import Layout, Store
from jackfield.store.lock import install_lock


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


def test_a_profile_is_for_its_user_alone(tmp_path):
    layout = Layout(tmp_path / "home" / "chat" / "work")
    layout.make_root()
    layout.make_root()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (layout.root, *layout.root.parents[:2])] == [0o700] * 3
    with install_lock(Layout(tmp_path / "other"), by="a test"):
        assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o700


def test_only_plain_digits_are_generations(tmp_path):
    layout = Layout(tmp_path)
    for name in ("1", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT THREE}", "x"):
        (layout.generations / name).mkdir(parents=True)
    assert Store(layout, groups=["chat.plugins"]).numbers() == (1,)
