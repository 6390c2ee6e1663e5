"""`jackfield permissions`: show, grant, revoke."""

import click

from jackfield.cli.completing import asked_permissions, installed_ids
from jackfield.cli.consent import show_part, show_permissions
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import UsageError

permissions = LazyGroup(
    name="permissions",
    help="Show, grant or revoke what plugins may do.\n\n`permissions PLUGIN` is short for `permissions show PLUGIN`.",
    short_help="Show, grant or revoke what plugins may do.",
    lazy={
        "show": Lazy(f"{__name__}:show", "Show what plugins ask for and what they were granted."),
        "grant": Lazy(f"{__name__}:grant", "Grant permissions that a plugin asks for."),
        "revoke": Lazy(f"{__name__}:revoke", "Take permissions back; the plugin goes on without them."),
    },
    default="show",
    examples=[
        ("poll", "what one plugin may do"),
        ("grant poll members:read", "let it"),
        ("revoke poll members:read", "take it back"),
    ],
)


@command(
    "show",
    told="Show what plugins ask for and what they were granted.",
    examples=[("poll", "one plugin"), ("", "all of them"), ("poll --json", "for a program")],
)
@click.argument("ids", metavar="[PLUGIN]...", nargs=-1, shell_complete=installed_ids())
def show(session: Session, ids: tuple[str, ...]) -> None:
    """Print a part for each plugin: what it may, what it may not."""
    management, output = session.management, session.output
    names = ids or tuple(row.id for row in management.list() if row.state != "shadowed")
    reports = [management.permissions(name).to_mapping() for name in names]
    output.data({"app": session.host.name, "plugins": reports})
    for report in reports:
        _show(output, report)
    if not reports:
        output.line("No plugins yet.")


@command(
    "grant",
    told="Grant permissions that a plugin asks for.",
    examples=[("poll members:read", "one"), ("poll --all", "all that it asks for")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("names", metavar="[PERMISSION]...", nargs=-1, shell_complete=asked_permissions(granted=False))
@click.option("--all", "everything", is_flag=True, help="All that it asks for.")
def grant(session: Session, plugin: str, names: tuple[str, ...], everything: bool) -> None:
    """Grant each, or all."""
    for name in _named(names, everything=everything):
        session.management.grant(plugin, name, by=session.by)
    _tell(session, plugin, names, "may now")


@command(
    "revoke",
    told="Take permissions back; the plugin goes on without them.",
    examples=[("poll members:read", "one"), ("poll --all", "all; it then asks for consent before it runs again")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("names", metavar="[PERMISSION]...", nargs=-1, shell_complete=asked_permissions(granted=True))
@click.option("--all", "everything", is_flag=True, help="All that it was granted.")
def revoke(session: Session, plugin: str, names: tuple[str, ...], everything: bool) -> None:
    """Revoke each, or all."""
    for name in _named(names, everything=everything):
        session.management.revoke(plugin, name, by=session.by)
    _tell(session, plugin, names, "may no longer")


def _named(names: tuple[str, ...], *, everything: bool) -> tuple[str | None, ...]:
    """The permissions to work on; None stands for all.

    Raises:
        UsageError: none is named, both or neither of names and `--all`, or a name that is no permission.
    """
    if bool(names) == everything:
        raise UsageError("name permissions, or give --all", hint="a permission is written resource:action")
    for name in names:
        if not all(name.partition(":")):
            raise UsageError(f"{name!r} is no permission", hint="a permission is written resource:action")
    return names or (None,)


def _tell(session: Session, plugin: str, names: tuple[str, ...], verb: str) -> None:
    """Say what the plugin may, or may not, from now on, in sentences."""
    report = session.management.permissions(plugin).to_mapping()
    every = [f"{one['resource']}:{one['action']}" for one in report["permissions"]]
    changed = list(names) or every
    session.output.data({"app": session.host.name, "changed": changed, "plugin": report})
    for one, name in zip(report["permissions"], every, strict=True):
        if name in changed:
            session.output.line(plain(f"{report['plugin']} {verb} {one['sentence']} ({name})."))


def _show(output: Output, report: JsonObject) -> None:
    """One plugin: what it may and may not do, with the names that `grant` and `revoke` take."""
    state = "enabled" if report["enabled"] else "disabled"
    output.line(click.style(plain(f"{report['plugin']} {report['version']}"), bold=True) + f", {state}")
    wishes = [{**one, "new": False, "sentence": _with_name(one)} for one in report["permissions"]]
    show_permissions(output, "may", [one for one in wishes if one["granted"]])
    show_permissions(output, "may not", [one for one in wishes if not one["granted"]])
    if not wishes:
        show_part(output, "asks for", ["nothing that needs a permission"])
    show_part(output, "runs in", [report["isolation_sentence"]])


def _with_name(permission: JsonObject) -> str:
    return f"{permission['sentence']} ({permission['resource']}:{permission['action']})"
