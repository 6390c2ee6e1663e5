"""Advice in the words that its reader types: `jackfield list` is `jackfield-chat plugins list` in the chat.

What the framework says names its own command, for it does not know under which name an application has it, nor which
application and profile its reader named. Whoever shows it does: everything that a command prints goes through here, and
so may the log of an application. After `jackfield --app datasette list` it is `jackfield --app datasette disable …`.
"""

import re
from collections.abc import Iterable
from typing import Any

import click

ADVICE = frozenset({"advice", "hint", "problem"})
"""Fields of JSON answers in which the framework says what to do; all others are told as they are kept."""


def as_typed(text: str, program: str, commands: Iterable[str]) -> str:
    """Return a text that names the commands of `jackfield` as those of another program.

    Args:
        text: any.
        program: what is typed before a command's name: `jackfield-chat plugins`.
        commands: the names of the commands; other words after `jackfield` are none of its commands.
    """
    if "jackfield " not in text:
        return text
    return re.sub(rf"(?<![\w-])jackfield (?=(?:{'|'.join(map(re.escape, commands))})\b)", lambda _: f"{program} ", text)


def as_typed_here(text: str) -> str:
    """Return a text in the words of the program that runs now."""
    context = click.get_current_context(silent=True)
    program = getattr(context.obj, "program", None) if context is not None else None
    if program is None or program == "jackfield" or "jackfield " not in text:
        return text
    # The group that made the session is the outermost one that has it.
    while context is not None and context.parent is not None and context.parent.obj is context.obj:
        context = context.parent
    if context is None or not isinstance(context.command, click.Group):
        return text
    return as_typed(text, program, context.command.list_commands(context))


def advice_as_typed_here(value: Any) -> Any:
    """Return the JSON values of an answer with its advice in the words of the program that runs now; see `ADVICE`."""
    if isinstance(value, dict):
        return {
            name: as_typed_here(one) if name in ADVICE and isinstance(one, str) else advice_as_typed_here(one)
            for name, one in value.items()
        }
    return [advice_as_typed_here(one) for one in value] if isinstance(value, list) else value
