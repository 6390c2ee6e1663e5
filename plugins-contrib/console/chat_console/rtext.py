"""Rich text: what scripts build, what a game server gets as JSON, and what a console shows of it."""

import json
import re
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from chat_console.styles import RClickAction, RClickEvent, RColor, RHoverEvent, RHoverText, RStyle

_FIELD = "\0{}\0"


class RTextBase:
    """A text with colour, styles and events; `+` joins two, and what is no text yet becomes one."""

    def __init__(self) -> None:
        self.color: RColor | None = None
        self.styles: list[RStyle] = []
        self.click_event: RClickEvent | None = None
        self.hover_event: RHoverEvent | None = None

    def set_color(self, color: RColor) -> "RTextBase":
        """Colour it."""
        self.color = color
        return self

    def set_styles(self, styles: RStyle | Iterable[RStyle]) -> "RTextBase":
        """Set its styles."""
        self.styles = [styles] if isinstance(styles, RStyle) else list(styles)
        return self

    def set_click_event(self, action: RClickAction | RClickEvent, value: Any = None) -> "RTextBase":
        """Set what a click does: an event, or an action and its value."""
        self.click_event = action if isinstance(action, RClickEvent) else RClickEvent(action, value)
        return self

    def set_hover_event(self, hover_event: RHoverEvent) -> "RTextBase":
        """Set what is shown under the pointer."""
        self.hover_event = hover_event
        return self

    def set_hover_text(self, *parts: Any) -> "RTextBase":
        """Set the text that is shown under the pointer."""
        return self.set_hover_event(RHoverText(RTextList(*parts) if len(parts) != 1 else RTextBase.from_any(parts[0])))

    c = set_click_event
    h = set_hover_text

    def to_plain_text(self) -> str:
        """Return the letters alone."""
        raise NotImplementedError

    def to_json_object(self, **options: Any) -> Any:
        """Return the component as the server reads it."""
        return {**self._content(), **self._attributes()}

    def to_json_str(self, **options: Any) -> str:
        """Return the component as JSON."""
        return json.dumps(self.to_json_object(**options), ensure_ascii=False)

    def to_colored_text(self) -> str:
        """Return the text with the escapes of a terminal."""
        return self._coded("console_code", "\x1b[0m")

    def to_legacy_text(self) -> str:
        """Return the text with `§` codes."""
        return self._coded("mc_code", "§r")

    def copy(self) -> "RTextBase":
        """Return an independent text that is equal."""
        made = copy(self)
        made.styles = list(self.styles)
        return made

    def _content(self) -> dict[str, Any]:
        return {"text": self.to_plain_text()}

    def _attributes(self) -> dict[str, Any]:
        made: dict[str, Any] = {"color": self.color.name} if self.color is not None else {}
        made.update({style.name: True for style in self.styles})
        if self.click_event is not None:
            made["clickEvent"] = self.click_event.to_json_object()
        if self.hover_event is not None:
            value = self.hover_event.value
            shown = value.to_json_object() if isinstance(value, RTextBase) else value
            made["hoverEvent"] = {"action": self.hover_event.action.name, "value": shown}
        return made

    def _coded(self, code: str, reset: str) -> str:
        items = [*([self.color] if self.color is not None else []), *self.styles]
        codes = "".join(getattr(item, code) for item in items)
        return f"{codes}{self.to_plain_text()}{reset}" if codes else self.to_plain_text()

    def __str__(self) -> str:
        return self.to_plain_text()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json_object()!r})"

    def __add__(self, other: Any) -> "RTextList":
        return RTextList(self, other)

    def __radd__(self, other: Any) -> "RTextList":
        return RTextList(other, self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RTextBase) and self.to_json_object() == other.to_json_object()

    __hash__ = None  # type: ignore[assignment]  # it changes

    @staticmethod
    def from_any(text: Any) -> "RTextBase":
        """Return a rich text as it is, and a text of anything else."""
        return text if isinstance(text, RTextBase) else RText(text)

    @staticmethod
    def join(divider: Any, iterable: Iterable[Any]) -> "RTextBase":
        """Join texts, with a divider between."""
        made = RTextList()
        for number, one in enumerate(iterable):
            if number:
                made.append(divider)
            made.append(one)
        return made

    @staticmethod
    def format(fmt: str, *args: Any, **kwargs: Any) -> "RTextBase":
        """Do as `str.format`, with rich texts among the arguments kept rich."""
        rich: list[RTextBase] = []

        def mark(value: Any) -> Any:
            if not isinstance(value, RTextBase):
                return value
            rich.append(value)
            return _FIELD.format(len(rich) - 1)

        plain = fmt.format(*map(mark, args), **{key: mark(value) for key, value in kwargs.items()})
        parts = re.split("\0(\\d+)\0", plain)
        made = RTextList(*(rich[int(part)] if number % 2 else part for number, part in enumerate(parts) if part))
        return made if rich else RText(plain)

    @classmethod
    def from_json_object(cls, data: Any, **options: Any) -> "RTextBase":
        """Read a component: a text, a list, or an object with `text`, `color`, styles and `extra`."""
        if isinstance(data, list):
            return RTextList(*(cls.from_json_object(one) for one in data))
        if not isinstance(data, dict):
            return RText(data)
        made: RTextBase = RTextTranslation(data["translate"]) if "translate" in data else RText(data.get("text", ""))
        if "color" in data:
            made.set_color(RColor.from_mc_value(data["color"]))
        made.set_styles([style for style in RStyle if data.get(style.name)])
        return RTextList(made, *(cls.from_json_object(one) for one in data["extra"])) if data.get("extra") else made


