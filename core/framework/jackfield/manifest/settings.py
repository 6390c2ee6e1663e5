"""A setting as a manifest declares it: what it holds, its bounds, and what is wrong with a value (C22)."""

from dataclasses import dataclass
from math import isfinite
from pathlib import PurePath
from typing import Annotated, Any

from jackfield.manifest.fields import Anything, Described, ListOf, Number, Text

SETTING_TYPES = ("text", "number", "integer", "boolean", "choice", "list", "path", "secret")

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
"""Names of commands, components, menu items, settings, services and events."""

_LINE = Text(longest=500)
_SHOWN_CHARACTERS = 60
_KINDS = {
    "text": (str, "text"),
    "secret": (str, "text"),
    "path": (str, "a path"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
    "list": (list | tuple, "a list of texts"),
}
_MEASURED = {"integer": "", "number": "", "list": "entries", "text": "characters", "secret": "characters"}


@dataclass(frozen=True, slots=True)
class SettingContribution:
    """A value that the user sets (C22)."""

    key: Annotated[str, Described("its name within the plugin", Text(longest=64, pattern=NAME))]
    type: Annotated[str, Described("what it holds", Text(choices=SETTING_TYPES))] = "text"
    default: Annotated[Any, Described("its value until the user sets one; of the type above", Anything())] = None
    label: Annotated[str, Described("what the user reads beside it", _LINE)] = ""
    description: Annotated[str, Described("a sentence of help", Text(longest=2000, lines=True))] = ""
    minimum: Annotated[
        float | None, Described("the lowest number, the fewest entries or the fewest characters", Number())
    ] = None
    maximum: Annotated[
        float | None, Described("the highest number, the most entries or the most characters", Number())
    ] = None
    choices: Annotated[tuple[str, ...], Described("what a choice chooses from", ListOf(_LINE))] = ()
    exists: Annotated[
        str | None,
        Described(
            "what a path must lead to when the user sets it; without it, it may lead to nothing yet",
            Text(choices=("file", "folder")),
        ),
    ] = None

    @property
    def title(self) -> str:
        """What people read beside it: the label, else the key."""
        return self.label or self.key

    @property
    def secret(self) -> bool:
        """Whether its value is kept apart and never shown."""
        return self.type == "secret"

    @property
    def expected(self) -> str:
        """What fits, for people: `a whole number from 1 to 10`."""
        if self.type == "choice":
            return "one of " + ", ".join(map(repr, self.choices))
        words = _KINDS[self.type][1]
        if self.type == "path":
            return {"file": "the path of a file", "folder": "the path of a folder"}.get(self.exists or "", words)
        unit = _MEASURED.get(self.type, "")
        lowest, highest = self.minimum, self.maximum
        bounds = ""
        if lowest is not None and highest is not None:
            bounds = f"{lowest:g} to {highest:g}" if unit else f"from {lowest:g} to {highest:g}"
        elif lowest is not None:
            bounds = f"from {lowest:g} on" if not unit else f"at least {lowest:g}"
        elif highest is not None:
            bounds = f"up to {highest:g}"
        if not bounds:
            return words
        return f"{words} {bounds}" if not unit else f"{words} of {bounds} {unit}"

    def problem(self, value: object) -> str | None:
        """Return why `value` is not one of this setting, as the end of a sentence; None when it is.

        The value of a secret is not repeated in the sentence.
        """
        if not self._fits(value):
            return f"expected {self._kind}, found {self._shown(value)}"
        if self.type == "path":
            return path_problem(str(value))
        return self._out_of_bounds(value)

    @property
    def _kind(self) -> str:
        return self.expected if self.type == "choice" else _KINDS[self.type][1]

    def _fits(self, value: object) -> bool:
        if self.type == "choice":
            return isinstance(value, str) and value in self.choices
        if isinstance(value, bool) and self.type != "boolean":
            return False
        if not isinstance(value, _KINDS[self.type][0]):
            return False
        if isinstance(value, list | tuple):
            return all(isinstance(one, str) for one in value)
        return not isinstance(value, float) or isfinite(value)

    def _shown(self, value: object) -> str:
        if self.secret:
            return "something else"
        shown = repr(value)
        return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"

    def _out_of_bounds(self, value: Any) -> str | None:
        unit = _MEASURED.get(self.type)
        if unit is None:
            return None
        size = len(value) if unit else value
        told = f"{size} {unit}" if unit else f"{size}"
        verb = "are" if unit else "is"
        if self.minimum is not None and size < self.minimum:
            return f"{told} {verb} below {self.minimum:g}"
        if self.maximum is not None and size > self.maximum:
            return f"{told} {verb} above {self.maximum:g}"
        return None


def path_problem(text: str) -> str | None:
    """Return why a text is no path that means the same wherever the host was started; None when it is one.

    Empty is no path yet, and fits: it is the default of a path.
    """
    if "\0" in text:
        return "a path holds no NUL character"
    if text and not PurePath(text).is_absolute() and not text.startswith("~"):
        return f"{text[:_SHOWN_CHARACTERS]!r} begins nowhere; write it from the root (/) or from the home folder (~) on"
    return None


def setting_problems(setting: SettingContribution) -> tuple[tuple[str, str], ...]:
    """Return (key, sentence) for what is right by itself and wrong together in one declaration."""
    if setting.type == "choice" and not setting.choices:
        return (("choices", "missing; a choice chooses from them"),)
    if setting.minimum is not None and setting.maximum is not None and setting.minimum > setting.maximum:
        return (("minimum", f"{setting.minimum} is above the maximum, {setting.maximum}"),)
    if setting.secret and setting.default is not None:
        return (("default", "a secret has none: whoever has the plugin could read it"),)
    if setting.exists and setting.type != "path":
        return (("exists", f"only a path leads to something, not {setting.type}"),)
    if setting.default is not None and (problem := setting.problem(setting.default)):
        return (("default", problem),)
    return ()
