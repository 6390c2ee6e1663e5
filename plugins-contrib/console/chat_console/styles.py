"""Colours, styles and events of rich text, as scripts name them (`RColor.red`, `RAction.run_command`)."""

from collections.abc import Iterator
from typing import Any


class _Registry(type):
    """A class whose items are its attributes: `RColor.red`, and `for color in RColor`."""

    _items: dict[str, Any]

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._items.values())

    def __contains__(cls, name: object) -> bool:
        return name in cls._items or name in cls._items.values()

    def __getitem__(cls, name: str) -> Any:
        return cls._items[name]

    def _add(cls, item: Any) -> None:
        cls._items[item.name] = item
        setattr(cls, item.name, item)


class RColor(metaclass=_Registry):
    """A colour of a text: one of the sixteen of a terminal, or any by its RGB code.

    Args:
        rgb_code: 0xRRGGBB.
        name: as text components name it; the hexadecimal code where there is none.
        legacy: the character after `§`.
        terminal: the number of the ANSI escape.
    """

    _items: dict[str, "RColor"] = {}  # noqa: RUF012 (the registry of the metaclass)

    def __init__(self, rgb_code: int, name: str = "", legacy: str = "", terminal: int | None = None) -> None:
        self.rgb_code = int(rgb_code)
        self.name = name or f"#{self.rgb_code:06X}"
        self.mc_code = f"§{legacy}" if legacy else ""
        self.console_code = f"\x1b[{terminal}m" if terminal is not None else ""

    @classmethod
    def from_mc_value(cls, value: str) -> "RColor":
        """Return a colour by its name or by `#RRGGBB`."""
        return RColorRGB.from_code(value) if value.startswith("#") else cls._items[value]

    def __repr__(self) -> str:
        return f"RColor({self.name})"


class RColorRGB(RColor):
    """A colour by its code alone."""

    @classmethod
    def from_code(cls, rgb_code: str | int) -> "RColorRGB":
        """Return the colour of `#RRGGBB` or of a number."""
        code = int(rgb_code.lstrip("#"), 16) if isinstance(rgb_code, str) else rgb_code
        return cls(code)

    @classmethod
    def from_rgb(cls, red: int, green: int, blue: int) -> "RColorRGB":
        """Return the colour of three parts, 0 to 255 each."""
        return cls((red << 16) | (green << 8) | blue)


RColorClassic = RColor

_COLORS = (
    ("black", 0x000000, "0", 30), ("dark_blue", 0x0000AA, "1", 34), ("dark_green", 0x00AA00, "2", 32),
    ("dark_aqua", 0x00AAAA, "3", 36), ("dark_red", 0xAA0000, "4", 31), ("dark_purple", 0xAA00AA, "5", 35),
    ("gold", 0xFFAA00, "6", 33), ("gray", 0xAAAAAA, "7", 37), ("dark_gray", 0x555555, "8", 90),
    ("blue", 0x5555FF, "9", 94), ("green", 0x55FF55, "a", 92), ("aqua", 0x55FFFF, "b", 96),
    ("red", 0xFF5555, "c", 91), ("light_purple", 0xFF55FF, "d", 95), ("yellow", 0xFFFF55, "e", 93),
    ("white", 0xFFFFFF, "f", 97), ("reset", 0xFFFFFF, "r", 0),
)  # fmt: skip
for _name, _rgb, _legacy, _terminal in _COLORS:
    RColor._add(RColor(_rgb, _name, _legacy, _terminal))


class RStyle(metaclass=_Registry):
    """A style of a text, beside its colour."""

    _items: dict[str, "RStyle"] = {}  # noqa: RUF012 (the registry of the metaclass)

    def __init__(self, name: str, legacy: str, terminal: int | None) -> None:
        self.name = name
        self.mc_code = f"§{legacy}"
        self.console_code = f"\x1b[{terminal}m" if terminal is not None else ""

    def __repr__(self) -> str:
        return f"RStyle({self.name})"


RStyleClassic = RStyle

for _style in (
    RStyle("bold", "l", 1),
    RStyle("italic", "o", 3),
    RStyle("underlined", "n", 4),
    RStyle("strikethrough", "m", 9),
    RStyle("obfuscated", "k", None),
):
    RStyle._add(_style)


class RClickAction(metaclass=_Registry):
    """What a click on a text does: `RAction.run_command` and its siblings."""

    _items: dict[str, "RClickAction"] = {}  # noqa: RUF012 (the registry of the metaclass)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"RAction({self.name})"


RAction = RClickAction

for _action in ("suggest_command", "run_command", "open_url", "open_file", "copy_to_clipboard"):
    RClickAction._add(RClickAction(_action))


class RHoverAction(metaclass=_Registry):
    """What is shown over a text under the pointer."""

    _items: dict[str, "RHoverAction"] = {}  # noqa: RUF012 (the registry of the metaclass)

    def __init__(self, name: str) -> None:
        self.name = name


for _action in ("show_text", "show_entity", "show_item"):
    RHoverAction._add(RHoverAction(_action))


class RClickEvent:
    """A click's action with its value.

    Args:
        action: what is done.
        value: with what: a command, an address, a path.
    """

    def __init__(self, action: RClickAction, value: Any) -> None:
        self.action = action
        self.value = value

    def to_json_object(self) -> dict[str, Any]:
        """Return the component's `clickEvent`."""
        return {"action": self.action.name, "value": self.value}


def _click(name: str) -> type[RClickEvent]:
    action = RClickAction[name]

    class Click(RClickEvent):
        def __init__(self, value: Any) -> None:
            super().__init__(action, value)

    return Click


RClickSuggestCommand = _click("suggest_command")
RClickRunCommand = _click("run_command")
RClickOpenUrl = _click("open_url")
RClickOpenFile = _click("open_file")
RClickCopyToClipboard = _click("copy_to_clipboard")


class RHoverEvent:
    """What a text shows under the pointer.

    Args:
        action: which kind of thing.
        value: the thing: a text, or the fields of an entity or item.
    """

    action_name = "show_text"

    def __init__(self, value: Any = "", **fields: Any) -> None:
        self.action = RHoverAction[self.action_name]
        self.value = value or fields


class RHoverText(RHoverEvent):
    """A text."""


class RHoverEntity(RHoverEvent):
    """An entity."""

    action_name = "show_entity"


class RHoverItem(RHoverEvent):
    """An item."""

    action_name = "show_item"
