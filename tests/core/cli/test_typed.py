"""Whatever names a command of `jackfield` names it as its reader types it (ui.md: what to do next)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from jackfield.cli import in_words_of

from tests.core.cli.conftest import Desk
from tests.support.processes import script


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        (
            "weather was stopped (if it should: jackfield limits weather memory=64MiB)",
            "tool limits weather memory=64MiB",
        ),
        ("jackfield bisect --restore enables them again", "tool bisect --restore enables"),
        ("tell its author, or jackfield disable weather", "or tool disable weather"),
        (
            "jackfield isolation a process, and jackfield isolation a inline",
            "tool isolation a process, and tool isolation",
        ),
        ("use the jackfield of its environment", "use the jackfield of its"),
        ("is it a jackfield marketplace?", "a jackfield marketplace?"),
        ("jackfield-chat list", "jackfield-chat list"),
        ("jackfield listed it", "jackfield listed it"),
    ],
)
def test_a_command_is_named_as_it_is_typed_and_nothing_else_is(said: str, typed: str):
    assert typed in in_words_of("tool", said)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["list", "doctor"])
def test_what_is_wrong_with_a_plugin_names_the_command_of_the_application(polling: Desk, tmp_path: Path, words: str):
    (wheel,) = polling.home.glob("chat/*/store/*/tree")
    wheel.parent.rename(tmp_path / "elsewhere")
    command = [script("jackfield-chat"), "plugins", *words.split()]
    told = subprocess.run(command, env=polling.environ, capture_output=True, text=True, timeout=60, check=False).stdout
    assert "jackfield-chat plugins install poll" in told
    assert " jackfield " not in told
    assert "jackfield install poll" in polling.run(*words.split()).out
