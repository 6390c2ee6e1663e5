"""`jackfield history`."""

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, plain, plural

_LIMIT = 20
_SPARE = ("BY", "WHEN")  # on a narrow terminal


@command(
    "history",
    told="Show what was changed, when and by whom.",
    examples=[("", "the newest first"), ("--limit 5", "only a few")],
)
@click.option("--limit", type=click.IntRange(1), default=_LIMIT, show_default=True, help="Show at most so many.")
def history(session: Session, limit: int) -> None:
    """Read the journal, and what was stopped or allowed because it was revoked."""
    entries = [entry.to_mapping() for entry in session.management.history()]
    output = session.output
    events = [event.to_mapping() for event in session.management.revocation_events()][:limit]
    output.data({"app": session.host.name, "total": len(entries), "entries": entries[:limit], "revocations": events})
    for event in events:
        output.line(plain(f"{ago(event['at'])}, {event['by']}: {event['why']}"))
    if not entries:
        output.line("Nothing was changed yet.")
        return
    output.table(
        ("GENERATION", "WHEN", "WHAT", "BY", ""), [_row(entry) for entry in entries[:limit]], flexible=2, spare=_SPARE
    )
    for entry in entries[:limit]:
        if entry["why"]:
            output.line(plain(f"{entry['generation']}, {ago(entry['at'])}: {entry['why']}"))
    if len(entries) > limit:
        output.line(f"… {plural(len(entries) - limit, 'change')} more: --limit {len(entries)}")


def _row(entry: JsonObject) -> tuple[str, str, str, str, str]:
    marks = [mark for mark, key in (("active", "current"), ("undone", "undone"), ("gone", "gone")) if entry[key]]
    return str(entry["generation"]), ago(entry["at"]), entry["what"], entry["by"], ", ".join(marks)
