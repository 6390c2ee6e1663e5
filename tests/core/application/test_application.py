"""An embedded application: changes by others take effect while it runs, and one host runs for each profile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.errors import StoreLocked
from jackfield.host import PluginStatus
from support.profiles import Profile, hostfile
from support.wheels import build_plugin

GREETER = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("greet")
    async def greet(self, source):
        await source.reply("hello from VERSION")
"""

REGISTER = '[[permissions]]\nresource = "commands"\nactions = ["register"]\nreason = "to greet"'


class Source:
    user, room = "alice", "lobby"

    def __init__(self) -> None:
        self.answers: list[str] = []

    async def reply(self, text: str) -> None:
        self.answers.append(text)


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    one = Application("chat", home=tmp_path, hostfile=hostfile())
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def elsewhere(application: Application) -> Profile:
    """The same profile as another process sees it: objects of its own."""
    return Profile(application.layout)


@pytest.fixture
def greeter(tmp_path: Path) -> Callable[[str], Path]:
    return lambda version: build_plugin(
        tmp_path / "wheels", "greeter", version, code=GREETER.replace("VERSION", version), permissions=REGISTER
    )


async def told(application: Application, condition: Callable[[PluginStatus], bool]) -> PluginStatus:
    """Wait until a plugin's life took a step that fits."""
    import asyncio

    found: asyncio.Future[PluginStatus] = asyncio.get_running_loop().create_future()

    def listen(status: PluginStatus) -> None:
        if condition(status) and not found.done():
            found.set_result(status)

    stop = application.host.plugins.on_change(listen)
    try:
        async with asyncio.timeout(10):
            return await found
    finally:
        stop()


async def test_what_another_process_enables_updates_and_disables_takes_effect(application, elsewhere, greeter):
    elsewhere.install(greeter("1.0.0"))
    elsewhere.enable("greeter")
    assert (await application.host.plugins.wait_for("greeter", timeout_seconds=10)).version == "1.0.0"

    elsewhere.install(greeter("1.1.0"))
    await told(application, lambda status: status.state == "active" and status.version == "1.1.0")
    source = Source()
    assert await application.host.commands.dispatch("greet", source)
    assert source.answers == ["hello from 1.1.0"]

    elsewhere.disable("greeter")
    await told(application, lambda status: status.state == "idle")
    assert not await application.host.commands.dispatch("greet", source)


async def test_a_second_host_of_one_profile_is_refused_and_names_the_first(application, tmp_path):
    second = Application("chat", home=tmp_path, hostfile=hostfile())
    with pytest.raises(StoreLocked, match=r"another chat \(process \d+\) runs with these plugins"):
        await second.start()
    await application.stop()
    await second.start()
    await second.stop()


async def test_an_application_without_marketplaces_runs(application):
    assert application.marketplaces == ()
    assert list(application.host.plugins) == []


def test_a_running_application_needs_no_network_library():
    code = "import sys, jackfield.application; print(sorted({'httpx', 'tuf', 'click'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
