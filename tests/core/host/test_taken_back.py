"""What a plugin's process was handed goes with the permission by which it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.permissions import Permission

from tests.support.frail import Specs
from tests.support.waiting import until

pytestmark = pytest.mark.slow

HOLDER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        self.file = await self.context.files.open(text, "rb")
        return "opened"

    @hookimpl
    async def process(self):
        import os
        return os.getpid()
"""


@pytest.mark.feature("C5", "C11")
async def test_what_a_worker_has_open_ends_with_the_permission_to_it(profile, build, running, tmp_path):
    (tmp_path / "diary").write_text("secret")
    folder = Permission("files", ("read",), paths=(str(tmp_path),))
    asks = f'[[permissions]]\nresource = "files"\nactions = ["read"]\npaths = ["{tmp_path}"]\n'
    profile.install(build("weather", code=HOLDER, isolation="worker", permissions=asks))
    profile.enable("weather", isolation="worker", permissions=[folder])
    host = await running(specs=Specs())
    assert await host.call.message_received(text=str(tmp_path / "diary")) == ["opened"]
    before = (await host.call.process())[0]
    profile.enable("weather", isolation="worker", permissions=[folder])
    await host.reload_changes()
    assert (await host.call.process())[0] == before, "nothing has changed"
    grant = host.state.get("grants/weather")
    host.state.change({"grants/weather": {**grant, "permissions": []}}, by="ann")
    await host.reload_changes()
    if host.plugins.status("weather").state == "active":
        assert (await host.call.process())[0] != before
    await until(lambda: not Path(f"/proc/{before}").exists())
