"""The virtual environment is deleted and made anew with another Python: the set is found again, rebuilt, or blocked.

Everything is real: two interpreters, a marketplace, and wheels that are built for one of them. Where the machine has
one Python only, it is skipped by name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from jackfield.resolution import Target

from tests.core.management.conftest import market as market  # the fixture of another folder
from tests.support.other_python import make_environment, other_pythons
from tests.support.processes import clean_environment, script
from tests.support.wheels import WheelSource

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8", "K36"), pytest.mark.timeout(300)]

STORE = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\nreason = "counts"\n'
COUNTS = (
    "from jackfield import Plugin\n\n\nclass Main(Plugin):\n"
    "    async def on_enable(self):\n"
    "        starts = await self.context.storage.get('starts', default=0)\n"
    "        await self.context.storage.set('starts', starts + 1)\n"
)
RUN = """
    import asyncio, json, sys
    from pathlib import Path
    from jackfield.application import Application
    from jackfield.manifest import read_hostfile_file
    from jackfield.storage import DATABASE, PluginDatabase
    import jackfield_chat_api

    async def main():
        hostfile = read_hostfile_file(Path(jackfield_chat_api.__file__).parent / "host.toml")
        application = Application("chat", hostfile=hostfile)
        await application.start()
        seen = {one.id: [one.state, one.problem or ""] for one in application.host.plugins.list()}
        await application.stop()
        database = PluginDatabase(application.layout.data("snakekeeps") / DATABASE)
        print(json.dumps({"plugins": seen, "starts": database.get("starts")}))
        database.close()

    asyncio.run(main())
"""


USES = "import roomlib\nfrom jackfield import Plugin\n\n\nclass Main(Plugin):\n    pass\n"


class Room:
    """A virtual environment in one place, with this or that Python, and the framework's data beside it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.prefix = folder / "environment"
        self._environ = clean_environment(JACKFIELD_HOME=str(folder / "home"), JACKFIELD_MARKETPLACE=url, COLUMNS="300")

    def make(self, python: Path) -> None:
        reason = make_environment(python, self.prefix)
        if reason:
            pytest.skip(reason)

    def jackfield(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.python("-c", "from jackfield.cli import main; main()", "--app", "chat", *words)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(self.prefix / "bin" / "python"), *words],
            env=self._environ, capture_output=True, text=True, timeout=120, check=False, cwd=self.prefix.parent,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def run_the_application(self) -> dict[str, Any]:
        done = self.python("-c", textwrap.dedent(RUN))
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def rows(self) -> dict[str, tuple[str, str]]:
        listed = json.loads(self.jackfield("list", "--json").stdout)["plugins"]
        return {row["id"]: (row["version"], row["state"]) for row in listed}


@pytest.fixture
def room(tmp_path: Path, market: Any) -> Room:
    return Room(tmp_path, market.url)


@pytest.fixture
def newer() -> Path:
    found = other_pythons()
    if not found:
        pytest.skip("this machine has no other Python from 3.11 on")
    return found[-1]


