"""`jackfield snapshots`: copies of what plugins keep, taken before its shape changed."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, plain, size

snapshots = LazyGroup(
    name="snapshots",
    help="Show, bring back and discard copies of what plugins keep.\n\nOne is taken before a new version changes the "
    "shape of its data; a rollback brings it back by itself and sets aside what was kept since. `snapshots` alone is "
    "short for `snapshots list`.",
    short_help="Show, bring back and discard copies of what plugins keep.",
    lazy={
        "list": Lazy(f"{__name__}:list_", "Show the copies that there are."),
        "restore": Lazy(f"{__name__}:restore", "Bring a copy back; what the plugin keeps now is set aside."),
        "discard": Lazy(f"{__name__}:discard", "Delete a copy for good."),
    },
    default="list",
    examples=[
        ("", "what there is"),
        ("restore poll 2", "have copy 2 of poll back"),
        ("discard poll 1", "delete copy 1 of poll"),
    ],
)


@command("list", told="Show the copies that there are.", examples=[("", "all"), ("poll", "of one plugin")])
@click.argument("ids", metavar="[PLUGIN]...", nargs=-1, shell_complete=installed_ids())
def list_(session: Session, ids: tuple[str, ...]) -> None:
    """A row for each copy."""
    rows = [one.to_mapping() for one in session.management.kept.snapshots(ids)]
    session.output.data({"app": session.host.name, "snapshots": rows})
    header = ("PLUGIN", "NUMBER", "SHAPE", "SIZE", "WHEN", "WHY")
    session.output.table(header, [_row(row) for row in rows], flexible=5)
    if not rows:
        session.output.line("There are no copies of what plugins keep.")


@command(
    "restore",
    told="Bring a copy back; what the plugin keeps now is set aside.\n\nIt is done at once where the application does "
    "not run, else when it starts next.",
    examples=[("poll 2", "copy 2 of poll")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("number", type=click.IntRange(1))
def restore(session: Session, plugin: str, number: int) -> None:
    """Do it, or leave word for the next start."""
    restored = session.management.kept.restore_snapshot(plugin, number, by=session.by)
    session.output.data({"app": session.host.name, "plugin": plugin, "number": number, "restored": restored})
    when = "is back" if restored else f"comes back when {session.host.name} starts next"
    session.output.line(plain(f"Copy {number} of {plugin} {when}; what {plugin} keeps now is set aside."))


@command("discard", told="Delete a copy for good.", examples=[("poll 1", "copy 1 of poll")])
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("number", type=click.IntRange(1))
def discard(session: Session, plugin: str, number: int) -> None:
    """Delete it."""
    row = session.management.kept.discard_snapshot(plugin, number).to_mapping()
    session.output.data({"app": session.host.name, "snapshots": [row]})
    session.output.line(plain(f"Copy {number} of {plugin} is deleted: {size(row['size'])}."))


def _row(row: JsonObject) -> tuple[str, str, str, str, str, str]:
    return (
        row["plugin"],
        str(row["number"]),
        str(row["data_version"]),
        size(row["size"]),
        ago(row["at"]),
        row["why"],
    )
