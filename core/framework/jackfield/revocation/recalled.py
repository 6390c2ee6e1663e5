"""What was stopped before stays so where the list that said it can be read no more, and nobody answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jackfield.errors import ManifestError
from jackfield.manifest import Candidate, RevocationList, read_revocation
from jackfield.revocation.allowances import STOPPED
from jackfield.revocation.kept import KeptList
from jackfield.revocation.verdict import Hit

ENTRY = "entry"
"""What a key of the state that remembers a stopped plugin holds the entry under, which `remembered` makes."""


def remembered(hit: Hit) -> dict[str, Any]:
    """What the state keeps of an entry, for the day when its list is lost."""
    told = {"marketplace": hit.kept.marketplace, "appeal": hit.kept.list.appeal, "library": hit.library}
    return {**told, "revocation": hit.revocation.to_mapping()}


def recalled(
    found: Mapping[str, tuple[Hit, ...]],
    items: Mapping[str, Any],
    lists: Sequence[KeptList],
    candidates: Iterable[Candidate],
) -> dict[str, tuple[Hit, ...]]:
    """What was found, with what was revoked before by marketplaces whose lists are not here any more.

    Another version than the one that was stopped is another matter: nobody knows of it.

    Args:
        found: canonical id -> why, from the lists that are here.
        items: the state's keys that begin with `STOPPED`.
        lists: those that can be read; what they do not say any more was taken back.
        candidates: the plugins that are here; of an id that several have, the first counts.
    """
    told, seen = dict(found), set[str]()
    read = {one.marketplace for one in lists}
    for one in candidates if items else ():
        cid = one.canonical_id
        value = items.get(f"{STOPPED}{cid}")
        if cid in seen or not isinstance(value, Mapping) or value.get("version") != one.version:
            continue
        seen.add(cid)
        hit = _hit(value.get(ENTRY))
        if hit is not None and hit.kept.marketplace not in read and one.origin != "script":
            told[cid] = (*found.get(cid, ()), hit)
    return told


def _hit(said: object) -> Hit | None:
    """The entry that was written down; None for what is none."""
    if not isinstance(said, Mapping):
        return None
    marketplace = str(said.get("marketplace"))
    try:
        entry = read_revocation(said.get("revocation"), source=f"what is remembered of {marketplace}")
    except ManifestError:
        return None
    told = RevocationList((entry,), str(said.get("appeal", "")))
    return Hit(KeptList(marketplace, entry.revoked, b"", told), entry, str(said.get("library", "")))
