"""Names that a hurried reader takes for another's."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Project

_SAME = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": ""})


def skeleton(name: str) -> str:
    """What is left of a canonical name when look-alike characters are made one: `p0ll` and `poll` share it.

    It is kept beside each name, so that a new one is held against all others by one indexed look-up: whoever changes
    this rule has to compute the kept ones again, in a migration.
    """
    return name.translate(_SAME).replace("rn", "m").replace("vv", "w")


def lookalike(session: Session, name: str, plugin_id: str | None) -> str | None:
    """An existing name or id that a new one could be taken for, or None. Both are canonical."""
    wanted_name = skeleton(name)
    wanted_id = None if plugin_id is None else skeleton(plugin_id)
    alike = [Project.skeleton == wanted_name]
    if wanted_id is not None:
        alike.append(Project.id_skeleton == wanted_id)
    found = session.scalar(select(Project).where(or_(*alike)).order_by(Project.id).limit(1))
    if found is None:
        return None
    return found.name if found.skeleton == wanted_name else found.plugin_id
