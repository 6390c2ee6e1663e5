"""Where the chat's own commands look for plugins: where the chat itself and `jackfield` do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


def test_a_home_below_the_users_own_folder_is_one_for_every_command(tmp_path: Path) -> None:
    user, here = tmp_path / "user", tmp_path / "here"
    user.mkdir()
    here.mkdir()
    environ = {**clean_environment(JACKFIELD_HOME="~/plugins"), "HOME": str(user)}
    wheel = build_plugin(tmp_path / "wheels", "poll")
    chat = [script("jackfield-chat"), "plugins", "--data", str(tmp_path / "data")]
    subprocess.run([*chat, "install", "--yes", str(wheel)], env=environ, cwd=here, check=True, stdin=subprocess.DEVNULL)
    listed = subprocess.run(
        [script("jackfield"), "--app", "chat", "list"],
        env=environ,
        cwd=here,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "poll" in listed.stdout
    assert list(here.iterdir()) == []
