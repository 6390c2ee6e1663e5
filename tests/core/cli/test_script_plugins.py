"""Scripts at the command line: listed plainly, disabled and enabled without a question, left where they are."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.application import Application
from jackfield.discovery import SCRIPT_FOLDERS
from jackfield.storage import State
from jackfield.store import Layout

if TYPE_CHECKING:
    from tests.core.cli.conftest import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> Path:
    """A folder of scripts that a running chat has named."""
    place = tmp_path / "scripts"
    place.mkdir()
    mark = f"open({str(desk.mark)!r}, 'w').close()\n"
    (place / "greet.py").write_text("PLUGIN_METADATA = {'id': 'greet', 'version': '1.2.0'}\n" + mark, encoding="utf-8")
    (place / "again.py").write_text("PLUGIN_METADATA = {'id': 'greet', 'version': '1.3.0'}\n", encoding="utf-8")
    (place / "lacks.py").write_text("PLUGIN_METADATA = {'id': 'lacks', 'dependencies': {'absent': '*'}}\n", "utf-8")
    (place / "broken.py").write_text("def (\n", encoding="utf-8")
    layout = Layout.locate("chat", environ={"JACKFIELD_HOME": str(desk.home)})
    State(layout.state).change({SCRIPT_FOLDERS: [str(place)]}, by="chat")
    return place


@pytest.mark.feature("M1", "M8")
def test_scripts_are_listed_with_what_keeps_them_from_running(desk: Desk, folder: Path) -> None:
    rows = desk.run("list", "--json").json["plugins"]
    told = {(row["id"], row["version"]): (row["state"], row["origin"], row["problem"]) for row in rows}
    assert told["greet", "1.3.0"] == ("enabled", "script", None)
    assert told["greet", "1.2.0"] == ("shadowed", "script", f"greet of {folder / 'again.py'} is used instead")
    assert told["lacks", "0.0.0"][0] == "blocked"
    assert "absent" in told["lacks", "0.0.0"][2]
    assert "broken.py is no Python" in told["broken", ""][2]
    assert re.search(r"^greet +1\.3\.0 +enabled +inline +script", desk.run("list").out, re.MULTILINE)
    assert "a script, fully trusted: remove it by removing its file" in desk.run("info", "greet").out


def test_a_script_is_disabled_and_enabled_without_a_question_and_left_to_its_owner(desk: Desk, folder: Path) -> None:
    assert desk.run("disable", "greet").code == 0
    assert desk.rows()["lacks"]["enabled"] is True
    assert [row["enabled"] for row in desk.run("list", "--json").json["plugins"] if row["id"] == "greet"] == [False] * 2
    assert desk.run("enable", "greet").code == 0
    removed = desk.run("remove", "greet")
    assert removed.code != 0
    assert f"greet is a script, {folder / 'again.py'}: remove it there" in removed.err
    assert (folder / "greet.py").exists()


def test_the_doctor_sends_nobody_to_a_marketplace_for_a_script(desk: Desk, folder: Path) -> None:
    found = desk.run("doctor", "--json").json["findings"]
    assert {one["plugin"]: (one["kind"], one["advice"]) for one in found} == {
        "broken": ("blocked", "mend broken, or jackfield disable broken"),
        "lacks": ("blocked", "mend lacks, or jackfield disable lacks"),
        "greet": ("conflict", "remove the file that you do not want"),
    }


async def test_beside_a_running_application_the_one_that_wins_is_active_and_the_other_shadowed(
    desk: Desk, folder: Path
) -> None:
    application = Application("chat", home=desk.home, script_folders=(folder,))
    (folder / "greet.py").write_text("PLUGIN_METADATA = {'id': 'greet', 'version': '1.2.0'}\n", encoding="utf-8")
    await application.start()
    try:
        rows = (await asyncio.to_thread(desk.run, "list", "--json")).json["plugins"]
    finally:
        await application.stop()
    states = {row["version"]: row["running"]["state"] for row in rows if row["id"] == "greet"}
    assert states == {"1.3.0": "active", "1.2.0": "shadowed"}
