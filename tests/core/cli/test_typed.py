"""Whatever names a command of `jackfield` names it as its reader types it (ui.md: what to do next)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.cli import in_words_of
from jackfield.storage import Starts

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
@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("list",), "jackfield --app tool --profile mine disable tool-x"),
        (("doctor",), "jackfield --app tool --profile mine disable tool-x"),
        (("doctor", "--json"), "jackfield --app tool --profile mine disable tool-x"),
        (("settings", "set", "nobody", "a", "1"), "jackfield --app tool --profile mine list"),
        (("settings", "set", "nobody", "a", "1", "--json"), "jackfield --app tool --profile mine list"),
        (("safe-mode",), "jackfield --app tool --profile mine bisect"),
        (("history",), ""),
    ],
)
def test_advice_names_the_application_and_the_profile_that_its_reader_named(desk, adopted_app, words, advice):
    """What is advised runs as it is printed: of two applications, or profiles, the same one is meant."""
    adopted_app(desk)
    desk.more["JACKFIELD_PROFILE"] = "mine"
    code = "from jackfield import PluginManager\nPluginManager('tool').load_setuptools_entrypoints('tool')\n"
    subprocess.run([sys.executable, "-c", code], env=desk.environ, check=True, capture_output=True)
    del desk.more["JACKFIELD_PROFILE"]
    starts = Starts(desk.home / "tool" / "mine" / "run" / "starts.json")
    (desk.home / "tool" / "mine" / "run").mkdir(exist_ok=True)
    starts.note_failures({"tool-x": "ImportError: no module named 'lost'"})
    starts.begin("these", chosen=True)
    ran = desk.run("--app", "tool", "--profile", "mine", *words)
    assert advice in ran.out + ran.err
    assert "jackfield " not in (ran.out + ran.err).replace("jackfield --app tool --profile mine ", "")


@pytest.mark.slow
def test_what_variables_say_needs_no_option(desk: Desk):
    desk.more["JACKFIELD_APP"] = "chat"
    assert "see jackfield list" in desk.run("disable", "nobody").err
    assert "see jackfield --app chat list" in desk.run("--app", "chat", "disable", "nobody").err


@pytest.mark.slow
def test_advice_names_the_folder_of_the_chat_that_is_meant(desk: Desk, tmp_path: Path):
    command = [script("jackfield-chat"), "plugins", "--data", str(tmp_path / "my data"), "disable", "nobody"]
    told = subprocess.run(command, env=desk.environ, capture_output=True, text=True, timeout=60, check=False).stderr
    assert f"or see jackfield-chat plugins --data '{tmp_path / 'my data'}' list" in told


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
