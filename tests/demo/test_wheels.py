"""The contrib plugins become wheels: the same bytes each time, and an edit without a new version is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.demo.wheels import CONTRIB, ROOT, build_wheels, poll_two_source, sentence, sources, version_of

NAMES = ["console", "dice", "poll", "timestamp", "welcome"]
DICE = NAMES.index("dice")


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "sources"
    shutil.copytree(CONTRIB, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return sources(folder)


def test_every_contrib_plugin_becomes_a_wheel_with_manifest_and_changelog(tmp_path: Path) -> None:
    built = build_wheels(tmp_path)
    assert [result.name for result in built] == [f"chat-{name}" for name in NAMES]
    for name, result in zip(NAMES, built, strict=True):
        inside = zipfile.ZipFile(result.path).namelist()
        assert {f"chat_{name}/plugin.toml", f"chat_{name}/CHANGELOG.md", f"chat_{name}/__init__.py"} <= set(inside)
        assert [path for path in inside if "test" in path] == []


def test_unedited_plugins_give_identical_bytes_wherever_they_lie(tmp_path: Path, copies: list[Path]) -> None:
    first = {result.path.name: result.path.read_bytes() for result in build_wheels(tmp_path / "one")}
    second = {result.path.name: result.path.read_bytes() for result in build_wheels(tmp_path / "two", copies)}
    assert first == second


def test_nothing_is_built_again_when_nothing_changed(tmp_path: Path, copies: list[Path]) -> None:
    assert {result.state for result in build_wheels(tmp_path, copies)} == {"built"}
    again = build_wheels(tmp_path, copies)
    assert {result.state for result in again} == {"kept"}
    assert [sentence(result) for result in again] == [""] * len(NAMES)


def test_an_edit_without_a_new_version_is_named_and_the_first_wheel_stays(tmp_path: Path, copies: list[Path]) -> None:
    dice = build_wheels(tmp_path, copies)[DICE]
    before = dice.path.read_bytes()
    code = dice.source / "chat_dice/__init__.py"
    code.write_text(code.read_text() + "# edited\n")
    results = build_wheels(tmp_path, copies)
    assert [result.state for result in results] == ["kept", "edited", "kept", "kept", "kept"]
    assert f"chat-dice was edited and is still {version_of('dice')}" in sentence(results[DICE])
    assert dice.path.read_bytes() == before


def test_an_edit_with_a_new_version_is_built_beside_the_first(tmp_path: Path, copies: list[Path]) -> None:
    build_wheels(tmp_path, copies)
    project = copies[DICE] / "pyproject.toml"
    project.write_text(project.read_text().replace(f'version = "{version_of("dice")}"', 'version = "9.0.1"'))
    assert build_wheels(tmp_path, copies)[DICE].state == "built"
    assert sorted(path.name for path in tmp_path.glob("chat_dice-*")) == [
        f"chat_dice-{version_of('dice')}-py3-none-any.whl",
        "chat_dice-9.0.1-py3-none-any.whl",
    ]


def test_the_second_poll_asks_for_one_more_permission_and_says_why(tmp_path: Path) -> None:
    (built,) = build_wheels(tmp_path / "out", [poll_two_source(tmp_path)])
    assert built.version == "2.0.0"
    with zipfile.ZipFile(built.path) as wheel:
        manifest = wheel.read("chat_poll/plugin.toml").decode()
        assert "## 2.0.0" in wheel.read("chat_poll/CHANGELOG.md").decode()
        assert "chat_poll/ballot.py" in wheel.namelist()
    first = (CONTRIB / "poll/chat_poll/plugin.toml").read_text()
    added = {line for line in manifest.splitlines() if line not in first.splitlines()}
    assert {'resource = "members"', 'reason = "to show who voted"'} <= added
    assert manifest.count("[[permissions]]") == first.count("[[permissions]]") + 1


@pytest.mark.slow
def test_the_command_says_what_it_built_and_is_silent_the_second_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.demo.wheels", "--out", str(tmp_path)]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert first.stdout.splitlines() == [f"built chat-{name} {version_of(name)}" for name in NAMES]
    assert second.stdout + first.stderr + second.stderr == ""


@pytest.mark.slow
def test_an_unreadable_project_is_named_in_one_line(tmp_path: Path, copies: list[Path]) -> None:
    (copies[DICE] / "pyproject.toml").write_text("[project\n")
    with pytest.raises(SystemExit, match=r"dice/pyproject.toml cannot be read: "):
        build_wheels(tmp_path, copies)
