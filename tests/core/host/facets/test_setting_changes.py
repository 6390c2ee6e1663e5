"""What a plugin changes of its settings is kept in the history for good, so it cannot do so without end."""

from __future__ import annotations

import asyncio
import sys

import pytest
from jackfield.errors import UsageError

from tests.support.waiting import until

CODE = """
from jackfield import Plugin

class Main(Plugin):
    @property
    def settings(self): return self.context.settings
"""
LISTENS = """
from jackfield import Plugin

HEARD = []

class Main(Plugin):
    async def on_enable(self): self.context.settings.on_change(lambda key, value: HEARD.append((key, value)))

    def on_disable(self): self.context.settings.set("count", 2)
"""
DECLARED = '[contributes]\nsettings = [{ key = "count", type = "integer", default = 0 }]\n'


@pytest.fixture
async def settings(profile, build, running):
    profile.install(build("a", code=CODE, more=DECLARED))
    profile.enable("a")
    host = await running()
    return host.plugins.record("a").loaded.target.settings


async def test_a_plugin_that_counts_in_its_settings_is_sent_to_its_storage(settings, profile):
    before = profile.state.version()
    for number in range(1, 101):
        settings.set("count", number)
    with pytest.raises(UsageError, match="a changed its settings 100 times") as caught:
        settings.set("count", 101)
    assert settings.get("count") == profile.state.version() - before == 100
    assert "context.storage" in str(caught.value)


async def test_setting_what_is_set_already_is_no_change(settings, profile):
    settings.set("count", 1)
    before = profile.state.version()
    for _ in range(300):
        settings.set("count", 1)
    assert profile.state.version() == before
    settings.set("count", None)
    assert (settings.get("count"), profile.state.version()) == (0, before + 1)


async def test_a_listener_hears_nothing_once_its_plugin_is_disabled(profile, build, running):
    profile.install(build("b", code=LISTENS, more=DECLARED))
    profile.enable("b")
    host = await running()
    plugin, module = host.plugins.record("b").loaded.target, sys.modules["chat_b"]
    plugin.context.settings.set("count", 1)
    await until(lambda: module.HEARD == [("count", 1)])
    await host.disable("b")
    await asyncio.sleep(0.05)
    assert module.HEARD == [("count", 1)]
