"""`jackfield install`."""

import asyncio

import click

from jackfield.cli.options import accept_option, command, dry_run_option, pre_option, yes_option
from jackfield.cli.plans import Answers, Deed, carry_out
from jackfield.cli.session import Session
from jackfield.cli.words import joined


@command(
    "install",
    told="Install plugins and enable them.\n\nEvery permission that a plugin asks for is shown with its reason first.",
    examples=[
        ("poll", "the newest version"),
        ("poll==1.2 dice", "two plugins, one in a version of your own"),
        ("'poll@^1.2'", "the newest 1.x from 1.2 on"),
        ("./chat_poll-1.3.1-py3-none-any.whl", "from a file"),
        ("poll --dry-run", "see what would change"),
        ("poll --yes --accept-permissions", "without a question, as in a script"),
    ],
)
@click.argument("specs", metavar="PLUGIN...", nargs=-1, required=True)
@click.option("--disabled", is_flag=True, help="Install and leave disabled.")
@pre_option
@dry_run_option
@yes_option
@accept_option
def install(
    session: Session,
    specs: tuple[str, ...],
    disabled: bool,
    pre: bool,
    dry_run: bool,
    yes: bool,
    accept_permissions: bool,
) -> None:
    """Plan, show, ask, apply."""
    plan = asyncio.run(session.management.plan_install(specs, pre=pre))
    deed = Deed(
        question="Install" if disabled else "Install and enable",
        done="installed" if disabled else "installed and enabled",
        nothing=f"{joined(list(specs))}: already installed.",
        enable=not disabled,
    )
    answers = Answers(yes, accept_permissions, dry_run)
    carry_out(session, plan, answers, deed, again=lambda: session.management.plan_install(specs, pre=pre))
