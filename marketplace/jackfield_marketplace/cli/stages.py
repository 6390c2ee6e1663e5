"""The operator's word on versions: how far they are rolled out, and which mend a security hole."""

from __future__ import annotations

from pathlib import Path

import click
from jackfield.errors import UsageError

from jackfield_marketplace.catalog import claims, find_project, halt, mark_security, roll_out, stage_of
from jackfield_marketplace.cli.operating import data_option, without_traceback, writing


@click.command("rollout")
@click.argument("name")
@click.argument("version")
@click.argument("percent", type=click.IntRange(0, 100), required=False)
@data_option
@click.option("--halt", "reason", metavar="REASON", help="Nobody else gets it; who has it keeps it.")
@without_traceback
def rollout_command(name: str, version: str, percent: int | None, data: Path, reason: str | None) -> None:
    """Show how VERSION of NAME is rolled out, have it reach PERCENT of the installations, or halt it.

    The version may be published later. To give a percentage also lets a halted rollout go on.
    """
    if percent is not None and reason is not None:
        raise UsageError("either a share or --halt")
    with writing(data) as session:
        project = find_project(session, name)
        if reason is not None:
            stage = halt(session, project, version, reason)
        elif percent is not None:
            stage = roll_out(session, project, version, percent)
        else:
            found = stage_of(session, project, version)
            if found is None:
                click.echo(f"{project.name} {version} reaches everybody at once")
                return
            stage = found
        state = f"halted: {stage.halted}" if stage.halted is not None else f"reaches {stage.percent} %"
        click.echo(f"{project.name} {stage.spelled} {state}; {stage.kept} kept it, {stage.failed} took it back")


@click.group("security")
def security_group() -> None:
    """Security fixes: publishers claim them, you confirm them. A confirmed one passes the delays that users set."""


@security_group.command("list")
@data_option
@without_traceback
def security_list(data: Path) -> None:
    """List what publishers claim and nobody has confirmed."""
    with writing(data) as session:
        found = claims(session)
    for name, version, text in found:
        click.echo(f"{name}  {version}  {text}")
    if not found:
        click.echo("no claim waits")


@security_group.command("confirm")
@click.argument("name")
@click.argument("version")
@click.argument("sentence", required=False)
@data_option
@without_traceback
def security_confirm(name: str, version: str, sentence: str | None, data: Path) -> None:
    """Say that VERSION of NAME mends a security hole: in its publisher's SENTENCE, or in yours."""
    with writing(data) as session:
        project = find_project(session, name)
        claimed = stage_of(session, project, version)
        text = sentence or (claimed.security if claimed is not None else None)
        if text is None:
            raise UsageError(f"{project.name} {version} claims nothing: say what it mends")
        mark_security(session, project, version, text, confirmed=True)
    click.echo(f"{project.name} {version} is a security fix: {text}")


@security_group.command("withdraw")
@click.argument("name")
@click.argument("version")
@data_option
@without_traceback
def security_withdraw(name: str, version: str, data: Path) -> None:
    """Say that VERSION of NAME is an ordinary version after all."""
    with writing(data) as session:
        project = find_project(session, name)
        mark_security(session, project, version, None, confirmed=True)
    click.echo(f"{project.name} {version} is an ordinary version")
