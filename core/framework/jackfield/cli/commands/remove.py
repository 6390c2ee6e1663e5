"""`jackfield remove`."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command, dry_run_option, yes_option
from jackfield.cli.plans import Answers, Deed, carry_out
from jackfield.cli.session import Session


@command(
    "remove",
    told="Remove plugins; their data is kept.",
    examples=[("poll", "remove one"), ("poll dice --dry-run", "see what would go with them")],
)
@click.argument("ids", metavar="PLUGIN...", nargs=-1, required=True, shell_complete=installed_ids(origin="store"))
@dry_run_option
@yes_option
def remove(session: Session, ids: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Plan, show, apply; not asked, since `rollback` brings them back."""
    plan = session.management.plan_remove(ids)
    deed = Deed(question="", done="removed", nothing="Nothing to remove.")
    carry_out(session, plan, Answers(yes=yes, dry_run=dry_run), deed)
