"""Who follows a change may go before it ends: the change comes to its end all the same."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.waiting import until

pytestmark = pytest.mark.slow


CODE = """
import asyncio
from pathlib import Path
from jackfield import Plugin

class Main(Plugin):
    def note(self, what):
        with (self.context.data_dir / "noted").open("a") as file:
            print(what, file=file)

    async def PLACE:
        self.note("begun")
        while not (self.context.data_dir / "go-on").exists():
            await asyncio.sleep(0.01)
        self.note("ended")
"""


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("place", ["on_load(self, previous)", "on_enable(self)", "on_disable(self)"])
async def test_a_change_that_nobody_waits_for_any_more_comes_to_its_end(profile, build, running, place, isolation):
    profile.install(build("slow", code=CODE.replace("PLACE", place)))
    host = await running(callback_timeout_seconds=60)
    files = profile.layout.data("slow") / "files"
    up = not place.startswith("on_disable")
    if not up:
        profile.enable("slow", isolation=isolation)
        await host.reload_changes()
        profile.disable("slow")
    else:
        profile.enable("slow", isolation=isolation)
    following = asyncio.ensure_future(host.reload_changes())
    await until((files / "noted").exists)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    (files / "go-on").touch()
    await host.reload_changes()
    assert host.plugins.status("slow").state == ("active" if up else "idle")
    assert (files / "noted").read_text() == "begun\nended\n"
