"""An application that dies while it starts its plugins comes up without them at the third time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.errors import StoreError
from jackfield.host import PluginStatus
from jackfield.storage import Starts
from jackfield.store import Layout

from tests.support.processes import clean_environment
from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin

KILLS = "import os\nfrom jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): os._exit(7)\n"

PROGRAM = """
import asyncio, sys
from pathlib import Path
from jackfield.application import Application
from tests.support.profiles import hostfile

async def main():
    application = Application("chat", home=Path(sys.argv[1]), hostfile=hostfile())
    await application.start()
    print([status.id for status in application.host.plugins.active()], application.safe_mode is not None)
    await application.stop()

asyncio.run(main())
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(tmp_path)}))


def tell(loaded: asyncio.Event, status: PluginStatus) -> None:
    if status.state == "loaded":
        loaded.set()


def begin(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(),
        cwd=Path(__file__).parents[3],
    )


@pytest.mark.slow
def test_the_third_start_is_without_plugins_and_the_next_with_all_but_the_culprit(profile, tmp_path):
    profile.install(build_plugin(tmp_path / "wheels", "killer", code=KILLS), build_plugin(tmp_path / "wheels", "good"))
    profile.enable("killer", "good")
    assert [begin(tmp_path).returncode for _ in range(2)] == [7, 7]
    for _ in range(2):
        third = begin(tmp_path)
        assert third.stdout == "[] True\n", third.stderr
        assert "SAFE MODE: Chat starts without plugins: the last 2 starts did not come through." in third.stderr
    profile.disable("killer")
    assert begin(tmp_path).stdout == "['good'] False\n"


async def test_a_running_application_leaves_safe_mode_when_it_is_told_to(profile, tmp_path):
    profile.install(build_plugin(tmp_path / "wheels", "good"))
    profile.enable("good")
    application = Application("chat", home=tmp_path, hostfile=hostfile(), safe=True)
    await application.start()
    try:
        assert application.safe_mode is not None
        status = application.host.plugins.status("good")
        assert (status.state, status.note) == ("found", "is not started: safe mode")
        Starts(application.layout.starts).leave()  # as `jackfield safe-mode --leave` does it in another process
        assert (await application.host.plugins.wait_for("good", timeout_seconds=10)).state == "active"
        assert application.safe_mode is None
    finally:
        await application.stop()


async def test_a_start_that_is_given_up_or_stopped_soon_is_no_failed_one(profile, tmp_path):
    hangs = "import asyncio\nfrom jackfield import Plugin\nclass Main(Plugin):\n"
    hangs += "    async def on_enable(self): await asyncio.Event().wait()\n"
    profile.install(build_plugin(tmp_path / "wheels", "slow", code=hangs))
    profile.enable("slow")
    for _ in range(3):
        application = Application("chat", home=tmp_path, hostfile=hostfile())
        starting = asyncio.create_task(application.start())
        loaded = asyncio.Event()
        application.host.plugins.on_change(partial(tell, loaded))
        await asyncio.wait_for(loaded.wait(), 10)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert application.safe_mode is None
        await application.host.stop()


async def test_what_failed_is_known_after_the_application_has_stopped(profile, tmp_path):
    fails = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise ValueError('no paint')\n"
    profile.install(build_plugin(tmp_path / "wheels", "painter", code=fails))
    profile.enable("painter")
    application = Application("chat", home=tmp_path, hostfile=hostfile())
    await application.start()
    starts = Starts(application.layout.starts)
    assert starts.failures() == {"painter": "ValueError: no paint (in on_enable)"}
    await application.host.disable("painter", by="test")
    await application.stop()
    assert starts.failures() == {}


async def test_what_cannot_be_noted_of_a_start_keeps_nobody_from_ending(profile, tmp_path, caplog):
    application = Application("chat", home=tmp_path, hostfile=hostfile())
    await application.start()
    in_the_way = application.layout.starts
    in_the_way.unlink()
    in_the_way.mkdir()

    await application.stop()

    assert "how this start went is not kept" in caplog.text
    again = Application("chat", home=tmp_path, hostfile=hostfile())
    with pytest.raises(StoreError, match=r"starts\.json cannot be written"):
        await again.start()
    in_the_way.rmdir()
    await again.start()
    await again.stop()
