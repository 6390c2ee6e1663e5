"""`jackfield-chat plugins …`: the framework's own commands, on the plugins of one chat."""

import os
from pathlib import Path
from shlex import quote
from typing import Any

import click
from click.core import ParameterSource
from jackfield.cli import group_for

from jackfield_chat.settings import Notice, Settings

DATA_VARIABLE = "JACKFIELD_CHAT_DATA"


def plugins_group() -> click.Group:
    """Return the framework's group with one option more: `--data`, the folder that the chat serves from.

    With it that chat's plugins are meant, and while it runs its marketplaces are asked where nothing else names one.
    Without it: the plugins of `JACKFIELD_HOME`, or of this user.
    """
    group: Any = group_for("chat")
    begin, opens = group.callback, group.opens

    def start(data: Path | None, **given: Any) -> None:
        begin(**given)
        context = click.get_current_context()
        _choose(context.obj, context, data)

    def session(context: click.Context) -> Any:
        return _choose(opens(context), context, context.params.get("data"))

    group.callback, group.opens = start, session
    option = click.Option(
        ["--data"],
        type=click.Path(file_okay=False, path_type=Path),
        envvar=DATA_VARIABLE,
        show_envvar=True,
        help="The folder that the chat serves from: its plugins and marketplaces are meant.",
    )
    group.params.insert(0, option)
    made: click.Group = group
    return made


def _choose(session: Any, context: click.Context, data: Path | None) -> Any:
    """Have a session of the framework's commands work on one chat, and its advice name that chat."""
    if data is not None and context.get_parameter_source("data") is ParameterSource.COMMANDLINE:
        session.program = f"{session.program} --data {quote(str(data))}"
    if data is not None:
        home = os.environ.get("JACKFIELD_HOME")
        # The framework makes it absolute, and knows what `~` is: before that it would be a folder of that name.
        session.home = Path(home) if home else Settings(data).plugin_home.absolute()
        session.fallback_marketplaces = Notice(data).marketplaces()
        if not session.fallback_marketplaces:
            session.marketplaces_hint = (
                f"start the chat that serves from {data}, which says what it asks; or --marketplace URL"
            )
    return session
