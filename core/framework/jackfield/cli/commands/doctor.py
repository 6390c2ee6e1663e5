"""`jackfield doctor`."""

import os
from typing import Any

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain, plural
from jackfield.errors import JackfieldError
from jackfield.permissions import UNCONFINED


@command(
    "doctor",
    told="Say what is wrong with the plugins, and what to do.\n\n"
    "Looks for plugins that failed in the running application, or when it last ran, or of which something failed while "
    "the rest runs on; that are blocked or in each other's way; for new versions that wait for a yes, damaged files, "
    "slow starts, data of plugins that are gone, and safe mode. It runs no plugin and asks no marketplace. The exit "
    "code is 1 where something is wrong; a note, as on a version that was rolled back or a plugin that runs not "
    "confined since you chose that, is nothing wrong.\n\n"
    "It says how well this machine confines plugins. With --sandbox it says what is missing, and tries whether that "
    "holds: a few attacks that harm nothing, each without the sandbox and within it.",
    examples=[
        ("", "look at everything"),
        ("--json", "for a program"),
        ("--sandbox", "try the sandbox too"),
        ("--take-over venv-1a2b3c4d", "have the plugins of an environment that is gone"),
    ],
)
@click.option("--sandbox", "tries", is_flag=True, help="Try how well this machine confines a process.")
@click.option(
    "--take-over",
    "profile",
    metavar="PROFILE",
    help="First take over all plugins, settings and data of a Python environment that is gone.",
)
def doctor(session: Session, tries: bool, profile: str | None) -> None:
    """Look, tell, and end with 1 where something is wrong."""
    from jackfield.management import diagnose

    management, output = session.management, session.output
    if profile is not None:
        taken = management.take_over(profile, by=session.by)
        names = joined(list(taken.plugins))
        output.line(plain(f"Taken over from {taken.prefix}, with settings and data: {names}."))
    running = _running(session)
    found = diagnose(
        management.layout,
        management.store,
        management.state,
        management.inventory,
        None if running is None else {row["id"]: _why(row) for row in running if row["state"] == "failed"},
        troubles={row["id"]: row["problem"] for row in running or () if row["state"] == "active" and row["problem"]},
        adopted=session.host.hostfile is None,
    )
    sandbox = _sandbox(tries=tries)
    findings = [one.to_mapping() for one in found]
    output.data({"app": session.host.name, "findings": findings, "sandbox": sandbox})
    passed = _tell_sandbox(output, sandbox, in_full=tries)
    for finding in found:
        named = not finding.plugin or finding.problem.startswith(f"{finding.plugin} ")
        whose = "" if named else f"{finding.plugin}: "
        label, colour = ("note:", None) if finding.is_note else (f"{finding.kind}:", "yellow")
        first, *more = output.wrapped(f"{label} {plain(whose + finding.problem)}")
        output.line(click.style(label, fg=colour, bold=True) + first[len(label) :])
        for line in (*more, *output.wrapped(f"  → {plain(finding.advice)}")):
            output.line(line)
    wrong = sum(not one.is_note for one in found) + passed
    if wrong:
        output.line(f"{plural(wrong, 'problem')}.")
        click.get_current_context().exit(1)
    output.line("All is well.")


def _running(session: Session) -> list[JsonObject] | None:
    """What the application that runs now knows of its plugins; None where none runs.

    One that runs and does not answer has told nothing.
    """
    if not session.layout.control.exists():
        return None
    try:
        rows: list[JsonObject] = session.running.ask("list")["plugins"]
    except JackfieldError:
        return []
    return rows


def _why(row: JsonObject) -> str:
    return str(row["problem"] or row["failure"])


def _sandbox(*, tries: bool) -> dict[str, Any]:
    """The sandbox's grade as it is now, its sentences, and what came of the attacks, if they are tried."""
    from jackfield.management import fresh_grade
    from jackfield.sandbox import probe, self_test, sentences

    trials = self_test() if tries else ()
    return {
        "grade": fresh_grade(os.environ),
        "sentences": list(sentences(probe())),
        "attacks": [{"attack": one.attack, "unconfined": one.unconfined, "held": one.held} for one in trials],
    }


def _tell_sandbox(output: Output, sandbox: dict[str, Any], *, in_full: bool) -> int:
    """Tell it, and return how many attacks got through."""
    first, *rest = sandbox["sentences"]
    output.line(click.style(f"sandbox: {sandbox['grade']}", bold=True))
    for sentence in (first, *(rest if in_full or sandbox["grade"] == UNCONFINED else ())):
        output.line(f"  {plain(sentence)}")
    for one in sandbox["attacks"]:
        outside = "succeeds" if one["unconfined"] else "fails"
        inside = "held" if one["held"] else click.style("gets through", fg="red", bold=True)
        output.line(f"  {one['attack']}: {outside} without the sandbox, {inside} within")
    return sum(not one["held"] for one in sandbox["attacks"])
