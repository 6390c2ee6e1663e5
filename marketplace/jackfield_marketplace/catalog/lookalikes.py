"""Names that a hurried reader takes for another's."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Project

_SAME = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": ""})


def skeleton(name: str) -> str:
    """What is left of a canonical name when look-alike characters are made one: `p0ll` and `poll` share it."""
    return name.translate(_SAME).replace("rn", "m").replace("vv", "w")


def lookalike(session: Session, name: str, plugin_id: str | None) -> str | None:
    """An existing name or id that a new one could be taken for, or None. Both are canonical.

    Reads every name once; only the first upload of a name asks.
    """
    wanted_name = skeleton(name)
    wanted_id = None if plugin_id is None else skeleton(plugin_id)
    for other_name, other_id in session.execute(select(Project.name, Project.plugin_id)):
        if skeleton(other_name) == wanted_name:
            return str(other_name)
        if other_id is not None and wanted_id == skeleton(other_id):
            return str(other_id)
    return None
