"""Who had asked a plugin that is taken down has not failed; who says so without having been told has."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("C8")]

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def using(self) -> str: ...

    @hookspec
    async def repeating(self) -> str: ...


PROVIDES = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("geo", self)

    async def find(self):
        (self.context.config_dir / "begun").touch()
        await asyncio.sleep(60)
"""
USES = """
from jackfield import Plugin
from jackfield.errors import PluginError
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def using(self):
        geo = await self.context.services.require("p:geo")
        try:
            return await geo.find()
        except PluginError as error:
            self.heard = error
            raise

    @hookimpl
    async def repeating(self):
        raise PluginError(self.heard.message, plugin=self.heard.plugin)
"""


@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_whose_provider_is_taken_down_has_not_failed(profile, build, running, isolation):
    profile.install(
        build("p", code=PROVIDES, isolation="worker", more='[contributes]\nservices = ["geo"]\n'),
        build("q", code=USES, isolation="any", more='[requires]\np = "*?"\n'),
    )
    profile.enable("p", isolation="worker")
    profile.enable("q", isolation=isolation)
    host = await running(specs=Specs())
    asked = asyncio.create_task(host.call.using())
    await until((profile.layout.config("p") / "begun").exists)
    await host.unload("p")
    assert await asked == []
    assert [host.plugins.status(one).errors for one in "pq"] == [0, 0]
    assert host.usage.one("q").errors == 0
    assert host.plugins.status("q").state == "active"

    assert await host.call.repeating() == []
    assert host.plugins.status("q").errors == 1, "it was told once, and says it once more by itself"
