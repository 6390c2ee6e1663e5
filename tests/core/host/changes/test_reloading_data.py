"""Code that reads an older shape of what its plugin keeps is never put over the newer one, whoever reloads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.permissions import Permission
from jackfield.storage import Snapshots

from tests.support.wheels import WheelSource, manifest_text, plugin_source, unpack

pytestmark = pytest.mark.feature("C14", "M36")

STORAGE = Permission("storage", ("read", "write"))
ASKS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'
CODE = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.found = await self.context.storage.get("by")
        await self.context.storage.set("by", "VERSION")
"""


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a version of the plugin into the environment, as pip does it, in place of the one before."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(version: str, shape: int) -> None:
        for place in site.iterdir():
            shutil.rmtree(place)
        unpack(source(version, shape), site)

    return put


def source(version: str, shape: int) -> WheelSource:
    text = manifest_text("notes", version, permissions=ASKS).replace("\n\n", f"\ndata_version = {shape}\n\n", 1)
    return plugin_source("notes", version, code=CODE.replace("VERSION", version), manifest=text)


@pytest.fixture
async def host(put, profile, running):
    put("2.0.0", 2)
    profile.enable("notes", source="environment", permissions=[STORAGE])
    return await running()


async def test_an_older_version_that_is_reloaded_finds_no_newer_data(host, put, profile):
    put("1.0.0", 1)
    assert await host.reload_changed() == []
    status = host.plugins.status("notes")
    assert (status.version, status.state) == ("1.0.0", "active")
    assert host.plugins.record("notes").loaded.target.found is None
    (aside,) = Snapshots(profile.layout.root, host.state).of("notes")
    assert (aside.kind, aside.data_version) == ("aside", 2)
    put("2.0.0", 2)
    assert await host.reload_changed() == []
    assert host.plugins.record("notes").loaded.target.found == "1.0.0"


async def test_where_it_is_asked_for_alone_the_newer_code_runs_on_until_it_is_told_to_go(host, put):
    put("1.0.0", 1)
    with pytest.raises(PluginError, match="notes was not reloaded: its new code reads an older shape of what it keeps"):
        await host.reload("notes")
    assert host.plugins.status("notes").version == "2.0.0"
    assert host.plugins.status("notes").state == "active"
    await host.disable("notes")
    await host.enable("notes")
    assert host.plugins.status("notes").version == "1.0.0"
    assert host.plugins.record("notes").loaded.target.found is None


async def test_an_author_who_takes_the_number_back_is_told_what_to_do(host, put):
    put("2.0.0", 1)
    (why,) = await host.reload_changed()
    assert "it needs a restart of Chat" in why
    assert host.plugins.status("notes").state == "active"
    await host.stop()
    await host.start()
    assert host.plugins.record("notes").loaded.target.found is None
    assert host.state.get("data_version/notes") == 1
