"""`jackfield allow-revoked`."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import UsageError


@command(
    "allow-revoked",
    told="Run a revoked plugin for a day all the same.\n\n"
    "A marketplace revokes what does harm or endangers you; read why first. Nothing protects you from the plugin "
    "meanwhile but what always does. After 24 hours it is stopped again, and so it is when more is revoked of it. "
    "Without a name, what is revoked of the plugins that are installed.",
    examples=[
        ("", "what is revoked, and what is allowed"),
        ("poll", "run it for a day"),
        ("poll --end", "have it stopped again now"),
    ],
)
@click.argument("plugin", required=False, shell_complete=installed_ids())
@click.option("--end", is_flag=True, help="End the day now.")
def allow_revoked(session: Session, plugin: str | None, end: bool) -> None:
    """Allow, end, then show what is revoked."""
    management, output = session.management, session.output
    if plugin is not None and end:
        if not management.end_allowance(plugin, by=session.by):
            raise UsageError(f"{plugin} was not allowed to run", hint="jackfield allow-revoked, to see what is")
        output.line(f"{plain(plugin)} may not run any more.")
    elif plugin is not None:
        report = management.allow_revoked(plugin, by=session.by)
        warning = click.style("REVOKED:", fg="red", bold=True)
        for number, line in enumerate(output.wrapped(plain(f"REVOKED: {plugin} {report.problem}"))):
            output.line(warning + line.removeprefix("REVOKED:") if number == 0 else line)
        output.line(f"It may run until {report.allowed_until} all the same.")
        row = management.inventory().row(plugin)
        if row is not None and row.revoked is None:  # another version is, which may come by its number or by a rollback
            output.line(plain(f"{row.id} {row.version}, which is installed, is not meant."))
    elif end:
        raise UsageError("--end needs a plugin", hint="jackfield allow-revoked PLUGIN --end")
    rows = [row.to_mapping() for row in management.list() if row.revoked is not None]
    output.data({"app": session.host.name, "plugins": rows})
    if plugin is None:
        output.table((), [_line(row["id"], row["version"], row["revoked"]) for row in rows], whole=True)
        if not rows:
            output.line("Nothing that is installed is revoked.")


def _line(plugin: str, version: str, revoked: dict[str, str | None]) -> tuple[str, str, str]:
    until = f"runs until {revoked['allowed_until']}; " if revoked["allowed_until"] else ""
    return plugin, version, f"{until}{revoked['problem']}"
