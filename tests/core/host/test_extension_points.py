"""Where a plugin may extend its host, and from when on: named in the manifest, begun in `on_enable`, never earlier."""

from __future__ import annotations

import pytest

from tests.support.speakers import Speaker

PERMISSIONS = """
[[permissions]]
resource = "ui"
actions = ["component", "menu"]
[contributes]
commands = [{ name = "throw" }]
services = ["dice"]
"""
CODE = """
from typing import Annotated
from jackfield import Plugin
from jackfield.api import Custom, MenuItem, Text, argument, literal

def dice(text):
    count, _, sides = text.partition("d")
    if not (count.isdigit() and sides.isdigit()):
        raise ValueError(f"{text} is no dice")
    return int(count), int(sides)

async def throw(source, dice):
    await source.reply(f"{dice[0]} times {dice[1]}")

DICE = Annotated[str, Custom(dice, "dice like 2d6", lambda begun: ["2d6"])]

def begin(context):
    EXTEND

class Main(Plugin):
    def WHEN: begin(self.context)
"""
POINTS = {
    "a type of arguments": 'context.commands.add_tree(literal("throw").then(argument("dice", DICE).runs(throw)))',
    "a service": 'context.services.provide("dice", object())',
    "a listener": 'context.events.on("thrown", print)',
    "a component": 'context.ui.add_component("dice", Text("2d6"))',
    "a menu item": 'context.ui.add_menu_item(MenuItem("throw", "Throw"))',
}


@pytest.mark.feature("U30")
@pytest.mark.parametrize("point", POINTS)
async def test_an_extension_begins_in_on_enable_and_not_earlier(profile, build, running, point):
    code = CODE.replace("EXTEND", POINTS[point])
    early, late = (code.replace("WHEN", when) for when in ("on_load(self, previous)", "on_enable(self)"))
    profile.install(build("early", code=early, more=PERMISSIONS))
    profile.enable("early")
    host = await running()
    status = host.plugins.status("early")
    assert status.state == "failed"
    assert status.problem.startswith("early is not enabled, so it cannot begin: ")
    assert "(begin things in on_enable or later)" in status.problem
    profile.install(build("late", code=late, more=PERMISSIONS))
    profile.enable("late")
    await host.reload_changes()
    assert host.plugins.status("late").state == "active", host.plugins.status("late").problem


@pytest.mark.feature("U30")
async def test_a_type_of_arguments_completes_and_refuses_and_ends_with_its_plugin(profile, build, running):
    code = CODE.replace("EXTEND", POINTS["a type of arguments"]).replace("WHEN", "on_enable(self)")
    profile.install(build("dice", code=code, more=PERMISSIONS))
    profile.enable("dice")
    host = await running()
    right, wrong = Speaker(), Speaker()
    assert await host.commands.dispatch("throw 2d6", right)
    assert await host.commands.dispatch("throw seven", wrong)
    assert right.answers == ["2 times 6"]
    assert "seven is no dice" in wrong.answers[0]
    assert [one.text for one in await host.commands.complete("throw ", 6, Speaker())] == ["2d6"]
    await host.disable("dice")
    assert host.commands.owner("throw 2d6") in ("", None)
