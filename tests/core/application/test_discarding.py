"""Data that was given up is deleted when nothing writes it: at the next start, or once its plugin is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.management import Management
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin

CODE = """
from jackfield import Plugin
class Main(Plugin):
    async def on_enable(self):
        await self.context.storage.set("started", await self.context.storage.get("started", 0) + 1)
"""
ASKS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(tmp_path / "home")}))
    made.install(build_plugin(tmp_path / "wheels", "counter", code=CODE, permissions=ASKS))
    made.enable("counter")
    return made


@pytest.fixture
def management(profile: Profile) -> Management:
    return Management("chat", profile.layout, (), hostfile(), groups=("chat.plugins",))


async def run(tmp_path: Path) -> None:
    application = Application("chat", hostfile=hostfile(), home=tmp_path / "home")
    await application.start()
    await application.stop()


def started(profile: Profile) -> int:
    from jackfield.storage import PluginDatabase

    database = PluginDatabase(profile.layout.data("counter") / "storage.sqlite3")
    try:
        return int(database.get("started", 0))
    finally:
        database.close()


@pytest.mark.feature("U40")
async def test_a_mark_is_carried_out_at_the_next_start_and_can_be_taken_back(tmp_path, profile, management):
    await run(tmp_path)
    await run(tmp_path)
    assert started(profile) == 2
    management.kept.discard_data("counter", by="test")
    assert management.kept.keep_data("counter", by="test")
    await run(tmp_path)
    assert started(profile) == 3
    management.kept.discard_data("counter", by="test")
    assert started(profile) == 3  # until then it is there
    await run(tmp_path)
    assert started(profile) == 1
    assert management.kept.data("counter").kept.marked is False


async def test_a_running_application_deletes_it_once_the_plugin_is_gone(tmp_path, profile, management):
    application = Application("chat", hostfile=hostfile(), home=tmp_path / "home")
    await application.start()
    try:
        management.kept.discard_data("counter", by="test")
        await application.reload()
        assert management.kept.data("counter").kept
        profile.install()
        assert management.kept.purge_data("counter", by="test") is False
        await application.reload()
        assert management.kept.all_data() == []
    finally:
        await application.stop()


async def test_without_a_running_application_it_is_deleted_at_once(tmp_path, profile, management):
    await run(tmp_path)
    profile.install()
    assert [(one.plugin, one.installed) for one in management.kept.all_data()] == [("counter", False)]
    assert management.kept.purge_data("counter", by="test") is True
    assert management.kept.all_data() == []
