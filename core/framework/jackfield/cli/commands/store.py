"""`jackfield store`: verify, gc."""

import asyncio

import click

from jackfield.cli.interrupting import run_change
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command, dry_run_option
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.progress import ProgressLine
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain, plural, size

_KEEP = 10

store = LazyGroup(
    name="store",
    help="Look after the files of installed plugins.\n\n`store` alone is short for `store verify`.",
    short_help="Look after the files of installed plugins.",
    lazy={
        "verify": Lazy(f"{__name__}:verify", "Check every installed file against what was installed."),
        "gc": Lazy(f"{__name__}:gc", "Remove what no rollback can reach any more."),
    },
    default="verify",
    examples=[("verify --repair", "bring damaged files back"), ("gc --dry-run", "see what would be freed")],
)


@command(
    "verify",
    told="Check every installed file against what was installed.\n\n"
    "The exit code is 1 where something is damaged and was not repaired.",
    examples=[("", "name what is damaged"), ("--repair", "bring it back, from the stored wheel or the marketplace")],
)
@click.option("--repair", is_flag=True, help="Bring damaged files back to what was installed.")
def verify(session: Session, repair: bool) -> None:
    """Hash all files, tell what differs."""
    output = session.output
    looking = session.management.verify(repair=repair, by=session.by)
    with ProgressLine(quiet=output.as_json) as progress:
        damaged = run_change(looking, output, progress) if repair else asyncio.run(looking)
    found = [one.to_mapping() for one in damaged]
    output.data({"app": session.host.name, "damaged": found})
    for wheel in found:
        _tell_damage(output, wheel)
    if not found:
        output.line("Every installed file is as it was installed.")
    if any(not wheel["repaired"] for wheel in found):
        if not repair:
            output.line(f"Bring them back: {session.program} store verify --repair")
        click.get_current_context().exit(1)


@command(
    "gc",
    told="Remove what no rollback can reach any more.\n\n"
    "The active set of plugins stays, the newest of those before it, and what a running application uses. "
    "What was left of downloads that were interrupted goes too.",
    examples=[("", "keep the way back"), ("--keep 0", "keep the active set only"), ("--dry-run", "only look")],
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=_KEEP,
    show_default=True,
    metavar="NUMBER",
    help="How many generations to keep on the way back.",
)
@dry_run_option
def gc(session: Session, keep: int, dry_run: bool) -> None:
    """Collect, or say what would be."""
    management, output = session.management, session.output
    found = management.store.garbage(keep=keep) if dry_run else management.collect(keep=keep, by=session.by)
    wheels = sorted((found.wheels or {}).values())
    output.data(
        {
            "app": session.host.name,
            "applied": not dry_run,
            "generations": list(found.generations),
            "held": list(found.held),
            "wheels": wheels,
            "downloads": found.downloads,
            "size": found.size,
        }
    )
    for number in found.held:
        output.line(f"note: generation {number} is in use by a running application and stays")
    counts = {"generation": len(found.generations), "wheel": len(wheels), "unfinished download": found.downloads}
    if not any(counts.values()):
        output.line("There is nothing to remove.")
        return
    gone = joined([plural(number, of) for of, number in counts.items() if number or of != "unfinished download"])
    output.line(f"{gone} ({size(found.size)}) {'would be' if dry_run else 'were'} removed.")


def _tell_damage(output: Output, wheel: JsonObject) -> None:
    """`chat-poll 1.0.0: chat_poll/__init__.py was changed; repaired`."""
    of = f" (a library of {joined(wheel['of'])})" if wheel["of"] else ""
    name = f"{wheel['distribution']} {wheel['version']}".strip() + of
    state = "repaired" if wheel["repaired"] else wheel["problem"] or ""
    for words in wheel["damage"]:
        output.line(plain(f"{name}: {words}" + (f"; {state}" if state else "")))
