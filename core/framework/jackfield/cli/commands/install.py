"""`jackfield install`."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jackfield.cli.completing import wheels
from jackfield.cli.options import accept_option, command, dry_run_option, pre_option, yes_option
from jackfield.cli.plans import Answers, Deed, carry_out, tell_of_files
from jackfield.cli.session import Session
from jackfield.cli.words import joined
from jackfield.errors import UsageError
from jackfield.management import parse_spec, read_spec_file

if TYPE_CHECKING:
    from jackfield.management import Plan


@command(
    "install",
    told="Install plugins and enable them.\n\nEvery permission that a plugin asks for is shown with its reason first.",
    examples=[
        ("poll", "the newest version"),
        ("poll==1.2 dice", "two plugins, one in a version of your own"),
        ("'poll@^1.2'", "the newest 1.x from 1.2 on"),
        ("./chat_poll-1.3.1-py3-none-any.whl", "from a file"),
        ("poll==1.3.1@sha256:5f1c09ab", "this very file, by the beginning of its hash"),
        ("-r plugins.txt", "everything in a list, as export writes it"),
        ("-U poll", "also where an older version is installed"),
        ("poll --dry-run", "see what would change"),
        ("poll --yes --accept-permissions", "without a question, as in a script"),
    ],
)
@click.argument("specs", metavar="[PLUGIN]...", nargs=-1, shell_complete=wheels)
@click.option(
    "--requirement",
    "-r",
    "lists",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Install what a file lists, one on each line; may be given several times.",
)
@click.option("--upgrade", "-U", is_flag=True, help="Bring what is installed already to its newest version.")
@click.option("--no-dependencies", is_flag=True, help="Refuse where anything else would have to come or change.")
@click.option("--disabled", is_flag=True, help="Install and leave disabled.")
@pre_option
@dry_run_option
@yes_option
@accept_option
def install(
    session: Session,
    specs: tuple[str, ...],
    lists: tuple[Path, ...],
    upgrade: bool,
    no_dependencies: bool,
    disabled: bool,
    pre: bool,
    dry_run: bool,
    yes: bool,
    accept_permissions: bool,
) -> None:
    """Plan, show, ask, apply."""
    named = [*specs, *(spec for path in lists for spec in read_spec_file(path))]
    if not named:
        raise UsageError("nothing to install was named", hint=f"{session.program} install PLUGIN, or -r FILE")

    def planned() -> "Coroutine[None, None, Plan]":
        return session.management.plan_install(named, pre=pre, upgrade=upgrade, alone=no_dependencies)

    plan = asyncio.run(planned())
    if not plan:
        tell_of_files(session, [spec.id for spec in map(parse_spec, named) if spec.id is not None])
    deed = Deed(
        question="Install" if disabled else "Install and enable",
        done="installed" if disabled else "installed and enabled",
        nothing=f"{joined([_without_hash(spec) for spec in named])}: already installed.",
        enable=not disabled,
    )
    answers = Answers(yes, accept_permissions, dry_run)
    carry_out(session, plan, answers, deed, again=planned)


def _without_hash(spec: str) -> str:
    """`poll==1.2` of `poll==1.2@sha256:…`: sixty-four digits for each plugin of a list hide which plugins they are."""
    return spec.partition("@sha256:")[0]
