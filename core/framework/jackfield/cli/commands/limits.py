"""`jackfield limits`: what a plugin may use as a worker."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import UsageError


@command(
    "limits",
    told="Show and change what a plugin may use as a worker.\n\nThe manifest can only lower a limit; you raise and "
    "lower. A running application follows. VALUE is a number with its unit (80MiB, 2s, 50%), or `default`.",
    examples=[
        ("weather", "what holds, and who said so"),
        ("weather memory=80MiB call=2s", "change two"),
        ("weather memory=default", "one back"),
        ("weather --reset", "all back"),
    ],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("changes", metavar="[NAME=VALUE]...", nargs=-1)
@click.option("--reset", is_flag=True, help="Let the manifest and the defaults hold again.")
def limits(session: Session, plugin: str, changes: tuple[str, ...], reset: bool) -> None:
    """Change what was asked for, then print a row for each limit.

    Raises:
        UsageError: a change is no `NAME=VALUE`, or changes and `--reset` were given together.
    """
    kept = session.management.kept.limits(plugin)
    if reset and changes:
        raise UsageError("--reset takes no changes", hint="reset first, then change")
    if reset:
        kept.reset(by=session.by)
    elif changes:
        kept.change(_read(changes), by=session.by)
    report = kept.report().to_mapping()
    session.output.data({"app": session.host.name, **report})
    session.output.table(
        ("LIMIT", "IN FORCE", "DEFAULT", "MANIFEST", "YOURS", "WHAT IT IS"),
        [_row(one) for one in report["limits"]],
        flexible=5,
        whole=True,
    )
    session.output.line(plain(_where(session, report["plugin"])))


def _where(session: Session, plugin: str) -> str:
    """Where they hold the plugin, and which of them."""
    row = session.management.inventory().row(plugin)
    if row is not None and row.origin == "external":
        seen = "call, log, requests, traffic, and memory where it comes by the unix socket and a value is set"
        return f"Of {plugin}, which is external, those hold that can be seen from here: {seen}."
    return f"They hold {plugin} where it runs as a worker."


def _read(changes: tuple[str, ...]) -> dict[str, str]:
    written: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{change!r} is no change of a limit", hint="write NAME=VALUE, e.g. memory=80MiB")
        written[name.strip().lower()] = value
    return written


def _row(one: JsonObject) -> tuple[str, ...]:
    from jackfield.manifest import LIMIT

    limit = LIMIT[one["name"]]
    manifest, user = one["manifest"], one["user"]
    return (
        limit.name,
        limit.shown(one["in_force"]),
        limit.shown(limit.default),
        "" if manifest is None else limit.shown(manifest),
        "" if user is None else limit.shown(user),
        limit.description,
    )
