"""What writers of settings and secrets leave that were killed: nothing of it outlives the next one, or a purge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.manifest import SettingContribution
from jackfield.storage import Belongings, Settings, Snapshots, State

from tests.support.processes import clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="nobody is killed like this there")]

DECLARED = (SettingContribution("word", "text", ""), SettingContribution("token", "secret"))

WRITER = """
import os, signal, sys
from pathlib import Path
from jackfield.manifest import SettingContribution
from jackfield.storage import Settings, State

class Dying(State):
    def change(self, *words, **options):
        os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[1])
declared = (SettingContribution("word", "text", ""), SettingContribution("token", "secret"))
settings = Settings(Dying(root / "state"), "poll", declared, file=root / "config" / "settings.toml")
settings.set("token", "forgotten", by="test")
"""


def settings(root: Path) -> Settings:
    return Settings(State(root / "state"), "poll", DECLARED, file=root / "config" / "settings.toml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A profile in which a writer was killed between the secret and the log that tells of it."""
    settings(tmp_path).set("token", "first", by="test")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], env=clean_environment(), timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert holding(tmp_path, "first") != [], "the draft of what to return to"
    return tmp_path


def holding(root: Path, secret: str) -> list[str]:
    return [path.name for path in root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_secret_that_was_replaced_is_nowhere_after_the_next_one_is_set(root: Path) -> None:
    settings(root).set("token", "third", by="test")
    assert holding(root, "first") == holding(root, "forgotten") == []
    assert settings(root).get("token") == "third"


def test_a_purge_leaves_no_secret_of_a_writer_that_was_killed(root: Path) -> None:
    Belongings(root, State(root / "state")).delete("poll", by="test")
    assert holding(root, "first") == holding(root, "forgotten") == []


def test_drafts_of_a_file_of_settings_go_and_what_an_editor_keeps_beside_it_stays(root: Path) -> None:
    file = settings(root).write_file()
    left = file.with_name(".settings.toml.a1b2c3_d")
    editors = [file.with_name(f".settings.toml.{end}") for end in ("swp", "kate-swp")]
    for path in (left, *editors):
        path.touch()
    settings(root).set("word", "new", by="test")
    assert not left.exists()
    assert [path for path in editors if not path.exists()] == []


def test_what_is_left_of_a_copy_that_was_being_discarded_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "data" / "poll").mkdir(parents=True)
    copies = Snapshots(tmp_path, State(tmp_path / "state"))
    for _ in range(2):
        list(copies.take("poll", 1, why="before", by="test"))
        copies.keep("poll", 1, by="test", why="kept")
    left = tmp_path / "snapshots" / "poll" / ".discarded-7" / "data"
    left.mkdir(parents=True)
    copies.discard("poll", 1)
    assert sorted(path.name for path in left.parents[1].iterdir()) == ["2"]
