"""`jackfield update`, and `--check`."""

import asyncio

import click

from jackfield.cli.failures import NOTHING_TO_DO
from jackfield.cli.options import accept_option, command, dry_run_option, pre_option, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.plans import Answers, Deed, carry_out, show_changelog
from jackfield.cli.session import Session
from jackfield.cli.words import joined
from jackfield.errors import UsageError


@command(
    "update",
    told="Bring plugins to their newest versions, or see which there are.\n\n"
    "Without names all of them. What an update asks for beyond the present version is shown and asked first. "
    "With --check the exit code is 0 if there are updates, 4 if there are none.",
    examples=[
        ("--check", "see what is new, change nothing"),
        ("poll", "one plugin"),
        ("--yes", "all, if none asks for something new"),
        ("--yes --accept-permissions", "all, new permissions granted"),
    ],
)
@click.argument("ids", metavar="[PLUGIN]...", nargs=-1)
@click.option("--check", is_flag=True, help="Only show which updates there are.")
@pre_option
@dry_run_option
@yes_option
@accept_option
def update(
    session: Session, ids: tuple[str, ...], check: bool, pre: bool, dry_run: bool, yes: bool, accept_permissions: bool
) -> None:
    """Check, or plan, show, ask and apply."""
    if check:
        if pre:
            raise UsageError("--check looks for final releases only", hint="update --pre --dry-run shows pre-releases")
        _check(session, ids)
        return
    plan = asyncio.run(session.management.plan_update(ids or None, pre=pre))
    whose = joined(list(ids)) if ids else "Every plugin"
    deed = Deed(question="Update", done="updated", nothing=f"{whose}: nothing newer.")
    carry_out(session, plan, Answers(yes or not plan.consent, accept_permissions, dry_run), deed)


def _check(session: Session, ids: tuple[str, ...]) -> None:
    """Show the updates; one plugin that cannot be asked about is a line, never the end of the rest (C42)."""
    found = asyncio.run(session.management.check_updates(ids or None))
    updates = [update.to_mapping() for update in found]
    output = session.output
    output.data({"app": session.host.name, "updates": updates})
    output.table((), [_row(one) for one in updates])
    for one in updates:
        show_changelog(output, one["id"], one["changelog"])
    if not any(one["new"] for one in updates):
        if not updates:
            output.line("Every plugin is at its newest version.")
        click.get_current_context().exit(NOTHING_TO_DO)


def _row(update: JsonObject) -> tuple[str, str, str]:
    """`poll  1.3.1 → 2.0.0  asks for more: read member names (to show who voted)`."""
    if update["new"] is None:
        held = f"held at {update['held']}" if update["held"] else update["current"]
        return update["id"], held, update["problem"] or ""
    versions = f"{update['current']} → {update['new']}"
    asked = [_asked(one) for one in update["permissions"] if one["new"]]
    others = [entry["detail"] for entry in update["growth"] if entry["kind"] != "permission"]
    told = [f"asks for more: {', '.join(asked)}"] if asked else []
    told += others or ([] if asked else ["no new permissions"])
    if update["problem"]:
        told.append(update["problem"])
    return update["id"], versions, "; ".join(told)


def _asked(permission: JsonObject) -> str:
    reason = f" ({permission['reason']})" if permission["reason"] else ""
    return f"{permission['sentence']}{reason}"
