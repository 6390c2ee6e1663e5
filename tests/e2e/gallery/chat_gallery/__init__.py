"""A plugin that shows each component, each field of a form, and a menu item."""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from jackfield import Plugin
from jackfield.api import (
    Button,
    Chart,
    Field,
    Form,
    Image,
    List,
    Markdown,
    MenuItem,
    Progress,
    Table,
    Text,
)
from jackfield.errors import WrongValues

WORDS = """## Notes
Soup is *hot*, the `menu` is **new**, more at [the kitchen](https://example.org/kitchen).

- one
- two

```
<b>shown, not obeyed</b>
```"""


def png(width: int, height: int) -> bytes:
    """A green picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x1d\x6b\x3a" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Gallery(Plugin):
    def on_enable(self) -> None:
        self.orders: list[str] = []
        self.pressed = 0
        ui = self.context.ui
        ui.add_component("notice", Text("The kitchen closes at nine."))
        ui.add_component("words", self.words, on_action=self.press)
        ui.add_component("numbers", self.numbers)
        ui.add_component("order", self.order, on_action=self.take)
        ui.add_component("broken", self.fail, title="Broken")
        ui.add_menu_item(MenuItem("bell", "Ring the bell"), self.ring)

    def words(self) -> List:
        return List(
            (
                Text(f"Pressed {self.pressed} times"),
                Markdown(WORDS),
                List((Text("first"), Text("second")), ordered=True),
                Button("Press", "press", (("by", 1),), "primary"),
                Button("Forget", "forget", style="danger"),
                Image(png(64, 32), "image/png", "A green field"),
            )
        )

    def numbers(self) -> List:
        table = Table(("Dish", "Left", "Hot"), (("Soup", 1234, True), ("Salad", 0.5, False), ("Bread", None, None)))
        return List(
            (
                table,
                Chart(("Soup", "Salad"), (12, -3.5), unit="plates"),
                Chart(("May", "June", "July"), (3, 9, 4), kind="line"),
                Progress(3, 12, "Eaten"),
                Progress(0.5),
            )
        )

    def order(self) -> List:
        form = Form(
            (
                Field("dish", "Dish", "choice", choices=("soup", "salad"), required=True),
                Field("name", "Your name", required=True),
                Field("plates", "Plates", "integer", value=1, required=True),
                Field("salt", "Salt in grams", "float"),
                Field("wish", "Wishes", "multiline"),
                Field("hurry", "In a hurry", "boolean"),
            ),
            "order",
            submit="Order",
        )
        return List((form, *(Text(order) for order in self.orders)))

    def fail(self) -> Text:
        raise ValueError("no paint")

    def press(self, action: str, values: Mapping[str, Any], user: str) -> None:
        self.pressed = self.pressed + values["by"] if action == "press" else 0
        self.context.ui.refresh("words")

    def take(self, action: str, values: Mapping[str, Any], user: str) -> None:
        if values["plates"] > 10:
            raise WrongValues({"plates": "the kitchen has ten"})
        self.orders.append(f"{user}: {values}")
        self.context.ui.refresh("order")

    async def ring(self, user: str) -> None:
        await self.context.api.messages.send("lobby", f"{user} rings the bell")
