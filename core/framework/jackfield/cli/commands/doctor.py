"""`jackfield doctor`."""

import click

from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.cli.words import plain, plural
from jackfield.errors import JackfieldError


@command(
    "doctor",
    told="Say what is wrong with the plugins, and what to do.\n\n"
    "Looks for plugins that failed in the running application, are blocked or in each other's way, new versions that "
    "wait for a yes, damaged files, slow starts, data of plugins that are gone, and safe mode. It runs no plugin and "
    "asks no marketplace. The exit code is 1 where something is wrong.",
    examples=[("", "look at everything"), ("--json", "for a program")],
)
def doctor(session: Session) -> None:
    """Look, tell, and end with 1 where something is wrong."""
    from jackfield.management import diagnose

    management, output = session.management, session.output
    failures = _failures(session)
    found = diagnose(management.layout, management.store, management.state, management.inventory(), failures)
    output.data({"app": session.host.name, "findings": [one.to_mapping() for one in found]})
    for finding in found:
        whose = f"{finding.plugin}: " if finding.plugin else ""
        label = click.style(f"{finding.kind}:", fg="yellow", bold=True)
        output.line(f"{label} {plain(whose + finding.problem)}")
        output.line(f"  → {plain(_as_here(finding.advice, session.program))}")
    if found:
        output.line(f"{plural(len(found), 'problem')}.")
        click.get_current_context().exit(1)
    output.line("All is well.")


def _failures(session: Session) -> dict[str, str]:
    """What failed in the application that runs now, by plugin; one that runs and does not answer has told nothing."""
    if not session.layout.control.exists():
        return {}
    try:
        rows = session.running.ask("list")["plugins"]
    except JackfieldError:
        return {}
    return {row["id"]: str(row["problem"] or row["failure"]) for row in rows if row["state"] == "failed"}


def _as_here(advice: str, program: str) -> str:
    """The advice in the words of this program: the chat's command is called otherwise."""
    return advice.replace("jackfield ", f"{program} ")
