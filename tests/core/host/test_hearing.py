"""Hooks that need a permission, in a host: grants decide, the status says so, a revocation counts at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from jackfield.adopted import PluginManager
from jackfield.errors import UsageError
from jackfield.hooks import HookimplMarker, HookspecMarker
from jackfield.host import Host
from jackfield.manifest import read_hostfile
from jackfield.permissions import Permission

from tests.support.profiles import HOSTFILE, Profile

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")

READS = '\n[resources.messages.actions.read]\nsentence = "read messages"\n'
CHAT = read_hostfile(HOSTFILE + READS, source="host.toml")
READ = '[[permissions]]\nresource = "messages"\nactions = ["read", "send"]\nreason = "to answer"\n'
MAY_READ = Permission("messages", ("read",))
MAY_SEND = Permission("messages", ("send",))


class Specs:
    @hookspec(pipeline="text", needs="messages:read")
    async def changed(self, text: str) -> str | None:
        """Change a text."""


FILTER = """
from jackfield import HookimplMarker, Plugin
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def changed(self, text): return text + "!"
"""


@pytest.fixture
def weather(profile: Profile, build: Callable[..., object]) -> Profile:
    profile.install(build("weather", code=FILTER, permissions=READ))  # type: ignore[arg-type]  # build takes what its plugin needs
    return profile


async def test_a_plugin_that_may_not_is_not_called_and_its_status_says_so(weather, running, caplog):
    weather.enable("weather", permissions=[MAY_SEND])
    host: Host = await running(specs=Specs, hostfile=CHAT)
    assert await host.call.changed(text="hello") == "hello"
    status = host.plugins.status("weather")
    assert (status.state, status.problem) == (
        "active",
        "changed is not called: weather may not messages:read",
    )
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [status.problem]


async def test_a_revocation_counts_at_once_and_so_does_a_new_grant(weather, running):
    weather.enable("weather")
    host: Host = await running(specs=Specs, hostfile=CHAT)
    told: list[str] = []
    host.plugins.on_change(lambda status: told.append(status.problem))
    assert await host.call.changed(text="hello") == "hello!"

    weather.enable("weather", permissions=[MAY_SEND])
    await host.reload_changes()
    assert await host.call.changed(text="hello") == "hello"
    assert "may not messages:read" in host.plugins.status("weather").problem

    weather.enable("weather", permissions=[MAY_READ, MAY_SEND])
    await host.reload_changes()
    assert await host.call.changed(text="hello") == "hello!"
    assert host.plugins.status("weather").problem == ""
    assert told == ["changed is not called: weather may not messages:read", ""]


async def test_a_plugin_that_forgot_to_ask_is_told_the_same(profile, build, running):
    profile.install(build("weather", code=FILTER))
    profile.enable("weather")
    host: Host = await running(specs=Specs, hostfile=CHAT)
    assert "changed is not called: weather may not messages:read" in host.plugins.status("weather").problem


def test_a_hook_cannot_need_what_nobody_could_be_asked_for(profile):
    with pytest.raises(
        UsageError, match="hook changed needs messages:read, which the host file of chat does not offer"
    ):
        profile.host(specs=Specs)
    assert profile.host(specs=Specs, hostfile=replace(CHAT, name="Other"))


def test_a_plugin_manager_asks_only_what_jackfield_installed_for_its_grant(profile, build):
    plain = FILTER.replace("Plugin\n", "\n").replace("import HookimplMarker, ", "import HookimplMarker")
    plain = plain.replace("(Plugin)", "").replace("async def", "def") + "\nMain = Main()\n"
    # a name of its own: an application on pluggy keeps its plugins' modules until it ends
    profile.install(build("adopted", code=plain, permissions=READ))
    profile.enable("adopted", permissions=[MAY_SEND])
    assert _answers(profile) == ["own"]
    profile.enable("adopted", permissions=[MAY_READ])
    assert _answers(profile) == ["own", "stored!"]


def _answers(profile: Profile) -> list[str]:
    """What an application on pluggy hears: from a plugin of its own, and from the one in the store."""

    class Heard:
        @hookspec(needs="messages:read")
        def changed(self, text: str) -> str | None:
            """Change a text."""

    class Own:
        @HookimplMarker("chat")
        def changed(self, text: str) -> str:
            return "own"

    manager = PluginManager("chat", layout=profile.layout)
    manager.add_hookspecs(Heard)
    manager.register(Own())
    manager.load_setuptools_entrypoints("chat.plugins")
    return sorted(manager.hook.changed(text="stored"))
