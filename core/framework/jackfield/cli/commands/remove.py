"""`jackfield remove`."""

from typing import TYPE_CHECKING

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import asked
from jackfield.cli.options import command, dry_run_option, yes_option
from jackfield.cli.plans import Answers, Deed, carry_out
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain
from jackfield.errors import ConsentRequired, JackfieldError

if TYPE_CHECKING:
    from jackfield.management import DataReport

PURGE_SECONDS = 10.0
"""So long it is waited for a running application, which first lets the plugin end."""


@command(
    "remove",
    told="Remove plugins; their data is kept.\n\nWith --purge what they keep is deleted too, also of plugins that are "
    "gone already. No rollback brings that back.",
    examples=[
        ("poll", "remove one"),
        ("poll dice --dry-run", "see what would go with them"),
        ("poll --purge", "and delete what it keeps"),
    ],
)
@click.argument("ids", metavar="PLUGIN...", nargs=-1, required=True, shell_complete=installed_ids(origin="store"))
@click.option("--purge", is_flag=True, help="Delete their data, settings and secrets as well.")
@dry_run_option
@yes_option
def remove(session: Session, ids: tuple[str, ...], purge: bool, dry_run: bool, yes: bool) -> None:
    """Plan, show, apply; not asked, since `rollback` brings them back. What cannot come back is asked for first."""
    kept = {one: session.management.kept.data(one) for one in ids} if purge else {}
    leaving = [one for one in ids if one not in kept or kept[one].installed]
    plan = session.management.plan_remove(leaving, purge=purge)
    if kept:
        _ask(session, list(kept.values()), Answers(yes=yes, dry_run=dry_run))
    deed = Deed(question="", done="removed", nothing="No plugin to remove.")
    carry_out(session, plan, Answers(yes=yes, dry_run=dry_run), deed)
    if not dry_run:
        _purge(session, list(kept.values()))


def _ask(session: Session, reports: "list[DataReport]", answers: Answers) -> None:
    """Name what goes for good, and have it agreed to.

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer; nothing was changed.
    """
    losing = [report for report in reports if report.kept]
    for report in losing:
        session.output.line(plain(f"{report.plugin} keeps {joined(list(report.kept.words))}"))
    if not losing or answers.dry_run or answers.yes:
        return
    what = f"what {joined([report.plugin for report in losing])} {'keeps' if len(losing) == 1 else 'keep'}"
    refusal = ConsentRequired(f"nobody said yes to deleting {what}; nothing was changed", hint="add --yes")
    if not asked(session.output, f"Delete {what}? No rollback brings it back.", refusal):
        raise ConsentRequired("the answer was no; nothing was changed")


def _purge(session: Session, reports: "list[DataReport]") -> None:
    """Delete what they keep, and end with 1 where something stays: whoever asked has to know."""
    failed = False
    for report in reports:
        try:
            kept = session.management.kept
            done = kept.purge_data(report.plugin, by=session.by)
            done = done or kept.wait_for_purge(report.plugin, seconds=PURGE_SECONDS)
        except JackfieldError as error:
            again = f"to go on: {session.program} remove {report.plugin} --purge"
            session.output.note(plain(f"note: not all that {report.plugin} keeps was deleted: {error}; {again}"))
            failed = True
            continue
        when = "was deleted" if done else f"is deleted by the running {session.host.name} once it let go of it"
        session.output.line(plain(f"What {report.plugin} kept {when}."))
        if not done:
            hint = f"until then, what is installed again as {report.plugin} loses what it keeps at the next start"
            session.output.note(plain(f"note: {hint}; to keep it: {session.program} data keep {report.plugin}"))
    if failed:
        click.get_current_context().exit(1)