class RText(RTextBase):
    """A piece of text.

    Args:
        text: what it says; anything is shown as `str` shows it.
        color: its colour.
        styles: one style, or several.
    """

    def __init__(self, text: Any, color: RColor | None = None, styles: RStyle | Iterable[RStyle] | None = None) -> None:
        super().__init__()
        self.text = text if isinstance(text, str) else str(text)
        self.color = color
        if styles is not None:
            self.set_styles(styles)

    def to_plain_text(self) -> str:
        """Return the letters alone."""
        return self.text


class RTextTranslation(RText):
    """A text that the player's client translates.

    Args:
        translation_key: the client's key.
        color, styles: as those of `RText`.
        args: what is put into the translation.
    """

    def __init__(
        self,
        translation_key: str,
        color: RColor | None = None,
        styles: RStyle | Iterable[RStyle] | None = None,
        *,
        args: Iterable[Any] = (),
        fallback: str | None = None,
    ) -> None:
        super().__init__(translation_key, color, styles)
        self.args = list(args)
        self.fallback = fallback

    def arg(self, *args: Any) -> "RTextTranslation":
        """Set what is put into the translation."""
        self.args = list(args)
        return self

    def _content(self) -> dict[str, Any]:
        made: dict[str, Any] = {"translate": self.text}
        if self.args:
            made["with"] = [one.to_json_object() if isinstance(one, RTextBase) else one for one in self.args]
        return made if self.fallback is None else {**made, "fallback": self.fallback}


class RTextList(RTextBase):
    """Texts one after the other; its own colour and events hold for all that have none."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        self.children: list[RTextBase] = []
        self.append(*args)

    def append(self, *args: Any) -> "RTextList":
        """Add texts at the end."""
        self.children.extend(RTextBase.from_any(one) for one in args)
        return self

    def is_empty(self) -> bool:
        """Say whether nothing is in it."""
        return not self.children

    def to_plain_text(self) -> str:
        """Return the letters alone."""
        return "".join(one.to_plain_text() for one in self.children)

    def to_json_object(self, **options: Any) -> Any:
        """Return a list whose first element carries what all inherit."""
        attributes = self._attributes()
        head: Any = {"text": "", **attributes} if attributes else ""
        return [head, *(one.to_json_object(**options) for one in self.children)]

    def copy(self) -> "RTextList":
        """Return an independent list that is equal."""
        made = copy(self)
        made.styles = list(self.styles)
        made.children = [one.copy() for one in self.children]
        return made

    def _coded(self, code: str, reset: str) -> str:
        return "".join(one._coded(code, reset) for one in self.children)


class RTextMCDRTranslation(RTextBase):
    """A text that is translated when it is shown, for whoever it is shown to (U14).

    Args:
        translation_key: a key that a script registered.
        args, kwargs: what is put into it.
    """

    def __init__(self, translation_key: str, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.translation_key = translation_key
        self.args = args
        self.kwargs = kwargs
        self._translate: Callable[..., Any] = lambda key, *_args, **_kwargs: key

    def set_translator(self, translate: Callable[..., Any]) -> "RTextMCDRTranslation":
        """Set what translates: called with the key, the arguments and `language`."""
        self._translate = translate
        return self

    def translated(self, language: str | None = None) -> RTextBase:
        """Return what it says in a language; None: in that of the console."""
        text = RTextBase.from_any(self._translate(self.translation_key, *self.args, language=language, **self.kwargs))
        made = RTextList(text) if self._attributes() else text
        if made is not text:
            made.color, made.styles = self.color, self.styles
            made.click_event, made.hover_event = self.click_event, self.hover_event
        return made

    def to_plain_text(self) -> str:
        """Return the letters alone, in the console's language."""
        return self.translated().to_plain_text()

    def to_json_object(self, **options: Any) -> Any:
        """Return the component, in the language of the option `language` or in the console's."""
        return self.translated(options.get("language")).to_json_object(**options)


class RTextJsonFormat:
    """Versions of the JSON form; one is written here, which all servers since 1.7 read."""

    V_1_7 = "1.7"
    V_1_21_5 = "1.21.5"

    @classmethod
    def default(cls) -> str:
        """Return the form that is written."""
        return cls.V_1_7
