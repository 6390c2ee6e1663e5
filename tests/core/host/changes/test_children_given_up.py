"""A plugin that gives up waiting for one that it loads is its parent all the same, once that has come up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.permissions import Permission

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


CHILD = """
import asyncio
from pathlib import Path
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        Path("FOLDER/begun").touch()
        while not Path("FOLDER/go-on").exists():
            await asyncio.sleep(0.01)
"""
PARENT = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    @command("adopt")
    async def adopt(self, source):
        self.loading = self.context.scheduler.start(self.context.plugins.load("child"))

    @command("give up")
    async def give_up(self, source):
        self.loading.cancel()
        await asyncio.wait([self.loading])
"""
MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\n'


@pytest.mark.feature("J17", "K26")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_it_goes_down_with_who_gave_up_waiting_for_it(profile, build, running, tmp_path: Path, isolation):
    profile.install(
        build(
            "parent",
            code=PARENT,
            permissions=MANAGES,
            more='[contributes]\ncommands = [{ name = "adopt" }, { name = "give" }]\n',
        ),
        build("child", code=CHILD.replace("FOLDER", str(tmp_path))),
    )
    profile.enable("parent", isolation=isolation, permissions=[Permission("plugins", ("manage",))])
    profile.enable("child")
    profile.disable("child")
    host = await running(callback_timeout_seconds=60)
    assert await host.commands.dispatch("adopt", Speaker())
    await until((tmp_path / "begun").exists)
    assert await host.commands.dispatch("give up", Speaker())
    (tmp_path / "go-on").touch()
    await host.plugins.wait_for("child", timeout_seconds=30)
    await asyncio.wait_for(host.disable("parent"), 60)
    assert host.plugins.status("child").state == "unloaded"


LOADS = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_disable(self):
        await asyncio.sleep(0.5)  # others are asked meanwhile

    @command("NAME")
    async def load(self, source, plugin: str):
        await self.context.plugins.load(plugin)
"""


@pytest.mark.feature("J17", "K26")
async def test_who_is_going_down_gets_no_child_that_nobody_would_end(profile, build, running):
    names = ("first", "second", "third")
    profile.install(
        *(
            build(
                name,
                code=LOADS.replace("NAME", name),
                permissions=MANAGES,
                more=f'[contributes]\ncommands = [{{ name = "{name}" }}]\n',
                isolation="inline",
            )
            for name in names
        )
    )
    profile.enable(*names, isolation="inline", permissions=(Permission("plugins", ("manage",)),))
    profile.state.change({"wish/second": False, "wish/third": False}, by="test")
    host = await running()
    await host.commands.dispatch("first second", Speaker())
    await host.commands.dispatch("second third", Speaker())
    assert host.plugins.status("third").state == "active"
    again = host.commands.dispatch("second third", Speaker())
    await asyncio.gather(host.unload("first"), again, return_exceptions=True)
    await until(lambda: not host.plugins.status("third").state.runs_code)


FAILS_ONCE = """
from jackfield import Plugin, command

class Main(Plugin):
    def on_enable(self):
        mark = self.context.data_dir / "raise"
        if mark.exists():
            mark.unlink()
            raise ValueError("boom")

    @command("adopt")
    async def adopt(self, source):
        await self.context.plugins.load("child")

    @command("mark")
    async def mark(self, source):
        (self.context.data_dir / "raise").touch()
"""


@pytest.mark.feature("J17", "M24")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_a_child_goes_with_the_code_that_loaded_it_also_where_the_next_code_fails(
    profile, build, running, isolation
):
    commands = '[contributes]\ncommands = [{ name = "adopt" }, { name = "mark" }]\n'
    profile.install(
        build("parent", code=FAILS_ONCE, permissions=MANAGES, more=commands),
        build("child", code="from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"),
    )
    profile.enable("parent", isolation=isolation, permissions=[Permission("plugins", ("manage",))])
    profile.enable("child")
    profile.disable("child")
    host = await running(callback_timeout_seconds=60)
    assert await host.commands.dispatch("adopt", Speaker())
    assert host.plugins.status("child").state == "active"
    assert await host.commands.dispatch("mark", Speaker())
    with pytest.raises(PluginError, match="parent was not reloaded: ValueError: boom"):
        await host.reload("parent")
    assert [host.plugins.status(one).state for one in ("parent", "child")] == ["active", "unloaded"]
