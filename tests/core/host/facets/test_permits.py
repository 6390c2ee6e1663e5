"""Refusals at the facets: counted by what was tried, shown in the status, logged once."""

from __future__ import annotations

import asyncio
import logging

import pytest
from jackfield.errors import PermissionDenied
from jackfield.host import Host
from jackfield.host.facets.files import PluginEnvironment
from jackfield.host.facets.permits import Permits
from jackfield.permissions import Grant, Permission

from tests.support.speakers import Speaker

CURIOUS = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("try")
    async def attempt(self, source, key: str):
        await self.context.storage.get(key)

    @command("threads")
    async def threads(self, source):
        for _ in range(4):
            self.context.scheduler.start_thread(self.attempts)

    def attempts(self):
        for _ in range(25):
            try:
                self.context.api("key")
            except Exception:
                pass
"""


COMMANDS = '[contributes]\ncommands = [{ name = "try" }, { name = "threads" }]\n'


@pytest.mark.feature("C13")
async def test_refusals_are_counted_shown_and_logged_once(profile, build, running, caplog):
    profile.install(build("curious", code=CURIOUS, more=COMMANDS))
    profile.enable("curious")
    host: Host = await running()
    assert host.plugins.status("curious").refusals == {}
    before = host.plugins.status("curious")
    for key in ("a", "b"):
        await host.commands.dispatch(f"try {key}", Speaker())
    assert host.plugins.status("curious").refusals == {"storage:read": 2}
    assert before.refusals == {}
    told = [one for one in caplog.records if one.name == "chat.plugins.curious" and one.levelno == logging.WARNING]
    assert [one.getMessage() for one in told] == [
        "curious tried storage:read, which it was not granted; further tries are counted only"
    ]
    profile.disable("curious")
    await host.reload_changes()
    assert host.plugins.status("curious").refusals == {"storage:read": 2}
    await host.stop()
    profile.enable("curious")
    await host.start()
    assert host.plugins.status("curious").refusals == {}


@pytest.mark.feature("C13")
async def test_refusals_in_threads_are_counted_each(profile, build, running):
    profile.install(build("curious", code=CURIOUS, more=COMMANDS))
    profile.enable("curious")
    host: Host = await running(api=lambda plugin, check: lambda key: check("messages", "send"))
    await host.commands.dispatch("threads", Speaker())
    async with asyncio.timeout(10):
        while host.plugins.status("curious").refusals != {"messages:send": 100}:  # noqa: ASYNC110 (threads count)
            await asyncio.sleep(0.01)


@pytest.mark.feature("C13")
def test_environment_variables_are_read_by_name(monkeypatch):
    monkeypatch.setenv("WEATHER_TOKEN", "t")
    monkeypatch.setenv("WEATHER_PLACE", "Oslo")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    refused: list[str] = []
    names = Permission("environment", ("read",), names=("WEATHER_*", "LANG"))
    grant = Grant("weather", "file", None, (names,))
    environment = PluginEnvironment(Permits("weather", lambda: grant, lambda _, what: refused.append(what)))
    assert (environment.get("WEATHER_TOKEN"), environment.get("WEATHER_NONE", "x")) == ("t", "x")
    for name in ("AWS_SECRET_ACCESS_KEY", "NOT_THERE", "weather_token"):
        with pytest.raises(PermissionDenied, match=f"weather may not environment:read {name}"):
            environment.get(name)
    assert refused == ["environment:read"] * 3
