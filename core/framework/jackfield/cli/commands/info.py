"""`jackfield info`."""

import asyncio
from typing import Any

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import show_part, show_permissions
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, counted, joined, memory_in_words, other_version, plain
from jackfield.errors import JackfieldError
from jackfield.manifest import canonical_id
from jackfield.permissions import key_in_words, where_it_runs
from jackfield.storage import Starts


@command(
    "info",
    told="Show one plugin: what it is, what it asks for, who made it.",
    examples=[("poll", "of the marketplace, and how it is installed here"), ("poll --json", "for a program")],
)
@click.argument("plugin", shell_complete=installed_ids())
def info(session: Session, plugin: str) -> None:
    """Ask the marketplaces and look at what is installed; either is enough."""
    found = asyncio.run(session.management.info(plugin)).to_mapping()
    if found["installed"]:
        found["installed"]["last_failure"] = _last_failure(session, found["installed"])
    if not found["permissions"] and found["details"]:
        found["permissions"] = _offered(session, found["details"])
    session.output.data({"app": session.host.name, **found})
    _tell(session, found)


def _offered(session: Session, details: JsonObject) -> list[JsonObject]:
    """What a plugin that is not installed asks for, in the application's own words, not the marketplace's."""
    from jackfield.management import Consent
    from jackfield.permissions import Permission

    asked = []
    for number, one in enumerate(details.get("permissions") or []):
        limits = "paths" if one.get("resource") == "files" else "hosts"
        mapping = {
            "resource": one.get("resource"),
            "actions": one.get("actions") or [one.get("action")],
            "reason": one.get("reason", ""),
            limits: one.get("targets") or [],
        }
        asked.append(Permission.from_mapping(mapping, where=f"permissions[{number}] of the marketplace's answer"))
    words = Consent(session.host.name, session.host.hostfile)
    return [one.to_mapping() for one in words.permissions(asked)]


def _tell(session: Session, found: JsonObject) -> None:
    """Name and one line, then parts under labels: wants to, versions, publisher, links."""
    output = session.output
    details: JsonObject = found["details"] or {}
    row: JsonObject = found["installed"] or {}
    version = details.get("version") or row.get("version") or ""
    output.line(click.style(plain(f"{found['id']} {version}".strip()), bold=True))
    if details.get("summary"):
        output.line(f"  {plain(details['summary'])}")
    show_permissions(output, "asks to", found["permissions"])
    for label, text in _parts(session, found, details, row):
        if text:
            show_part(output, label, [text])


def _parts(session: Session, found: JsonObject, details: JsonObject, row: JsonObject) -> list[tuple[str, str]]:
    """Label and text of each part, those that are empty included."""
    downloads = counted(details["downloads"], "download") if details.get("downloads") else ""
    made = [details.get("publisher") or "", joined([str(one) for one in details.get("authors") or []])]
    runs = other_version(row["version"], _in_the_application(session, row)) if row else ""
    beside = f" ({runs} runs)" if runs else ""
    here = f"{row['version']}{beside}, {row['state']}" if row else "no"
    if row and row.get("origin") == "environment":
        here += ", by pip: update and remove it with pip"
    if row and row.get("origin") == "script":
        here += ", a script, fully trusted: remove it by removing its file"
    if row and row.get("origin") == "external":
        here += ", an external plugin: see its keys with keys list"
    updated = ago(details["updated"]) if details.get("updated") else ""
    versions = [_version(one) for one in details.get("versions") or []]
    return [
        ("installed", here),
        ("problem", row.get("problem") or _problem_now(session, row)),
        ("revoked", _revoked(found, details, row)),
        ("runs", _runs(session, found["id"], details, row)),
        ("connected", _connected(session, row)),
        ("libraries", joined([f"{name} {version}" for name, version in found["libraries"].items()])),
        ("works with", found["works_with"]["sentence"]),
        ("made by", joined([one for one in dict.fromkeys(made) if one])),
        ("key", _keys(found, details, row)),
        ("published", ", ".join(one for one in (updated, downloads) if one)),
        ("versions", ", ".join(versions[:10]) + (", …" if len(versions) > 10 else "")),
        ("link", details.get("link") or ""),
        ("from", ", ".join(one for one in (found["marketplace"], found["problem"]) if one)),
    ]


def _revoked(found: JsonObject, details: JsonObject, row: JsonObject) -> str:
    """What was revoked of it: as it is signed, else as its marketplace says."""
    here: JsonObject = row.get("revoked") or {}
    if here.get("allowed_until"):
        return f"it runs until {here['allowed_until']} though it {here['problem']}"
    told = [f"{one['versions']} {one['problem']}" for one in found["revoked"]]
    told = told or [
        f"{one.get('versions')} ({one.get('severity')}): {one.get('reason')}"
        for one in details.get("revocations") or []
    ]
    return "; ".join(every.replace("* ", "every version ", 1) if every.startswith("* ") else every for every in told)


def _last_failure(session: Session, row: JsonObject) -> str | None:
    """Why an enabled plugin failed in the application's last run; None where it did not, or another run is on."""
    if not row["enabled"] or session.layout.control.exists():
        return None
    return Starts(session.layout.starts).failures().get(canonical_id(row["id"]))


def _problem_now(session: Session, row: JsonObject) -> str:
    """What keeps an enabled plugin from running in the application that runs now, or kept it from that before."""
    if row.get("last_failure"):
        return f"failed when it last ran: {row['last_failure']}"
    now = _in_the_application(session, row)
    if now is None or not now["problem"]:
        return ""
    return f"{now['state']} in the running application: {now['problem']}"


def _in_the_application(session: Session, row: JsonObject) -> JsonObject | None:
    """What the application that runs now knows of an enabled plugin; None where none runs."""
    if not row.get("enabled") or not session.layout.control.exists():
        return None
    try:
        rows: list[JsonObject] = session.running.ask("list")["plugins"]
    except JackfieldError:
        return None
    return next((one for one in rows if one["id"] == row["id"]), None)


def _runs(session: Session, plugin: str, details: JsonObject, row: JsonObject) -> str:
    if row:
        return where_it_runs(row["isolation"], row["grade"])
    asked = details.get("isolation")
    return str(session.management.would_run(str(asked), plugin=plugin)) if asked else ""


def _connected(session: Session, row: JsonObject) -> str:
    """What a running application knows of the process of an external plugin; empty where none of it is connected."""
    if row.get("origin") != "external" or not session.layout.control.exists():
        return ""
    try:
        connections = session.running.ask("connections")["connections"]
    except JackfieldError:
        return ""
    mine = next((one for one in connections if canonical_id(one["plugin"]) == canonical_id(row["id"])), None)
    return f"from {mine['address']}, {memory_in_words(mine['memory_bytes'])}" if mine is not None else ""


def _keys(found: JsonObject, details: JsonObject, row: JsonObject) -> str:
    """The publisher's key; where what is offered was signed by another one than what is installed, both."""
    here, there = (key_in_words(key) if key else "none" for key in (found["key"], found["offered_key"]))
    same = here == there or not details or found["problem"]
    if not row or (same and here == "none"):
        return there if found["offered_key"] else ""
    return here if same else f"{here} of what is installed, {there} of {details.get('version', 'what is offered')}"


def _version(one: Any) -> str:
    """A version as the marketplace lists it: a text, or an object with one."""
    if not isinstance(one, dict):
        return str(one)
    mark = " (revoked)" if one.get("revoked") else " (yanked)" if one.get("yanked") else ""
    return str(one.get("version", "")) + mark
