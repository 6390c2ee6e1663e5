"""An application that is stopped while it starts: nothing of it runs on, and it can be started again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.errors import UsageError

from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin

SLOW = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        (self.context.data_dir / "began").touch()
        await asyncio.sleep(6)
"""


@pytest.fixture
def application(tmp_path: Path) -> Application:
    made = Application("chat", home=tmp_path, hostfile=hostfile())
    profile = Profile(made.layout)
    profile.install(build_plugin(tmp_path / "wheels", "slow", code=SLOW))
    profile.enable("slow")
    return made


async def begun(application: Application) -> asyncio.Task[None]:
    """Start it, and return when its plugin is at work on it."""
    starting = asyncio.create_task(application.start())
    async with asyncio.timeout(20):
        while not list(application.layout.root.glob("**/began")):  # noqa: ASYNC110 (a file)
            await asyncio.sleep(0.01)
    return starting


async def test_a_stop_breaks_a_start_off_that_goes_on_and_leaves_nothing(application):
    starting = await begun(application)
    await application.stop()
    with pytest.raises(UsageError, match="was stopped while it started"):
        await starting
    assert not application.layout.control.exists()
    assert application.host.plugins.status("slow").state == "unloaded"
    other = Application("chat", home=application.layout.root.parents[1], hostfile=hostfile(), safe=True)
    await other.start()  # nobody holds the profile
    await other.stop()
    Profile(application.layout).disable("slow")
    await application.start()
    assert application.layout.control.exists()
    await application.stop()


async def test_two_stops_at_once_while_it_starts_come_to_an_end(application):
    starting = await begun(application)
    await asyncio.gather(application.stop(), application.stop())
    with pytest.raises(UsageError):
        await starting
    await application.stop()


async def test_a_start_within_a_start_is_refused(application):
    starting = await begun(application)
    with pytest.raises(UsageError, match="starts already"):
        await application.start()
    await application.stop()
    with pytest.raises(UsageError):
        await starting


async def test_whoever_cancels_a_start_is_heard_and_nothing_is_left(application):
    starting = await begun(application)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert application.host.plugins.status("slow").state == "unloaded"
    assert not application.layout.control.exists()


async def test_a_start_that_is_cancelled_in_the_turn_it_ends_leaves_nothing(tmp_path):
    application = Application("chat", home=tmp_path, hostfile=hostfile())
    starting = asyncio.create_task(application.start())
    while not application.layout.control.exists():  # noqa: ASYNC110 (a file)
        await asyncio.sleep(0)
    (started,) = (one for one in asyncio.all_tasks() if "Application._start" in repr(one.get_coro()))
    started.add_done_callback(lambda _: starting.cancel())
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not application.layout.control.exists()
    await application.start()
    await application.stop()
