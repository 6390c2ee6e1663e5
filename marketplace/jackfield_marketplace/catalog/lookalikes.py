"""Names that a hurried reader takes for another's."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select

from jackfield_marketplace.db import Direct, Prepared, Project

_ALIKE = Prepared(
    select(Project.name, Project.skeleton, Project.plugin_id)
    .where(
        Project.name != bindparam("name"),
        or_(Project.skeleton == bindparam("skeleton"), Project.id_skeleton == bindparam("id_skeleton")),
    )
    .order_by(Project.id)
    .limit(1)
)
_SAME = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": ""})


def skeleton(name: str) -> str:
    """What is left of a canonical name when look-alike characters are made one: `p0ll` and `poll` share it.

    It is kept beside each name, so that a new one is held against all others by one indexed look-up: whoever changes
    this rule has to compute the kept ones again, in a migration.
    """
    return name.translate(_SAME).replace("rn", "m").replace("vv", "w")


def lookalike(direct: Direct, name: str, plugin_id: str | None) -> tuple[str, str] | None:
    """A new name or id, and an existing one that it could be taken for; None for none. All are canonical."""
    wanted_name = skeleton(name)
    wanted_id = None if plugin_id is None else skeleton(plugin_id)
    # Without an id nothing is found by it: NULL equals nothing.
    found = direct.row(_ALIKE, name=name, skeleton=wanted_name, id_skeleton=wanted_id)
    if found is None:
        return None
    other, other_skeleton, other_id = found
    return (name, str(other)) if other_skeleton == wanted_name else (str(plugin_id), str(other_id))
