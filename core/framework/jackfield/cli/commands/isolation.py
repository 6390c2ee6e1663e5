"""`jackfield isolation`: where a plugin runs."""

import asyncio

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import require_yes, show_part
from jackfield.cli.interrupting import run_change
from jackfield.cli.options import accept_option, command, dry_run_option
from jackfield.cli.output import JsonObject
from jackfield.cli.plans import interruptible, show_plan
from jackfield.cli.progress import ProgressLine
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain
from jackfield.errors import JackfieldError
from jackfield.permissions import CHOICES, Choice, where_it_runs


@command(
    "isolation",
    told="Show where a plugin runs, or have it run elsewhere.\n\n"
    "worker: a confined process of its own. inline: the application itself, with all its rights, where its author "
    "allows it. process: a process of its own that is NOT confined and can do what you can, for machines that confine "
    "too little. What confines less than before is asked first. Its libraries move with it; rollback takes it back.",
    examples=[
        ("weather", "where it runs, and what you may choose"),
        ("weather inline", "in the application"),
        ("weather worker", "in a process of its own again"),
    ],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("choice", required=False, type=click.Choice(CHOICES))
@dry_run_option
@accept_option
def isolation(session: Session, plugin: str, choice: Choice | None, dry_run: bool, accept_permissions: bool) -> None:
    """Plan, show, ask and apply where something was chosen; then say where it runs."""
    applied, plan, outcome = False, None, None
    if choice is not None:
        made = asyncio.run(session.management.plan_isolation(plugin, choice))
        plan = made.to_mapping()
        show_plan(session.output, plan)
        if made and not dry_run:
            accepted = accept_permissions or _agreed(session, plugin, choice, plan)
            with interruptible(session), ProgressLine(quiet=session.output.as_json) as progress:
                work = session.management.apply(made, accept_permissions=accepted, by=session.by, progress=progress)
                done = run_change(work, session.output, progress)
            applied, outcome = True, done.to_mapping()
    report = session.management.isolation(plugin).to_mapping()
    session.output.data(
        {"app": session.host.name, "isolation": report, "plan": plan, "applied": applied, "outcome": outcome}
    )
    _tell(session, report, moved=applied)
    if choice is not None and dry_run:
        session.output.line("Nothing was changed: this was a dry run.")


def _agreed(session: Session, plugin: str, choice: str, plan: JsonObject) -> bool:
    """Ask where something has to be agreed to.

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer.
    """
    if not plan["consent"]:
        return False
    require_yes(session.output, f"Run {plain(plugin)} as {choice}?", plan["what"], plan)
    return True


def _tell(session: Session, report: JsonObject, *, moved: bool) -> None:
    output = session.output
    where = where_it_runs(report["isolation"], report["grade"])
    output.line(click.style(plain(report["plugin"]), bold=True) + f": {where}")
    show_part(output, "runs in", [report["sentence"]])
    if report["choices"]:
        chosen = f"you chose {report['chosen']}" if report["chosen"] else "you chose nothing"
        may = joined([str(one) for one in report["choices"]])
        show_part(output, "choice", [f"{chosen}; its manifest asks for {report['asked']} and allows {may}"])
    if moved and session.running.is_there:
        try:
            rows = session.running.ask("follow")["plugins"]
            told = {one["id"]: one for one in rows if one["state"] != "shadowed"}
        except JackfieldError:
            return  # it follows by itself as soon as it can
        if report["plugin"] in told:
            state = told[report["plugin"]]["state"]
            output.line(f"The running {plain(session.host.name)} has followed: {plain(report['plugin'])} is {state}.")
