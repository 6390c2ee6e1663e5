"""Virtual environments come and go; what was installed, granted and stored in one stays, and is found again."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.processes import clean_environment
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8")]

PERMISSION = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "posts"\n'


class Environment:
    """A real virtual environment in which the command runs.

    Args:
        prefix: where it lies.
        home: where all data of the framework lies.
    """

    def __init__(self, prefix: Path, home: Path) -> None:
        self.prefix = prefix
        self._home = home
        venv.create(prefix, with_pip=False, symlinks=True)
        (folder,) = prefix.glob("lib/python*/site-packages")
        here = sysconfig.get_path("purelib")
        (folder / "project.pth").write_text(f"import site; site.addsitedir({here!r})\n")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                str(self.prefix / "bin" / "python"),
                "-c",
                "from jackfield.cli import main; main()",
                "--app",
                "chat",
                *words,
            ],
            env=clean_environment(JACKFIELD_HOME=str(self._home)),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def test_an_environment_that_is_made_anew_finds_its_plugins_and_another_takes_them_over(tmp_path):
    home = tmp_path / "home"
    wheel = build_plugin(tmp_path / "wheels", "keeper", permissions=PERMISSION)
    first = Environment(tmp_path / "first", home)
    done = first.run("install", str(wheel), "--accept-permissions")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(first.prefix)

    again = Environment(tmp_path / "first", home)  # in the same place: nothing was lost
    assert "keeper  1.0.0    enabled" in again.run("list").stdout
    shutil.rmtree(again.prefix)

    other = Environment(tmp_path / "second", home)
    assert "No plugins yet" in other.run("list").stdout
    told = other.run("doctor")
    assert told.returncode == 1
    assert f"vanished: {tmp_path / 'first'}, an environment that is gone, had keeper" in told.stdout
    (name,) = [word for word in told.stdout.split() if word.startswith("first-")]
    refused = other.run("doctor", "--take-over", "second-12345678")
    assert refused.returncode == 2
    assert "is no profile whose environment is gone" in refused.stderr
    taken = other.run("doctor", "--take-over", name)
    assert f"Taken over from {tmp_path / 'first'}, with settings and data: keeper." in taken.stdout, taken.stderr
    assert "keeper  1.0.0    enabled" in other.run("list").stdout
    assert "may        send messages" in other.run("permissions", "keeper").stdout
    assert not (home / "chat" / name).exists()
    assert "Everything fits this Python already." in other.run("sync").stdout
    third = Environment(tmp_path / "third", home)
    assert "vanished" not in third.run("doctor").stdout, "its environment is there"
