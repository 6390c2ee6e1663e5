"""Names that a person should look at before anybody is given what is under them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from jackfield_marketplace.catalog.lookalikes import lookalike
from jackfield_marketplace.catalog.upload import Refusal, Upload
from jackfield_marketplace.db import Direct, File, Prepared, Release

_SHOWN = Prepared(
    select(File.id)
    .join(Release, File.release_id == Release.id)
    .where(Release.project_id == bindparam("project"), File.state == "published")
    .limit(1)
)


def is_newcomer(direct: Direct, project_id: int | None) -> bool:
    """Whether nothing was ever published under a name: what is held for its name is so until a person releases it.

    Args:
        direct: a transaction.
        project_id: of the project; None where nobody registered the name.
    """
    return project_id is None or direct.row(_SHOWN, project=project_id) is None


def deceptive_name(direct: Direct, name: str, plugin_id: str | None) -> dict[str, Any] | None:
    """The finding for which the first upload under a name, or of an id, is held; None for none.

    Args:
        direct: a transaction.
        name: of its project, canonical.
        plugin_id: canonical; None for a library.
    """
    alike = lookalike(direct, name, plugin_id)
    if alike is None:
        return None
    message = f"{alike[0]} looks like {alike[1]}"
    return {"code": "confusable-with", "severity": "quarantine", "message": message, "path": ""}


def refuse_name_of_upstream(upload: Upload, name: str) -> None:
    """Leave to the operator to take a name from the upstream: everybody here would get it from here then.

    Whether the upstream has it is not asked: it may register it tomorrow. `<app>-<id>` of a plugin is nobody else's.

    Args:
        upload: the first under that name.
        name: canonical.

    Raises:
        Refusal: 403, with the code `name-of-upstream`.
    """
    if upload.manifest is None or name != f"{upload.app}-{upload.manifest.canonical_id}":
        raise Refusal(
            403,
            f"{name} may be a library of this marketplace's upstream; its operator can give you the name: "
            f"jackfield-marketplace reserve {name} --user NAME",
            code="name-of-upstream",
        )
