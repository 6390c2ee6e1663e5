"""`jackfield pin`: versions that plugins are held to, and versions that are held back because they failed."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, plain
from jackfield.errors import UsageError


@command(
    "pin",
    told="Hold a plugin to versions, let it go, and see what is held.\n\n"
    "Without a version it is held to the one that is installed. A version that failed here and was rolled back is held "
    "back by itself; --release lets it be taken again, and lets a plugin go that you held.",
    examples=[
        ("", "what is held, and what is held back"),
        ("poll", "stay at the installed version"),
        ("poll '^1.2'", "stay with 1.x, from 1.2 on"),
        ("poll --release", "let it go, and try again what failed"),
    ],
)
@click.argument("plugin", required=False, shell_complete=installed_ids())
@click.argument("version", required=False)
@click.option("--release", is_flag=True, help="Let it go, and let versions that failed here be taken again.")
def pin(session: Session, plugin: str | None, version: str | None, release: bool) -> None:
    """Hold, release, then show what is held."""
    if release and (plugin is None or version is not None):
        raise UsageError("--release needs a plugin, and no version", hint="jackfield pin PLUGIN --release")
    if plugin is not None:
        _change(session, plugin, version, release=release)
    held = [row.to_mapping() for row in session.management.list() if row.held and plugin in (None, row.id)]
    failed = [one.to_mapping() for one in session.management.failed(replaced=True) if plugin in (None, one.plugin)]
    session.output.data(
        {"app": session.host.name, "pins": [{"id": row["id"], "held": row["held"]} for row in held], "failed": failed}
    )
    _tell(session, held, failed, plugin=plugin)


def _change(session: Session, plugin: str, version: str | None, *, release: bool) -> None:
    management, output = session.management, session.output
    if not release:
        row = management.inventory().row(plugin)
        requirement = version or f"=={row.version if row is not None else ''}"
        management.pin(plugin, requirement, by=session.by)
        return
    failed = [one.version for one in management.failed(replaced=True) if one.plugin == plugin]
    row = management.inventory().row(plugin)
    if management.release(plugin, by=session.by):
        how = "update" if row is not None else "install"
        output.line(f"{plain(plugin)} {', '.join(failed)} can be taken again: {session.program} {how} {plain(plugin)}")
    elif row is None:
        raise UsageError(f"nothing of {plugin} is held or held back", hint="jackfield pin, to see what is")
    if row is not None and row.held:
        cid = management.inventory().candidate(plugin).canonical_id
        management.pin(plugin, None, by=session.by)
        management.policies.unpin(cid, by=session.by)
        output.line(f"{plain(plugin)} was let go; it was held at {row.held}.")


def _tell(session: Session, held: list[JsonObject], failed: list[JsonObject], *, plugin: str | None) -> None:
    output = session.output
    rows = [(row["id"], f"held at {row['held']}", f"{row['version']} is installed") for row in held]
    rows += [
        (one["plugin"], f"{one['version']} held back", f"it failed here {ago(one['at'])}: {one['why']}")
        for one in failed
    ]
    output.table((), rows, whole=True)
    if not rows:
        output.line(f"{plain(plugin)} is not held." if plugin else "Nothing is held.")
