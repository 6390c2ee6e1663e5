"""The READMEs of the contrib plugins, which the marketplace shows as well: what they say to type can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from jackfield.manifest import read_manifest

from tests.demo.wheels import CONTRIB
from tests.support.contrib import contrib_wheel
from tests.support.processes import clean_environment, script

PLUGINS = sorted(path.parent.name for path in CONTRIB.glob("*/README.md"))
_PROGRAM = "jackfield-chat plugins --data "


def readme(plugin: str) -> str:
    return (CONTRIB / plugin / "README.md").read_text(encoding="utf-8")


def typed(plugin: str) -> list[str]:
    """The commands for a shell, in the text and in blocks."""
    return re.findall(rf"{_PROGRAM}[^`\n]+", readme(plugin))


def test_what_is_found_is_more_than_nothing():
    assert typed("dice") == ["jackfield-chat plugins --data DIR isolation dice"]
    assert len(PLUGINS) == len(list(CONTRIB.glob("*/")))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_it_names_commands_as_the_users_of_a_chat_have_them(plugin):
    """`jackfield` alone would look for the plugin in a profile that no chat reads."""
    assert re.findall(r"(?<![\w-])jackfield [a-z][^`\n]*", readme(plugin)) == []
    (manifest,) = CONTRIB.glob(f"{plugin}/**/plugin.toml")
    declared = read_manifest(manifest.read_text(encoding="utf-8"), source="plugin.toml").contributes.commands
    roots = {name.split()[0] for one in declared for name in (one.name, *one.aliases)}
    assert set(re.findall(r"`!(\w+)", readme(plugin))) <= roots


@pytest.mark.slow
@pytest.mark.parametrize("plugin", [name for name in PLUGINS if typed(name)])
def test_what_it_says_to_type_is_done(plugin, tmp_path: Path):
    folder, data = tmp_path / plugin, tmp_path / "chat"
    shutil.copytree(CONTRIB / plugin, folder)

    def run(line: str) -> None:
        done = subprocess.run(
            [script("jackfield-chat"), *shlex.split(line.replace(" DIR ", f" {data} "))[1:]],
            cwd=folder,
            env=clean_environment(),
            input="y\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    if (folder / "pyproject.toml").exists():  # the others are no wheels, and connect by themselves
        run(f"{_PROGRAM}DIR install {contrib_wheel(plugin)} --accept-permissions")
    for line in typed(plugin):
        run(line)
