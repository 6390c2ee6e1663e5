"""`jackfield rollback`."""

import time

import click

from jackfield.cli.interrupting import run_change
from jackfield.cli.options import command, yes_option
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.plans import interruptible
from jackfield.cli.progress import ProgressLine
from jackfield.cli.session import Session
from jackfield.cli.words import duration, joined, plain


@command(
    "rollback",
    told="Go back to the set of plugins before the last change.\n\n"
    "Code and libraries go back, and of the settings and grants exactly what those changes made and nobody has touched "
    "since. A permission that you revoked never comes back. Plugin data stays.",
    examples=[
        ("", "undo the last change"),
        ("--to 3", "to generation 3 of the history, also to one that was undone"),
    ],
)
@click.option(
    "--to",
    "to",
    type=click.IntRange(0),
    metavar="NUMBER",
    help="The generation to go to, as `history` numbers them.",
)
@yes_option
def rollback(session: Session, to: int | None, yes: bool) -> None:
    """Go back; not asked with or without `--yes`, since an update or install brings the newer generation again."""
    del yes  # taken, so that scripts may give it to every command that changes something
    began = time.monotonic()
    with interruptible(session), ProgressLine(quiet=session.output.as_json) as progress:
        report = run_change(session.management.rollback(to=to, by=session.by), session.output, progress).to_mapping()
    session.output.data({"app": session.host.name, "report": report})
    _tell(session.output, report, time.monotonic() - began)


def _tell(output: Output, report: JsonObject, seconds: float) -> None:
    """`poll 2.0.0 was rolled back to 1.3.1 in 0.2 s.`, then what stayed as it is."""
    for plugin, (before, now) in report["plugins"].items():
        if before and now:
            verb = "brought forward" if report["redone"] else "rolled back"
            output.line(plain(f"{plugin} {before} was {verb} to {now}."))
        else:
            output.line(plain(f"{plugin} {before} was removed." if before else f"{plugin} {now} is back."))
    if report["undone"]:
        output.line(f"Undone: {plain(joined(report['undone']))}.")
    if report["redone"]:
        output.line(f"Made again: {plain(joined(report['redone']))}.")
    output.line(f"Generation {report['to']} is active, before it was {report['from']}. It took {duration(seconds)}.")
    if report["kept"]:
        output.line(f"Changed since, and left as it is: {plain(joined(report['kept_in_words']))}.")
