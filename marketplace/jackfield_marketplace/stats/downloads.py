"""Counting downloads of wheels, and reading the counts."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Download, Plugin, now


def count_download(session: Session, project_id: int, version: str) -> None:
    """Add one download of a version today, and to the plugin's total that lists are ordered by."""
    row = insert(Download).values(project_id=project_id, version=version, day=now().date(), count=1)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Download.project_id, Download.version, Download.day], set_={"count": Download.count + 1}
        )
    )
    session.execute(update(Plugin).where(Plugin.project_id == project_id).values(downloads=Plugin.downloads + 1))


def daily_downloads(session: Session, project_id: int, days: int = 30) -> tuple[tuple[date, int], ...]:
    """Downloads of all versions on each of the last `days` days, oldest first, today included, zeros too."""
    today = now().date()
    first = today - timedelta(days=days - 1)
    rows = session.execute(
        select(Download.day, func.sum(Download.count))
        .where(Download.project_id == project_id, Download.day >= first)
        .group_by(Download.day)
    )
    counts = {day: int(count) for day, count in rows}
    return tuple((day, counts.get(day, 0)) for day in (first + timedelta(days=index) for index in range(days)))
