"""What the command line tells of scripts that a running application did not take in as they are on disk."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jackfield.application import Application

from tests.core.cli.running import Running
from tests.support.script_folder import write
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scripts"
    made.mkdir()
    return made


@pytest.fixture
async def running(tmp_path: Path, folder: Path) -> AsyncIterator[Running]:
    home = tmp_path / "home"
    write(folder, "scribe.py", written("1.0.0"))
    application = Application("chat", home=home, script_folders=[folder])
    await application.start()
    try:
        yield Running(application, home)
    finally:
        await application.stop()


def written(version: str, *more: str) -> str:
    """A script of that version, with more lines."""
    about = f"PLUGIN_METADATA = {{'id': 'scribe', 'version': '{version}', 'name': 'Scribe'}}"
    return "\n".join([about, *more, ""])


async def test_the_doctor_names_a_plugin_that_runs_on_with_old_code(running, folder):
    plugins = running.application.host.plugins
    assert "failing: " not in (await running.run("doctor")).out
    write(folder, "scribe.py", written("1.0.0", "1 / 0"))
    await until(lambda: "ZeroDivisionError" in plugins.status("scribe").problem)
    seen = await running.run("doctor")
    assert seen.code == 1
    told = r"^failing: scribe was not reloaded: ZeroDivisionError.*; the code before runs on\n  → jackfield "
    assert re.search(told, seen.out, re.MULTILINE)
    write(folder, "scribe.py", written("1.0.0", "def on_load(server, previous):", "    server.logger.info('mended')"))
    await until(lambda: not plugins.status("scribe").problem)
    assert "failing: " not in (await running.run("doctor")).out


async def test_list_shows_what_runs_and_what_is_on_disk_where_these_differ(running, folder):
    plugins = running.application.host.plugins
    told = (await running.run("list")).out
    assert re.search(r"^scribe +1\.0\.0 +active ", told, re.MULTILINE)
    assert "on disk" not in told
    write(folder, "scribe.py", written("2.0.0", "1 / 0"))
    await until(lambda: "ZeroDivisionError" in plugins.status("scribe").problem)
    told = (await running.run("list")).out
    assert re.search(r"^scribe +1\.0\.0 +active .* on disk is 2\.0\.0; scribe was not reloaded: ", told, re.MULTILINE)
    (row,) = (await running.run("list", "--json")).json["plugins"]
    assert (row["version"], row["running"]["version"]) == ("2.0.0", "1.0.0")
    told = (await running.run("info", "scribe")).out
    assert re.search(r"^ *installed +2\.0\.0 \(1\.0\.0 runs\), enabled, a script", told, re.MULTILINE)
