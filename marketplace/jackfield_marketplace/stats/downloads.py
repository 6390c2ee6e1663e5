"""Counting downloads of wheels, and reading the counts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from time import monotonic

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog import count_plugins, rank_plugins
from jackfield_marketplace.db import Database, Download, Plugin, now

# Numbering the index anew takes 20 ms for a thousand plugins, and seconds for a hundred thousand.
_RANKED_AT_ONCE = 1000
_RANKED_AFTER_SECONDS = 600.0

Key = tuple[int, str, date]
"""Project, version, day."""


class DownloadCounter:
    """Downloads that were counted and not yet written: one transaction for many. Safe to use from several threads.

    What a crash loses is the seconds since the last `write`.

    Args:
        database: where the counts go.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._ranked_at: float | None = None

    def add(self, project_id: int, version: str) -> None:
        """Count one download of a version, today."""
        with self._lock:
            self._counts[project_id, version, now().date()] += 1

    def write(self) -> None:
        """Write what was counted, and bring the order of search in line with it from time to time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with self._database.write() as session:
                count_downloads(session, counts)
                few = count_plugins(session) <= _RANKED_AT_ONCE
                if few or self._ranked_at is None or monotonic() - self._ranked_at > _RANKED_AFTER_SECONDS:
                    rank_plugins(session)
                    self._ranked_at = monotonic()
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise


def count_downloads(session: Session, counts: Mapping[Key, int]) -> None:
    """Add downloads, by version and day, and to each plugin's total that lists are ordered by.

    Args:
        session: one that writes.
        counts: how many of each.
    """
    totals: Counter[int] = Counter()
    for (project_id, version, day), count in counts.items():
        row = insert(Download).values(project_id=project_id, version=version, day=day, count=count)
        session.execute(
            row.on_conflict_do_update(
                index_elements=[Download.project_id, Download.version, Download.day],
                set_={"count": Download.count + count},
            )
        )
        totals[project_id] += count
    for project_id, count in totals.items():
        session.execute(
            update(Plugin).where(Plugin.project_id == project_id).values(downloads=Plugin.downloads + count)
        )


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
