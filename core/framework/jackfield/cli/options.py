"""How a command is declared: its examples, its `--json`, the session it runs in, and the options commands share."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from jackfield.cli.lazy import Leaf
from jackfield.cli.session import Session

Arguments = ParamSpec("Arguments")
Function = TypeVar("Function", bound=Callable[..., Any])


def command(
    name: str, *, told: str, examples: Sequence[tuple[str, str]]
) -> Callable[[Callable[Concatenate[Session, Arguments], None]], click.Command]:
    """Make a command of a function that takes the session first and its parameters by name.

    Args:
        name: as it is typed.
        told: the help; its first line is what the group's help shows, more may follow after an empty line.
        examples: what may follow the name, each with a word on what it does; at least one.
    """

    def wrap(function: Callable[Concatenate[Session, Arguments], None]) -> click.Command:
        @wraps(function)
        def run(*, as_json: bool, **parameters: Any) -> None:
            session = click.get_current_context().find_object(Session)
            if session is None:
                raise RuntimeError(f"{name} was called outside of a group made by jackfield.cli")
            session.output.as_json = as_json
            function(session, **parameters)  # type: ignore[call-arg]  # click passes them all by name

        return click.command(name, cls=Leaf, help=told, short_help=told.partition("\n")[0], examples=examples)(run)

    return wrap


def pre_option(function: Function) -> Function:
    """`--pre`."""
    return click.option("--pre", is_flag=True, help="Offer pre-releases too.")(function)


def dry_run_option(function: Function) -> Function:
    """`--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")(function)


def yes_option(function: Function) -> Function:
    """`--yes`: it never grants a permission (design §8)."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask; grants no permission that is not granted yet.")(
        function
    )


def accept_option(function: Function) -> Function:
    """`--accept-permissions`."""
    return click.option("--accept-permissions", is_flag=True, help="Grant the permissions that are asked for.")(
        function
    )
