"""What a worker fills its folders with: nobody waits while it is deleted, and no copy of it fills the disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.waiting import until
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow

FOLDERS = 40_000
"""So many that to delete them takes seconds."""

LITTERS = f"""
import os, tempfile
from jackfield import Plugin
from pluggy import HookimplMarker

class Main(Plugin):
    @HookimplMarker("chat")
    def litter(self):
        for number in range({FOLDERS}):
            os.mkdir(os.path.join(tempfile.gettempdir(), str(number)))
"""
QUIET = "from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"
SPARSE = """
from jackfield import Plugin

class Main(Plugin):
    def on_load(self, previous):
        for number in range(300):
            path = self.context.data_dir / str(number)
            with path.open("wb") as file:
                file.truncate(1024 * 1024)

    def on_migrate(self, old, new):
        pass
"""


class Specs:
    """Hooks of an application."""

    @HookspecMarker("chat")
    async def litter(self) -> list[None]: ...


@pytest.mark.feature("C26", "J25")
async def test_what_a_worker_leaves_is_deleted_while_the_application_goes_on(profile, build, running):
    more = "[limits]\nfiles = 10000\n"
    profile.install(build("a", code=LITTERS, isolation="worker", more=more))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
    process = host.plugins.record("a").remote.process
    temporary = profile.layout.run / "temporary" / "a"
    (left,) = temporary.iterdir()
    await host.call.litter()
    longest, looked, over = 0.0, asyncio.get_running_loop().time(), False

    async def look() -> None:
        nonlocal longest, looked
        while not over:
            await asyncio.sleep(0.01)
            now = asyncio.get_running_loop().time()
            longest, looked = max(longest, now - looked), now

    looking = asyncio.create_task(look())
    with contextlib.suppress(ProcessLookupError):  # it may have been stopped for its files by now
        os.kill(process.pid, signal.SIGKILL)
    await until(lambda: not left.exists(), timeout_seconds=60)
    over = True
    await looking
    assert longest < 2, "the event loop waited for files to be deleted"


@pytest.mark.feature("C14", "C26")
async def test_files_without_end_are_not_copied_before_a_change_of_shape(profile, build, running):
    profile.install(build("a", code=QUIET, isolation="worker"))
    profile.enable("a", isolation="worker")
    host = await running()
    text = manifest_text("a", "2.0.0", isolation="worker", more='[limits]\ndata = "1MiB"\n')
    profile.install(build("a", "2.0.0", code=SPARSE, manifest=text.replace("\n\n", "\ndata_version = 2\n\n", 1)))
    profile.enable("a", isolation="worker")
    largest, over = 0, False

    async def look() -> None:
        nonlocal largest
        while not over:
            largest = max(largest, await asyncio.to_thread(taken_up, Path(profile.layout.root / "snapshots")))
            await asyncio.sleep(0.001)

    looking = asyncio.create_task(look())
    await host.reload_changes()
    await until(lambda: host.plugins.status("a").state == "failed")
    over = True
    await looking
    assert largest < 3 * 1024 * 1024, "what is told as 1 MiB was copied as 300"


def taken_up(folder: Path) -> int:
    """What the files below a folder take up on the disk."""
    found = 0
    for place, _folders, names in os.walk(folder):  # which goes on where a folder is gone meanwhile
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found += Path(place, name).lstat().st_blocks * 512
    return found
