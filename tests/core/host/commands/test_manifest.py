"""What a manifest says of commands: shown before the code runs, and joined with what the code says."""

from __future__ import annotations

import pytest
from jackfield.api import Level

from tests.support.speakers import Speaker
from tests.support.wheels import manifest_text

CODE = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("kick", level="user", aliases=("throw out",))
    async def kick(self, source, who: str):
        \"\"\"Not this.\"\"\"
        await source.reply(f"{who} is out")

    @command("throw count")
    async def count(self, source):
        await source.reply("none")
"""

MORE = """
[[contributes.commands]]
name = "kick"
usage = "kick <someone>"
help = "Send someone out"
aliases = ["boot", "throw out"]
level = "helper"
"""


@pytest.mark.feature("M44", "U17", "U13")
async def test_help_aliases_and_the_higher_level_come_from_the_manifest(profile, build, running):
    profile.install(build("keeper", code=CODE, more=MORE))
    profile.enable("keeper")
    host = await running(command_prefix="!")
    assert host.plugins.status("keeper").problem == ""
    assert host.commands.help() == "!kick <someone> — Send someone out\n!throw count"
    user, helper = Speaker(), Speaker(level=Level.HELPER)
    for line in ("kick eve", "boot eve", "throw out eve", "throw count"):
        await host.commands.dispatch(line, user)
        await host.commands.dispatch(line, helper)
    assert user.answers == [
        "!kick is for helpers and above",
        "!boot is for helpers and above",
        "!throw out is for helpers and above",
        "none",
    ]
    assert helper.answers == ["eve is out", "eve is out", "eve is out", "none"]


@pytest.mark.feature("M43", "M44")
async def test_a_plugin_on_demand_shows_its_commands_and_is_loaded_by_whoever_may_use_one(profile, build, running):
    text = manifest_text("keeper").replace("\n\n", '\nactivation = "demand"\n\n', 1)
    profile.install(build("keeper", code=CODE, manifest=text + MORE))
    profile.enable("keeper")
    host = await running(command_prefix="!")
    waiting = host.plugins.status("keeper").state
    assert waiting != "active"
    assert host.commands.help() == "!kick <someone> — Send someone out"
    assert [one.text for one in await host.commands.complete("bo", 2, Speaker(level=Level.HELPER))] == ["boot"]
    user, helper = Speaker(), Speaker(level=Level.HELPER)
    await host.commands.dispatch("boot eve", user)
    assert user.answers == ["!boot is for helpers and above"]
    assert host.plugins.status("keeper").state == waiting
    await host.commands.dispatch("boot eve", helper)
    assert helper.answers == ["eve is out"]
    assert host.plugins.status("keeper").state == "active"
    assert host.commands.help() == "!kick <someone> — Send someone out\n!throw count"
