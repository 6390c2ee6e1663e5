"""What a plugin left in its `settings.toml` can be the work of seconds: its host reads it beside everything else."""

from __future__ import annotations

import asyncio

import filelock

from tests.support.profiles import Profile

CODE = """
from jackfield import Plugin

class Main(Plugin):
    @property
    def count(self): return self.context.settings.get("count")
"""
DECLARED = '[contributes]\nsettings = [{ key = "count", type = "integer", default = 0 }]\n'


def typed_in(profile: Profile, text: str) -> filelock.BaseFileLock:
    """Leave a settings file of the plugin; return the lock of whoever reads it."""
    file, mirrors = profile.layout.config("a") / "settings.toml", profile.state.folder / "mirrors"
    for folder in (file.parent, mirrors):
        folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return filelock.FileLock(mirrors / "a.lock")


async def test_the_loop_goes_on_while_a_plugins_settings_are_read_at_its_load(profile, build, running):
    profile.install(build("a", code=CODE, more=DECLARED))
    profile.enable("a")
    lock = typed_in(profile, "count = 5\n")
    lock.acquire()
    # Held by another who reads them: only a loop that goes on can let go of it.
    asyncio.get_running_loop().call_later(0.2, lock.release)
    host = await running()
    assert host.plugins.record("a").loaded.target.count == 5
