"""`remove --purge` beside an application in which the plugin is at work: nothing of what it keeps outlives it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.storage import PluginDatabase

from tests.core.cli.conftest import Ran
from tests.support.processes import clean_environment, script
from tests.support.profiles import Profile, hostfile
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

WRITES = """
import asyncio, itertools
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.storage.set("starts", await self.context.storage.get("starts", 0) + 1)
        self.context.scheduler.start(self.write())

    async def write(self):
        kept = (self.context.data_dir / "open").open("w")
        for number in itertools.count():
            await self.context.storage.set("number", number)
            (self.context.data_dir / "file").write_text(str(number))
            print(number, file=kept, flush=True)
            await asyncio.sleep(0.001)
"""
ASKS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    made = Application("chat", home=tmp_path / "home", hostfile=hostfile())
    profile = Profile(made.layout)
    wheel = build_plugin(tmp_path / "wheels", "writer", code=WRITES, permissions=ASKS, isolation="worker")
    profile.install(wheel)
    profile.enable("writer", isolation="worker")
    await made.start()
    assert made.host.plugins.status("writer").state == "active", made.host.plugins.status("writer")
    yield made
    await made.stop()


def starts(application: Application) -> int:
    database = PluginDatabase(application.layout.data("writer") / "storage.sqlite3")
    try:
        return int(database.get("starts", 0))
    finally:
        database.close()


async def removed(application: Application, home: Path) -> Ran:
    words = [script("jackfield"), "--app", "chat", "remove", "writer", "--purge", "--yes"]
    environment = clean_environment(JACKFIELD_HOME=str(home))
    done = await asyncio.to_thread(
        subprocess.run, words, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


async def test_what_a_writing_worker_keeps_is_gone_when_the_command_ends(application, tmp_path):
    data = application.layout.data("writer")
    await until((data / "files" / "file").exists)
    done = await removed(application, tmp_path / "home")
    assert done.code == 0, done.err
    assert "What writer kept was deleted." in done.out
    assert not data.exists()
    # Installed again at once it begins anew, and keeps what it has over the next start.
    profile = Profile(application.layout)
    profile.install(tmp_path / "wheels" / "chat_writer-1.0.0-py3-none-any.whl")
    profile.enable("writer", isolation="worker")
    await application.reload()
    await until(lambda: application.host.plugins.status("writer").state == "active")
    assert starts(application) == 1
    await application.stop()
    await application.start()
    assert starts(application) == 2
