"""What a user sent with a form or a button, held against what was shown before the plugin sees it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jackfield.api import Button, Component, Field, Form, List
from jackfield.errors import WrongValues

MOST_PARTS = 10_000  # of one component; a plugin can put a list into itself
LONGEST_LINE = 2_000
LONGEST_TEXT = 20_000
LONGEST_WHOLE = 1_000  # digits; reading more costs more than it is worth


def sent_by(component: Component | None, action: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what comes to the plugin when something in a component is used; None: it offers nothing of the kind.

    Whatever a client sends, a plugin gets nothing but what it has shown: of a form its fields, of a button the values
    that the plugin gave it, if they are still those that were pressed.

    Args:
        component: what was shown.
        action: of the form or button.
        values: as they were sent.

    Raises:
        WrongValues: some do not fit a form.
    """
    buttons: list[dict[str, Any]] = []
    for part in _parts(component):
        if isinstance(part, Form) and str(part.action) == action:
            return read_form(part, values)
        if isinstance(part, Button) and str(part.action) == action:
            buttons.append({str(name): value for name, value in part.values})
    # What somebody has pressed may have gone since, and what stands in its place is not what they meant.
    return next((one for one in buttons if _are_same(one, values)), None)


def _parts(component: Component | None) -> Iterator[object]:
    """Yield a component and what is in it, in the order in which it is shown."""
    waiting: list[object] = [component]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        yield part
        if isinstance(part, List) and isinstance(part.items, Sequence):
            waiting += reversed(part.items[:MOST_PARTS])


def _are_same(shown: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether a client sent the values of a button: JSON's readers round large whole numbers (RFC 8259, 6)."""
    return shown.keys() == sent.keys() and all(_is_same(value, sent[name]) for name, value in shown.items())


def _is_same(shown: object, sent: object) -> bool:
    if isinstance(shown, int | float) and isinstance(sent, int | float):
        try:
            return float(shown) == float(sent)
        except OverflowError:
            return shown == sent
    return shown == sent


def read_form(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form as their fields' types: what the plugin gets holds, whichever client sent it.

    Numbers may come as text, as people type them. A field that was left empty and need not be filled is None where
    it is a number, and "" where it is text. What is no field of the form is left out.

    Raises:
        WrongValues: some do not fit; it says for each which and why.
    """
    read: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in form.fields:
        try:
            read[field.name] = _READERS.get(field.type, _text)(field, values.get(field.name))
        except ValueError as error:
            wrong[field.name] = str(error)
    if wrong:
        raise WrongValues(wrong, labels={field.name: field.label for field in form.fields})
    return read


def _text(field: Field, value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else str(value)
    longest = LONGEST_TEXT if field.type == "multiline" else LONGEST_LINE
    if len(text) > longest:
        raise ValueError(f"{len(text):,} characters; at most {longest:,} fit")
    if field.required and not text.strip():
        raise ValueError("must not be empty")
    return text


def _integer(field: Field, value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _number_text(field, value)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ValueError("expected a whole number") from error


def _float(field: Field, value: object) -> float | None:
    text = _number_text(field, value)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError("expected a number") from error
    if not math.isfinite(number):
        raise ValueError("expected a number")
    return number


def _number_text(field: Field, value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError("expected a number")  # noqa: TRY004  # said to a person at the field, like the others
    text = "" if value is None else str(value).strip()
    if "_" in text:  # Python's own way to write a number, and nobody else's
        raise ValueError("expected a number")
    if len(text) > LONGEST_WHOLE:
        raise ValueError(f"at most {LONGEST_WHOLE:,} digits fit")
    if not text and field.required:
        raise ValueError("must not be empty")
    return text or None


def _boolean(field: Field, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ValueError("expected yes or no")
    return bool(value)


def _choice(field: Field, value: object) -> str:
    if value in (None, "") and not field.required:
        return ""
    if value not in field.choices:
        raise ValueError("choose one of those offered")
    return str(value)


_READERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "multiline": _text,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "choice": _choice,
}