def tag_of(python: Path) -> str:
    asked = [str(python), "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def test_the_set_is_found_again_under_another_python(market, room, newer, tmp_path):
    here, there = tag_of(Path(sys.executable)), tag_of(newer)
    for tag in (here, there):
        market.publish_library(
            "snakelib", "1.0.0", tag=f"{tag}-{tag}-linux_x86_64", files={"snakelib.py": f"TAG = {tag!r}\n"}
        )
    market.publish_library("onlyold", "1.0.0", tag=f"{here}-{here}-linux_x86_64")
    uses = "import snakelib\n" + COUNTS
    market.publish("snakekeeps", "1.0.0", code=uses, permissions=STORE, requires=["snakelib"], isolation="inline")
    market.publish("snaketied", "1.0.0", requires=["onlyold"], isolation="inline")
    market.publish("snakeplain", "1.0.0", isolation="inline")
    room.make(Path(os.path.realpath(sys.executable)))
    names = ("snakekeeps", "snaketied", "snakeplain")
    done = room.jackfield("install", *names, "--yes", "--accept-permissions")
    assert done.returncode == 0, done.stderr
    room.jackfield("disable", "snakeplain")
    assert room.run_the_application()["starts"] == 1
    market.publish("snakekeeps", "2.0.0", code=uses, permissions=STORE, requires=["snakelib"], isolation="inline")

    wanted = f"{Target.current().name.rpartition('-')[0]}-{there}"
    refused = room.jackfield("lock", "--target", wanted, "--output", str(tmp_path / "all.lock"))
    assert refused.returncode == 1
    assert "onlyold" in refused.stderr, "no lock for what is not to be had"
    checked = room.jackfield("check-upgrade", "--python", there.replace("cp3", "3."))
    assert checked.returncode == 1
    assert [line.split()[:3] for line in checked.stdout.splitlines()[:3]] == [
        ["snakekeeps", "1.0.0", "keeps"], ["snakeplain", "1.0.0", "keeps"], ["snaketied", "1.0.0", "blocked:"]
    ]  # fmt: skip

    shutil.rmtree(room.prefix)
    room.make(newer)
    kept, tied, plain = (room.rows()[name] for name in names)
    assert (kept, tied, plain) == (("1.0.0", "blocked"), ("1.0.0", "blocked"), ("1.0.0", "disabled"))
    ran = room.run_the_application()
    state, problem = ran["plugins"]["snakekeeps"]
    assert state == "blocked"
    assert f"snakelib-1.0.0-{here}-{here}-linux_x86_64.whl is built for {here}, not for Python 3." in problem
    assert ran["starts"] == 1
    told = room.jackfield("doctor").stdout
    assert f"other Python: snakekeeps: snakelib-1.0.0-{here}-{here}-linux_x86_64.whl is built for {here}" in told
    assert f"other Python: snaketied: onlyold-1.0.0-{here}-{here}-linux_x86_64.whl is built for {here}" in told
    assert "blocked: snake" not in told, "each is told once"

    rebuilt = room.jackfield("sync", "--yes")
    assert rebuilt.returncode == 1, "one is lost, and that is no success"
    assert "snaketied stays as it is and does not run" in rebuilt.stdout
    assert room.rows() == {
        "snakekeeps": ("1.0.0", "enabled"), "snaketied": ("1.0.0", "blocked"), "snakeplain": ("1.0.0", "disabled")
    }  # fmt: skip
    ran = room.run_the_application()
    assert ran["plugins"]["snakekeeps"] == ["active", ""]
    assert ran["plugins"]["snaketied"][0] == "blocked"
    assert ran["starts"] == 2, "its data is its data, whatever the Python"
    again = room.jackfield("sync", "--yes")
    assert again.returncode == 1
    assert "All else fits this Python already." in again.stdout

    market.publish_library("onlyold", "1.0.0", tag=f"{there}-{there}-linux_x86_64")
    assert room.jackfield("sync", "--yes").returncode == 0
    assert room.rows()["snaketied"] == ("1.0.0", "enabled")
    assert room.run_the_application()["plugins"]["snaketied"] == ["active", ""]


def test_another_plugin_can_be_installed_while_one_waits_for_its_python(market, room, newer):
    here = tag_of(Path(sys.executable))
    market.publish_library("waitlib", "1.0.0", tag=f"{here}-{here}-linux_x86_64")
    market.publish("waitold", "1.0.0", requires=["waitlib"])
    market.publish("waitnew", "1.0.0")
    room.make(Path(os.path.realpath(sys.executable)))
    assert room.jackfield("install", "waitold", "--yes", "--accept-permissions").returncode == 0
    shutil.rmtree(room.prefix)
    room.make(newer)
    done = room.jackfield("install", "waitnew", "--yes", "--accept-permissions")
    assert done.returncode == 0, done.stderr
    assert room.rows() == {"waitold": ("1.0.0", "blocked"), "waitnew": ("1.0.0", "enabled")}


def test_a_lock_for_both_pythons_makes_the_set_on_either(market, room, newer, tmp_path):
    here, there = tag_of(Path(sys.executable)), tag_of(newer)
    for tag in (here, there):
        market.publish_library("bothlib", "1.0.0", tag=f"{tag}-{tag}-linux_x86_64")
    market.publish("bothways", "1.0.0", requires=["bothlib"])
    room.make(Path(os.path.realpath(sys.executable)))
    assert room.jackfield("install", "bothways", "--yes", "--accept-permissions").returncode == 0
    platform = Target.current().name.rpartition("-")[0]
    lock = tmp_path / "both.lock"
    targets = [word for tag in (here, there) for word in ("--target", f"{platform}-{tag}")]
    assert room.jackfield("lock", *targets, "--output", str(lock)).returncode == 0
    shutil.rmtree(room.prefix)
    shutil.rmtree(tmp_path / "home")
    room.make(newer)
    assert room.rows() == {}
    done = room.jackfield("sync", str(lock), "--yes", "--accept-permissions")
    assert done.returncode == 0, done.stderr
    assert room.rows() == {"bothways": ("1.0.0", "enabled")}


def put_into(room: Room, wheel: Path) -> None:
    """What the application's own upgrade does to its environment."""
    command = [script("uv"), "pip", "install", "--no-config", "--offline", "--no-deps", "--quiet"]
    command += ["--python", str(room.prefix / "bin" / "python"), str(wheel)]
    subprocess.run(command, env=clean_environment(), check=True, capture_output=True)


def test_a_library_of_the_application_that_went_on_blocks_by_name_who_minds(market, room, tmp_path):
    old, new = (
        WheelSource("roomlib", version, files={"roomlib.py": f"VERSION = {version!r}\n"}).build(tmp_path / version)
        for version in ("1.0.0", "2.0.0")
    )
    market.publish("libminds", requires=["roomlib<2"], isolation="inline", code=USES)
    market.publish("libtakes", requires=["roomlib"], isolation="inline")
    room.make(Path(os.path.realpath(sys.executable)))
    put_into(room, old)
    done = room.jackfield("install", "libminds", "libtakes", "--yes", "--accept-permissions")
    assert done.returncode == 0, done.stderr
    checked = room.jackfield("check-upgrade", "roomlib==2.0.0")
    assert checked.returncode == 1
    assert (
        "libminds  1.0.0  blocked: libminds 1.0.0 needs roomlib <2, but this application has roomlib 2.0.0"
        in checked.stdout
    )
    put_into(room, new)
    plugins = room.run_the_application()["plugins"]
    assert plugins["libtakes"] == ["active", ""]
    state, problem = plugins["libminds"]
    assert state == "blocked"
    assert problem.startswith("needs roomlib <2, and this application has roomlib 2.0.0 since")
    assert (
        "blocked: libminds: needs roomlib <2, and this application has roomlib 2.0.0 since"
        in room.jackfield("doctor").stdout
    )
    market.publish("libminds", "1.1.0", requires=["roomlib>=2"], isolation="inline", code=USES)
    assert room.jackfield("update", "--yes").returncode == 0
    assert room.run_the_application()["plugins"]["libminds"] == ["active", ""]
