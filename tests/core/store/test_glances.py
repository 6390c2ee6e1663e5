"""What looks the same from outside is the same, and what is missing is seen when it comes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from jackfield.store import Glance

TICK_SECONDS = 0.05
"""More than a file system that counts in nanoseconds takes to the next one."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "there").write_text("read")
    time.sleep(TICK_SECONDS)
    return tmp_path


def look(folder: Path, settled_ns: int) -> Glance:
    return Glance.at([str(folder), f"{folder}/there", f"{folder}/missing"], settled_ns=settled_ns)


def test_a_settled_folder_tells_by_itself_that_something_comes(folder: Path):
    glance = look(folder, time.time_ns())
    assert glance.missing == ()
    assert glance.holds()
    (folder / "missing").touch()
    assert not glance.holds()


def test_in_a_young_folder_what_is_missing_is_looked_for(folder: Path):
    glance = look(folder, 0)
    assert glance.missing == (f"{folder}/missing",)
    (folder / "missing").touch()
    assert not glance.holds()


def test_several_glances_as_one_hold_while_each_does(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    other = tmp_path_factory.mktemp("other")
    first, second = look(folder, 0), look(other, 0)
    joined = Glance.joined([first, second])
    assert (len(joined.paths), len(joined.missing)) == (3, 3)
    assert joined.holds()
    (other / "there").touch()
    assert (first.holds(), second.holds(), joined.holds()) == (True, False, False)


def test_a_glance_covers_what_was_seen_in_it_and_looked_the_same(folder: Path):
    (folder / "beside").touch()
    more = Glance.at([f"{folder}/", f"{folder}/there", f"{folder}/beside"])
    less = Glance.at([str(folder), f"{folder}/there"])
    assert more.covers(less), "a folder is one, with a slash behind it or without"
    assert not less.covers(more)
    assert not more.covers(look(folder, 0)), "nobody has seen that something is missing"
    (folder / "there").write_text("written anew")
    assert not more.covers(Glance.at([f"{folder}/there"]))


def test_what_a_glance_is_without_has_no_say(folder: Path):
    (folder / "beside").touch()
    glance = Glance.at([f"{folder}/there", f"{folder}/beside"]).without({f"{folder}/beside"})
    (folder / "beside").write_text("another")
    assert glance.holds()
    (folder / "there").write_text("another")
    assert not glance.holds()
