"""Where the chat's own commands look for plugins: where the chat itself and `jackfield` do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.conftest import Market
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


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root mounts a file system")
def test_a_home_that_is_mounted_for_reading_is_told_and_nothing_is_wrong(tmp_path: Path, market: Market) -> None:
    """As in a container whose image brings the plugins; a folder that its user alone cannot write is another matter."""
    home = tmp_path / "home"
    environ = clean_environment(JACKFIELD_HOME=str(home), COLUMNS="200")
    jackfield = [script("jackfield"), "--app", "chat"]
    wheel = build_plugin(tmp_path / "wheels", "poll")
    subprocess.run([*jackfield, "install", "--yes", str(wheel)], env=environ, check=True, stdin=subprocess.DEVNULL)
    mounted = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    reading = ["unshare", "--mount", "sh", "-c", mounted, str(home), *jackfield]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*reading, *words], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    if run("--version").returncode:
        pytest.skip("this machine lets nobody mount")
    told = run("doctor")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "note: no plugin can be installed, set or keep anything:" in told.stdout
    assert "is mounted read-only" in told.stdout
    refused = run("disable", "poll")
    assert refused.returncode == 1
    assert "cannot be written: Read-only file system" in refused.stderr
    market.publish(build_plugin(tmp_path / "wheels", "unwritten"))
    refused = run("--marketplace", market.address, "install", "unwritten", "--yes")
    assert refused.returncode == 1
    assert "Read-only file system\nhint: what is installed runs; to change it, have JACKFIELD_HOME" in refused.stderr
