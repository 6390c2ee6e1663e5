"""What the probe shows: components, menu items, commands of its own."""

import json
from typing import Annotated

from jackfield import Plugin, command
from jackfield.api import Button, Field, Form, Integer, List, MenuItem, Text, argument, literal
from jackfield.errors import WrongValues


class Showing(Plugin):
    heard: list[str]

    @command("probe commands add")
    async def commands_add(self, source, name: str) -> None:
        async def added(source, text: str = "") -> None:
            """Say it back."""
            await source.reply(f"{name} heard {text}")

        self.context.commands.add(name, added)
        await source.reply("added")

    @command("probe commands tree")
    async def commands_tree(self, source, name: str) -> None:
        async def counted(source, number: int) -> None:
            """Count up."""
            await source.reply(f"{name} counted {number + 1}")

        numbers = argument("number", Annotated[int, Integer(1, 9)]).runs(counted)
        self.context.commands.add_tree(literal(name).then(literal("count").then(numbers).requires("helper")))
        await source.reply("added")

    @command("probe ui component")
    async def ui_component(self, source, name: str) -> None:
        self.context.ui.add_component(
            name,
            lambda: List((Text(f"{len(self.heard)} heard"), Button("Press", "press", (("n", 1),)))),
            on_action=self._pressed,
        )
        await source.reply("shown")

    @command("probe ui broken")
    async def ui_broken(self, source) -> None:
        self.context.ui.add_component("broken", self._cannot_be_drawn)
        await source.reply("shown")

    @command("probe ui form")
    async def ui_form(self, source) -> None:
        fields = (Field("name", "Name", required=True), Field("count", "Count", "integer"))
        self.context.ui.add_component("form", Form(fields, "keep"), on_action=self._kept)
        await source.reply("shown")

    @command("probe ui menu")
    async def ui_menu(self, source) -> None:
        self.context.ui.add_menu_item(MenuItem("item", "An item"), lambda user: self.heard.append(f"chosen by {user}"))
        await source.reply("offered")

    @command("probe later")
    async def later(self, source) -> None:
        self.context.scheduler.after(0.02, source.reply, "later")
        await source.reply("soon")

    def _pressed(self, action: str, values, user: str) -> None:
        self.heard.append(f"{action} by {user}: {json.dumps(dict(values))}")

    def _kept(self, action: str, values, user: str) -> None:
        if values["count"] == 13:
            raise WrongValues({"count": "brings bad luck"})
        self._pressed(action, values, user)

    def _cannot_be_drawn(self) -> None:
        raise ValueError("no paint")
