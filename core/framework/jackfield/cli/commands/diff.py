"""`jackfield diff`: what differs between two generations."""

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain


@command(
    "diff",
    told="Show what differs between two generations.\n\nVersions, libraries, what plugins ask for and where they run. "
    "Without numbers: what the last change did. With one: from that one to what is active.",
    examples=[("", "what the last change did"), ("3", "since generation 3"), ("3 5", "between two")],
)
@click.argument("old", required=False, type=click.IntRange(0), metavar="[FROM]")
@click.argument("new", required=False, type=click.IntRange(0), metavar="[TO]")
def diff(session: Session, old: int | None, new: int | None) -> None:
    """Compare, tell; nothing is changed."""
    found = session.management.diff(old, new).to_mapping()
    session.output.data({"app": session.host.name, "difference": found})
    output = session.output
    rows = [_row(one) for one in (*found["plugins"], *found["libraries"])]
    rows += [
        (verb, one["plugin"], joined(one[key]), "permissions")
        for one in found["permissions"]
        for verb, key in (("asks for", "more"), ("asks no more for", "less"))
        if one[key]
    ]
    rows += [("moves", plugin, f"{places[0]} → {places[1]}", "") for plugin, places in found["isolation"].items()]
    output.line(f"From generation {found['from']} to {found['to']}:")
    output.table((), [tuple(plain(cell) for cell in row) for row in rows])
    if not rows:
        output.line("Nothing differs.")


def _row(one: JsonObject) -> tuple[str, str, str, str]:
    verb = "comes" if one["old"] is None else "goes" if one["new"] is None else "changes"
    versions = " → ".join(dict.fromkeys(version for version in (one["old"], one["new"]) if version))
    what = "" if one["id"] else f"library of {one['of']}" if one["of"] else "library"
    return (
        verb,
        one["id"] or one["distribution"],
        versions,
        f"{what}, another file".strip(", ") if one["rebuilt"] else what,
    )
