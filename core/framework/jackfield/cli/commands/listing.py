"""`jackfield list`."""

import sys
import time
from collections.abc import Sequence

import click

from jackfield.cli.commands.safe_mode import told
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output, as_json, laid_out
from jackfield.cli.recall import remember
from jackfield.cli.session import Session
from jackfield.cli.typed import as_typed_here
from jackfield.cli.words import brief, count, day, other_version, plain, whom
from jackfield.discovery import HOSTFILE, HOSTS, installed_entry_points
from jackfield.errors import JackfieldError
from jackfield.manifest import canonical_id
from jackfield.permissions import where_it_runs
from jackfield.storage import Starts
from jackfield.store import home

_HEADER = ("PLUGIN", "VERSION", "STATE", "RUNS", "FROM", "")
_LIVE_HEADER = ("PLUGIN", "VERSION", "STATE", "RUNS", "HOOKS", "CALLS", "TIME", "ERRORS", "FROM", "")

_SPARE = ("HOOKS", "TIME", "CALLS", "FROM", "RUNS")
"""What a narrow terminal can do without."""

_ORIGINS: dict[str, str] = {"environment": "pip", "file": "a file", "script": "script", "external": "key"}
"""Where a plugin came from, said only of those that came from no marketplace."""

_STATES: dict[str, str] = {"found": "not enabled"}


@command(
    "list",
    told="Show the plugins that are there and whether they are enabled.\n\n"
    "Plugins that came by pip or uv into this environment are listed too.",
    examples=[("", "all plugins"), ("--json", "for a program")],
)
def list_(session: Session) -> None:
    """Read the active generation, the environment's entry points and the state; import no plugin."""
    begun_ns = time.time_ns()
    inventory = session.management.inventory()
    rows = [row.to_mapping() for row in inventory.rows()]
    output = session.output
    live = _live(session, rows)
    starts = Starts(session.layout.starts)
    safe = starts.safe_mode()
    failures = {} if live else starts.failures()
    for row in rows:
        row["last_failure"] = failures.get(canonical_id(row["id"])) if row["enabled"] else None
    held_back = session.management.failed()
    answer: JsonObject = {
        "app": session.host.name,
        "plugins": rows,
        "safe_mode": safe.to_mapping() if safe is not None else None,
        "failed": [one.to_mapping() for one in held_back],
    }
    output.data(answer)
    if safe is not None:
        output.line(click.style(told(safe), fg="yellow", bold=True) + f" See: {session.program} safe-mode")
    failed = [
        plain(f"{one.outcome}. To try it again: {session.program} pin {one.plugin} --release") for one in held_back
    ]
    if not rows:
        for line in failed:
            output.line(line)
        output.line(f"No plugins yet. Find some: {session.program} search")
        return
    cells = [_row(row, session) for row in rows]
    if live:
        header, columns = (
            _LIVE_HEADER,
            [_with_counts(cell, row["running"]) for cell, row in zip(cells, rows, strict=True)],
        )
        _table(output, header, columns)
    else:
        _table(output, _HEADER, cells)
    for line in failed:
        output.line(line)
    if live:
        return
    if safe is None and not session.embedded and not any(row["revoked"] for row in rows):  # a day ends
        text = as_json(answer) if output.as_json else "\n".join([*laid_out(_HEADER, cells), *failed])
        remember(sys.argv[1:], f"{text}\n", [*inventory.telling(), *_profile(session)], begun_ns)


