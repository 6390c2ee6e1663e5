"""`jackfield data`: what plugins keep."""

import os
from pathlib import Path

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain
from jackfield.errors import GrammarError, UsageError

data = LazyGroup(
    name="data",
    help="Show, export, bound and delete what plugins keep.\n\n`data` alone is short for `data show`.",
    short_help="Show, export, bound and delete what plugins keep.",
    lazy={
        "show": Lazy(f"{__name__}:show", "Show what plugins keep, also those that are gone."),
        "export": Lazy(f"{__name__}:export", "Write what a plugin keeps into a zip archive."),
        "quota": Lazy(f"{__name__}:quota", "Show or change how much a plugin may keep."),
        "discard": Lazy(f"{__name__}:discard", "Delete what a plugin keeps when the application starts next."),
        "keep": Lazy(f"{__name__}:keep", "Keep what was to be deleted after all."),
    },
    default="show",
    examples=[
        ("", "what there is"),
        ("export poll poll.zip", "take it elsewhere"),
        ("quota poll 200MiB", "let it keep more"),
    ],
)


@command(
    "show",
    told="Show what plugins keep, also those that are gone.",
    examples=[("", "all"), ("poll", "one"), ("--json", "for a program")],
)
@click.argument("ids", metavar="[PLUGIN]...", nargs=-1, shell_complete=installed_ids())
def show(session: Session, ids: tuple[str, ...]) -> None:
    """A row for each plugin that keeps something."""
    kept = session.management.kept
    reports = [kept.data(one) for one in ids] if ids else kept.all_data()
    rows = [one.to_mapping() for one in reports]
    session.output.data({"app": session.host.name, "plugins": rows})
    session.output.table(
        ("PLUGIN", "KEEPS", "OF", ""),
        [(row["plugin"], joined(row["words"]) or "nothing", _size(row["quota"]), _note(row)) for row in rows],
        flexible=1,
    )
    if not rows:
        session.output.line("No plugin keeps anything.")


@command(
    "export",
    told="Write what a plugin keeps into a zip archive.\n\nValues and tables are in it as JSON lines, its files as "
    "they are, and its settings without the secrets. A file that is there already stays as it is.",
    examples=[("poll poll.zip", "all of one plugin"), ("poll poll.zip --force", "in the place of an earlier one")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there, once the new one is whole.")
def export(session: Session, plugin: str, file: Path, force: bool) -> None:
    """Write it, say where."""
    if not force and os.path.lexists(file):
        raise UsageError(f"{file} is there already", plugin=plugin, hint="name a new file, or replace it with --force")
    report = session.management.kept.export_data(plugin, file).to_mapping()
    session.output.data({"app": session.host.name, "plugin": report, "file": str(file)})
    told = joined(report["words"]) or "nothing"
    session.output.line(plain(f"{report['plugin']} keeps {told}: written to {file}."))


@command(
    "quota",
    told="Show or change how much a plugin may keep.\n\nSIZE is a number with KiB, MiB or GiB, or `default`: 100 MiB.",
    examples=[("poll", "what holds"), ("poll 200MiB", "let it keep more"), ("poll default", "as any other")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("size", required=False)
def quota(session: Session, plugin: str, size: str | None) -> None:
    """Show it, or keep a new one."""
    kept = session.management.kept
    report = kept.data(plugin) if size is None else kept.set_quota(plugin, _bytes(size), by=session.by)
    row = report.to_mapping()
    session.output.data({"app": session.host.name, "plugin": row})
    used = row["stored_bytes"] + row["files_bytes"]
    session.output.line(plain(f"{row['plugin']} keeps {_size(used)} of {_size(row['quota'])}."))


@command(
    "discard",
    told="Delete what a plugin keeps when the application starts next.\n\nUntil then `data keep` takes it back. What a "
    "plugin left that is gone, a running application deletes at once.",
    examples=[("poll", "mark it")],
)
@click.argument("plugin", shell_complete=installed_ids())
def discard(session: Session, plugin: str) -> None:
    """Mark it."""
    row = session.management.kept.discard_data(plugin, by=session.by).to_mapping()
    session.output.data({"app": session.host.name, "plugin": row})
    told = joined(row["words"]) or "nothing yet"
    name = session.host.name
    when = f"when {name} starts next" if row["installed"] else f"by {name} at once where it runs, else when it starts"
    session.output.line(plain(f"What {row['plugin']} keeps is deleted {when}: {told}."))
    session.output.line(plain(f"To keep it: {session.program} data keep {row['plugin']}"))


@command("keep", told="Keep what was to be deleted after all.", examples=[("poll", "take the mark away")])
@click.argument("plugin", shell_complete=installed_ids())
def keep(session: Session, plugin: str) -> None:
    """Take the mark away."""
    changed = session.management.kept.keep_data(plugin, by=session.by)
    session.output.data({"app": session.host.name, "plugin": plugin, "changed": changed})
    told = "is kept" if changed else "was not going to be deleted"
    session.output.line(plain(f"What {plugin} keeps {told}."))


def _bytes(text: str) -> int | None:
    from jackfield.manifest import LIMIT

    if text == "default":
        return None
    try:
        return int(LIMIT["data"].read(text))
    except GrammarError as error:
        raise UsageError(f"{text!r} is no size", hint="for example 200MiB, 1GiB or default") from error


def _size(count: int) -> str:
    from jackfield.storage import shown_bytes

    return shown_bytes(count)


def _note(row: JsonObject) -> str:
    notes = [] if row["installed"] else ["not installed"]
    notes += ["deleted at the next start"] if row["marked"] else []
    return ", ".join(notes)
