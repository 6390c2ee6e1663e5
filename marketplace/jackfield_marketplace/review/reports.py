"""What people report of plugins: kept for the operator, told to nobody else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from jackfield.errors import JackfieldError, UsageError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog import plugin_details
from jackfield_marketplace.db import Plugin, Report, now

REASONS: Mapping[str, str] = {
    "malicious": "It does harm, or something that it does not say",
    "impersonation": "It passes itself off as another plugin or publisher",
    "broken": "It does not work as it says",
    "rights": "It holds something that its publisher may not give away",
    "other": "Something else",
}
"""What can be reported, in the order of the form."""

LONGEST_DETAILS = 4000
LONGEST_CONTACT = 200
MOST_OPEN = 100
"""Open reports of one plugin; whoever adds to a hundred that nobody has read yet adds nothing."""


# Control characters but the end of a line, and those that format or turn text around (Unicode Cc, Cf).
_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Incomplete(JackfieldError):
    """A report that is not taken.

    Args:
        field: the form's field that is to blame.
        message: one sentence for whoever reports.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Filed:
    """One report as the operator reads it."""

    number: int
    plugin_id: str
    version: str
    reason: str
    details: str
    contact: str
    created_at: datetime
    closed_at: datetime | None
    note: str


def file_report(session: Session, plugin_id: str, reason: str, details: str, contact: str) -> int | None:
    """Keep a report of a plugin as it is now, and return its number; None where there is no such plugin.

    Args:
        session: one that writes.
        plugin_id: in any spelling.
        reason: one of `REASONS`.
        details: what happened, in the words of whoever reports.
        contact: where an answer would go; may be empty.

    Raises:
        Incomplete: a field is missing or too long, or too many reports wait already.
    """
    found = plugin_details(session, plugin_id)
    if found is None:
        return None
    details, contact = _lines(details), _lines(contact)
    if reason not in REASONS:
        raise Incomplete("reason", "Choose what is wrong.")
    if not details:
        raise Incomplete("details", "Say what happened, so that it can be looked at.")
    for field, text, longest in (("details", details, LONGEST_DETAILS), ("contact", contact, LONGEST_CONTACT)):
        if len(text) > longest:
            raise Incomplete(field, f"At most {longest} characters; these are {len(text)}.")
    project_id = found.plugin.project_id
    waiting = select(func.count()).where(Report.project_id == project_id, Report.closed_at.is_(None))
    if (session.scalar(waiting) or 0) >= MOST_OPEN:
        raise Incomplete("details", f"{MOST_OPEN} reports of this plugin wait to be read already.")
    report = Report(
        project_id=project_id, version=found.plugin.version, reason=reason, details=details, contact=contact
    )
    session.add(report)
    session.flush()
    return report.id


def reports(session: Session, *, closed: bool = False) -> tuple[Filed, ...]:
    """Return the open reports, oldest first; with `closed` all of them."""
    rows = select(Report, Plugin.plugin_id).join(Plugin, Plugin.project_id == Report.project_id).order_by(Report.id)
    if not closed:
        rows = rows.where(Report.closed_at.is_(None))
    return tuple(
        Filed(
            one.id,
            plugin_id,
            one.version,
            one.reason,
            one.details,
            one.contact,
            one.created_at,
            one.closed_at,
            one.note,
        )
        for one, plugin_id in session.execute(rows)
    )


def close_report(session: Session, number: int, note: str = "") -> None:
    """Note that a report was dealt with.

    Raises:
        UsageError: no open report has that number.
    """
    report = session.get(Report, number)
    if report is None or report.closed_at is not None:
        raise UsageError(f"no open report has the number {number}", hint="see: jackfield-marketplace reports list")
    report.closed_at, report.note = now(), note


def _lines(text: str) -> str:
    """The text without what a terminal or a page could be moved with, and without blanks at its ends."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n")).strip()