def _table(output: Output, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """The table, and below it what a narrow terminal has cut off: why a plugin does not run, and what to do."""
    output.table(header, rows, spare=_SPARE)
    shown = laid_out(header, rows, spare=_SPARE, columns=output.columns)
    for row, line in zip(rows, shown[1:], strict=True):
        if not line.endswith(as_typed_here(plain(row[-1]))):
            for part in output.wrapped(plain(f"{row[0]}: {row[-1]}")):
                output.line(part)


def _profile(session: Session) -> list[str]:
    """What else the answer hangs on: the applications that are here, the profile's state, its running host."""
    layout = session.layout
    kept = (layout.current, layout.journal, layout.state / "log.jsonl", layout.starts, layout.control, layout.host_lock)
    hosts = [f"{row.folder}/{HOSTFILE}" for row in installed_entry_points(HOSTS, strict=True)]
    return [*(str(path) for path in (home(session.environ), layout.root, *kept)), *hosts]


def _live(session: Session, rows: list[JsonObject]) -> bool:
    """Put beside each row what the running application knows of the plugin; say whether one runs."""
    if not session.layout.control.exists():
        return False
    try:
        # Of two with one id, one wins and the other is shadowed.
        found = {(one["id"], one["state"] == "shadowed"): one for one in session.running.ask("list")["plugins"]}
    except JackfieldError:
        return False
    for row in rows:
        row["running"] = found.get((row["id"], row["state"] == "shadowed"))
    return True


def _with_counts(cell: tuple[str, ...], running: JsonObject | None) -> tuple[str, ...]:
    """The row with the columns of a running application: HOOKS, CALLS, TIME, ERRORS."""
    counts = ("–", "–", "–", "–")
    if running is not None:
        hooks = str(running["hooks"]) if running["hooks"] is not None else "–"
        counts = (hooks, count(running["calls"]), brief(running["seconds"]), str(running["errors"]))
    return (*cell[:4], *counts, *cell[4:])


def _row(row: JsonObject, session: Session) -> tuple[str, str, str, str, str, str]:
    state, reader = _STATES.get(str(row["state"]), str(row["state"])), session.by
    running: JsonObject | None = row.get("running")
    runs = other_version(row["version"], running)
    version, on_disk = runs or row["version"], f"on disk is {row['version']}" if runs else ""
    failure = ""
    if running is not None and row["enabled"]:
        state = running["state"]
        failure = running["problem"] or running["note"] or ""  # also of one that is blocked, or waits for something
        if state == "failed":
            why = running["problem"] or running["failure"]
            failure = f"{why} · {session.program} logs {row['id']}"
    origin, where = _ORIGINS.get(str(row["source"]), ""), where_it_runs(row["isolation"], row["grade"])
    if row["last_failure"]:
        failure = f"failed when it last ran: {row['last_failure']} · {_way_on(session, row['id'])}"
    revoked: JsonObject | None = row["revoked"]
    if revoked is not None and row["enabled"]:
        return row["id"], version, state, where, origin, _revoked(row["id"], revoked, session)
    remarks = [
        on_disk,
        row["problem"] or failure,
        f"held at {row['held']}" if row["held"] else "",
        _trust(row["trusted"], reader) if row["legacy"] else "",
    ]
    remark = "; ".join(remark for remark in remarks if remark)
    return row["id"], version, state, where, origin, remark


def _way_on(session: Session, plugin: str) -> str:
    """What to do about one that failed; what the plugins of an adopted application log is the application's own."""
    if session.host.hostfile is None:
        return f"mend or update it, or: {session.program} disable {plugin}"
    return f"{session.program} logs {plugin}"


def _revoked(plugin: str, revoked: JsonObject, session: Session) -> str:
    """`REVOKED: runs until … though it was revoked by …`."""
    if revoked["stopped"]:
        way_out = f"to run it for a day all the same: {session.program} allow-revoked {plugin}"
        return f"REVOKED: it {revoked['problem']} · {way_out}"
    until = f"runs until {revoked['allowed_until']} though it " if revoked["allowed_until"] else "it "
    return f"REVOKED: {until}{revoked['problem']}"


def _trust(trusted: JsonObject | None, reader: str) -> str:
    """`no manifest: trusted by you on 2 May`."""
    if trusted is None:
        return "no manifest"
    return f"no manifest: trusted by {whom(trusted['by'], reader)} on {day(trusted['at'])}"
