"""A plugin whose process ends by itself takes those with it that it loaded, as one does that is taken down."""

from __future__ import annotations

import os
import signal

import pytest
from jackfield.host import Host
from jackfield.permissions import Permission
from jackfield.storage import FILES

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


LOADS = """
import os
from jackfield import Plugin, command

class Main(Plugin):
    @command("NAME")
    async def load(self, source, plugin: str):
        await self.context.plugins.load(plugin)
        await source.reply(str(os.getpid()))
"""
LOADS_AT_ONCE = """
import os, signal
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.load("child")
        if (self.context.data_dir / "raise").exists():
            raise ValueError("boom")
        if (self.context.data_dir / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)

    @command("NAME")
    async def where(self, source):
        await source.reply(str(os.getpid()))
"""
CHILD = """
import os
from jackfield import Plugin, command

class Main(Plugin):
    @command("NAME")
    async def where(self, source):
        await source.reply(str(os.getpid()))
"""
MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\n'
GRANTED = (Permission("plugins", ("manage",)),)


@pytest.fixture
def family(profile, build, running):
    """Starts a host with plugins, of which the user wants `parent` alone: their code and isolation, by id."""

    async def start(**plugins: tuple[str, str]) -> Host:
        commands = '[contributes]\ncommands = [{ name = "NAME" }]\n'
        built = [
            build(name, code=code.replace("NAME", name), permissions=MANAGES, more=commands.replace("NAME", name))
            for name, (code, _) in plugins.items()
        ]
        profile.install(*built)
        for name, (_, isolation) in plugins.items():
            profile.enable(name, isolation=isolation, permissions=GRANTED)
        profile.state.change({f"wish/{name}": False for name in plugins if name != "parent"}, by="test")
        host: Host = await running(callback_timeout_seconds=60)
        return host

    return start


async def asked(host: Host, line: str) -> int:
    """Give a command to a plugin; return its process."""
    speaker = Speaker()
    await host.commands.dispatch(line, speaker)
    return int(speaker.answers[0])


def states(host: Host, *plugins: str) -> list[str]:
    return [str(host.plugins.status(one).state) for one in plugins]


async def until_down(host: Host, plugin: str) -> None:
    await until(lambda: not host.plugins.status(plugin).state.runs_code)


def heard(host: Host, plugin: str) -> list[str]:
    """Return the states that a plugin goes through from now on, as a list that grows."""
    found: list[str] = []
    host.plugins.on_change(lambda status: found.append(str(status.state)) if status.id == plugin else None)
    return found


@pytest.mark.feature("J17", "K26", "J25")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_a_child_goes_with_a_parent_that_is_killed(family, isolation: str):
    host = await family(parent=(LOADS, "worker"), child=(CHILD, isolation))
    pid = await asked(host, "parent child")
    assert states(host, "child") == ["active"]
    os.kill(pid, signal.SIGKILL)
    await until_down(host, "child")
    await until(lambda: host.plugins.status("child").note == "was unloaded by parent, which loaded it and is down")
    assert states(host, "child") == ["unloaded"]
    await until(lambda: states(host, "parent") == ["active"])
    await asked(host, "parent child")
    assert states(host, "child") == ["active"]


@pytest.mark.feature("K26", "J25")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_so_do_the_children_of_its_children(family, isolation: str):
    host = await family(parent=(LOADS, "worker"), middle=(LOADS, isolation), child=(CHILD, "inline"))
    pid = await asked(host, "parent middle")
    await asked(host, "middle child")
    assert states(host, "middle", "child") == ["active", "active"]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: states(host, "middle", "child") == ["unloaded", "unloaded"])


@pytest.mark.feature("J17", "J25")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_the_parents_new_code_may_load_it_again(family, isolation: str):
    host = await family(parent=(LOADS_AT_ONCE, "worker"), child=(CHILD, isolation))
    seen = heard(host, "child")
    os.kill(await asked(host, "parent"), signal.SIGKILL)
    await until(lambda: "unloaded" in seen and states(host, "parent", "child") == ["active", "active"])
    assert await asked(host, "child")


@pytest.mark.feature("J25")
@pytest.mark.parametrize(
    ("how", "why"), [("raise", "ValueError: boom (in on_enable)"), ("die", "at once by: jackfield enable parent")]
)
async def test_it_stays_down_with_a_parent_that_does_not_come_back(family, profile, how: str, why: str):
    host = await family(parent=(LOADS_AT_ONCE, "worker"), child=(CHILD, "inline"))
    (profile.layout.data("parent") / FILES / how).touch()
    os.kill(await asked(host, "parent"), signal.SIGKILL)

    def is_given_up() -> bool:
        status = host.plugins.status("parent")
        return why in status.problem or why in status.note

    await until(is_given_up, timeout_seconds=60)
    await until_down(host, "child")
    assert states(host, "parent", "child") == ["failed", "unloaded"]


@pytest.mark.feature("J25")
async def test_a_child_that_is_killed_with_its_parent_does_not_come_back_alone(family):
    host = await family(parent=(LOADS, "worker"), child=(CHILD, "worker"))
    parent, child = await asked(host, "parent child"), await asked(host, "child")
    before = host.plugins.record("parent").remote
    for pid in (child, parent):
        os.kill(pid, signal.SIGKILL)
    await until(lambda: host.plugins.record("parent").remote not in (None, before))
    await until(lambda: states(host, "parent") == ["active"])
    await until_down(host, "child")
    await host.reload_changes()
    assert states(host, "child")[0] in ("found", "unloaded")
    await asked(host, "parent child")
    assert states(host, "child") == ["active"]
