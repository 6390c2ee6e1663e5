"""`jackfield remove`."""

from functools import partial
from typing import TYPE_CHECKING

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import asked
from jackfield.cli.failures import FailedInPart, Stopped
from jackfield.cli.options import command, dry_run_option, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.plans import Answers, Deed, carry_out
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain
from jackfield.errors import ConsentRequired, JackfieldError, StoreError

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
    finish = partial(_purge, session, list(kept.values())) if purge else None
    carry_out(session, plan, Answers(yes=yes, dry_run=dry_run), deed, finish=finish)


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


def _purge(session: Session, reports: "list[DataReport]", answer: JsonObject) -> None:
    """Delete what they keep, and print the answer, which says so too.

    Raises:
        FailedInPart: not all of it was deleted; whoever asked for that has to know.
    """
    deleted = {report.plugin: False for report in reports}
    failed: dict[str, str] = {}
    error: JackfieldError | None = None
    try:
        for plugin in deleted:
            try:
                deleted[plugin] = _deleted(session, plugin)
            except (JackfieldError, OSError) as problem:
                failed[plugin] = f"not all that {plugin} keeps was deleted: {problem}"
    except KeyboardInterrupt:
        failed |= {
            plugin: f"{plugin} is removed, and not all that it keeps was deleted"
            for plugin, done in deleted.items()
            if not done and plugin not in failed
        }
        error = Stopped("")
    answer["purged"] = [
        {"plugin": plugin, "deleted": done, "problem": failed.get(plugin)} for plugin, done in deleted.items()
    ]
    if failed:
        error = error or StoreError("")
        error.message, error.plugin = "\n".join(failed.values()), next(iter(failed))
        error.hint = f"to go on: {session.program} remove {' '.join(failed)} --purge"
        raise FailedInPart(error, answer)
    session.output.data(answer)


def _deleted(session: Session, plugin: str) -> bool:
    """Delete what a plugin keeps; False where the running application has not yet done so."""
    kept, output = session.management.kept, session.output
    done = kept.purge_data(plugin, by=session.by) or kept.wait_for_purge(plugin, seconds=PURGE_SECONDS)
    when = "was deleted" if done else f"is deleted by the running {session.host.name} once it let go of it"
    output.line(plain(f"What {plugin} kept {when}."))
    if not done:
        hint = f"until then, what is installed again as {plugin} loses what it keeps at the next start"
        output.note(plain(f"note: {hint}; to keep it: {session.program} data keep {plugin}"))
    return done
