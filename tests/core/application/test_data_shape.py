"""Data goes with the code: copied before `on_migrate`, back with a rollback, and never half changed."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.errors import UsageError
from jackfield.storage import DATABASE, PluginDatabase, Snapshots

from tests.core.application.test_probation import install, running
from tests.support.profiles import hostfile
from tests.support.waiting import until
from tests.support.wheels import build_plugin, manifest_text

pytestmark = [pytest.mark.slow, pytest.mark.feature("C14", "C45", "C46")]

PERMISSION = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'
HEAD = "from jackfield import Plugin\nclass Main(Plugin):\n"
FIRST = HEAD + (
    "    async def on_enable(self):\n"
    "        if await self.context.storage.get('votes') is None:\n"
    "            await self.context.storage.set('votes', [1, 2])\n"
)
MIGRATES = HEAD + (
    "    async def on_migrate(self, old, new):\n"
    "        await self.context.storage.set('votes', {'a': 1, 'b': 2})\n"
    "        (self.context.data_dir / 'note.txt').write_text('of shape 2')\n"
)
FAILS = MIGRATES + "        raise ValueError('half way')\n"
DIES = MIGRATES + "        import os\n        os._exit(3)\n"
FAILS_LATER = MIGRATES + "    async def on_enable(self): raise ValueError('no paint')\n"


def build(folder: Path, version: str, code: str, shape: int) -> Path:
    """A plugin whose manifest says of which shape its data is."""
    text = manifest_text("poll", version, isolation="worker", permissions=PERMISSION)
    text = text.replace("\n[host]", f"data_version = {shape}\n\n[host]", 1)
    return build_plugin(folder, "poll", version, code=code, manifest=text)


def votes(application: Application) -> object:
    database = PluginDatabase(application.layout.data("poll") / DATABASE)
    try:
        return database.get("votes")
    finally:
        database.close()


@pytest.mark.parametrize("code", [FAILS, DIES, FAILS_LATER], ids=["raises", "kills its process", "fails after it"])
async def test_an_update_that_fails_gives_the_data_back(tmp_path, code):
    async with running(tmp_path / "home") as application:
        plugins = application.host.plugins
        await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
        await application.reload()
        await plugins.wait_for("poll", timeout_seconds=30)
        shape = application.host.state.get("data_version/poll")
        await install(application, build(tmp_path / "w", "2.0.0", code, 2))
        await application.reload()
        await until(lambda: plugins.status("poll").version == "1.0.0", timeout_seconds=30)
        await plugins.wait_for("poll", timeout_seconds=30)
        assert votes(application) == [1, 2]
        assert not (application.layout.data("poll") / "files" / "note.txt").exists()
        assert application.host.state.get("data_version/poll") == shape
        assert application.management.failed()[0].version == "2.0.0"


async def test_a_rollback_brings_the_copy_back_and_sets_the_newer_data_aside(tmp_path):
    async with running(tmp_path / "home") as application:
        plugins = application.host.plugins
        await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
        await application.reload()
        await plugins.wait_for("poll", timeout_seconds=30)
        await install(application, build(tmp_path / "w", "2.0.0", MIGRATES, 2))
        await application.reload()
        await plugins.wait_for("poll", timeout_seconds=30)
        assert votes(application) == {"a": 1, "b": 2}
        await application.management.rollback(by="tester")
        await application.reload()
        await plugins.wait_for("poll", timeout_seconds=30)
        assert votes(application) == [1, 2]
        aside, copy = Snapshots(application.layout.root, application.host.state).of("poll")
        assert (copy.kind, copy.data_version) == ("copy", 1)
        assert (aside.kind, aside.data_version) == ("aside", 2)
        assert "poll 1.0.0 came back" in aside.why
    kept = application.management.kept
    assert kept.snapshots(["poll"])[0].number == aside.number
    with pytest.raises(UsageError, match="copy 2 is of shape 2; the installed poll reads 1"):
        kept.restore_snapshot("poll", aside.number, by="tester")
    plan = await application.management.plan_install([str(build(tmp_path / "w", "2.0.0", MIGRATES, 2))])
    await application.management.apply(plan, accept_permissions=True, by="tester")
    assert application.management.kept.restore_snapshot("poll", aside.number, by="tester")
    assert votes(application) == {"a": 1, "b": 2}


SHAPE_TWO = HEAD + (
    "    async def on_migrate(self, old, new):\n"
    "        await self.context.storage.set('votes', 'migrated')\n"
    "    async def on_enable(self):\n"
    "        if await self.context.storage.get('votes') is None:\n"
    "            await self.context.storage.set('votes', {'a': 1})\n"
)


@pytest.mark.parametrize("way", ["never kept in that shape", "its copy was discarded"])
async def test_newer_data_is_set_aside_also_where_there_is_no_copy_to_bring_back(tmp_path, caplog, way):
    async with running(tmp_path / "home") as application:
        plugins, kept = application.host.plugins, lambda: application.management.kept
        if way == "its copy was discarded":
            await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
            await application.reload()
            await plugins.wait_for("poll", timeout_seconds=30)
        await install(application, build(tmp_path / "w", "2.0.0", SHAPE_TWO, 2))
        await application.reload()
        await until(lambda: plugins.status("poll").version == "2.0.0", timeout_seconds=30)
        await plugins.wait_for("poll", timeout_seconds=30)
        newer = votes(application)
        assert newer == ("migrated" if way == "its copy was discarded" else {"a": 1})
        for copy in kept().snapshots(["poll"]):
            kept().discard_snapshot("poll", copy.number)

        await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
        await application.reload()
        await until(lambda: plugins.status("poll").version == "1.0.0", timeout_seconds=30)
        await plugins.wait_for("poll", timeout_seconds=30)
        assert votes(application) == [1, 2], "it began with nothing, and never saw what it does not know"
        (aside,) = kept().snapshots(["poll"])
        assert (aside.kind, aside.data_version) == ("aside", 2)
        assert "of shape 1 there is no copy, so it keeps nothing yet" in caplog.text

        caplog.clear()
        await install(application, build(tmp_path / "w", "2.0.0", SHAPE_TWO, 2))
        await application.reload()
        await until(lambda: plugins.status("poll").version == "2.0.0", timeout_seconds=30)
        await plugins.wait_for("poll", timeout_seconds=30)
        assert votes(application) == "migrated"
        assert f"set aside: jackfield snapshots restore poll {aside.number}" in caplog.text
    assert kept().restore_snapshot("poll", aside.number, by="tester")
    assert votes(application) == newer


async def test_what_died_within_on_migrate_is_completed_at_the_next_start(tmp_path):
    """The application itself was killed between the copy and the end of `on_migrate`."""
    application = Application("chat", home=tmp_path / "home", hostfile=hostfile())
    await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
    await application.start()
    await application.host.plugins.wait_for("poll", timeout_seconds=30)
    await application.stop()
    copies = Snapshots(application.layout.root, application.host.state)
    for _step in copies.take("poll", 1, why="before poll 2.0.0 changed its shape", by="host"):
        pass
    (application.layout.data("poll") / "storage.sqlite3").write_bytes(b"half of a database")
    async with running(tmp_path / "home") as again:
        await again.host.plugins.wait_for("poll", timeout_seconds=30)
        assert votes(again) == [1, 2]


async def test_what_is_no_file_neither_stops_nor_fails_a_change_of_shape(tmp_path):
    """To open a pipe waits for ever, and a socket cannot be opened: no plugin keeps the host from starting by one."""
    async with running(tmp_path / "home") as application:
        plugins = application.host.plugins
        await install(application, build(tmp_path / "w", "1.0.0", FIRST, 1))
        await application.reload()
        await plugins.wait_for("poll", timeout_seconds=30)
        folder = application.layout.data("poll") / "files"
        folder.mkdir(exist_ok=True)
        os.mkfifo(folder / "pipe")
        os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
        (folder / "text").write_text("kept")
        await install(application, build(tmp_path / "w", "2.0.0", MIGRATES, 2))
        async with asyncio.timeout(60):
            await application.reload()
        assert (plugins.status("poll").version, plugins.status("poll").state) == ("2.0.0", "active")
        (copy,) = Snapshots(application.layout.root, application.host.state).of("poll")
        kept = application.layout.root / "snapshots" / "poll" / str(copy.number) / "data" / "files"
        assert [path.name for path in kept.iterdir()] == ["text"]
