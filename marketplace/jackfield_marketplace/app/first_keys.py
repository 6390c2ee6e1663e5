"""Keys for a marketplace that has none, and a word about those that are about to expire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jackfield_marketplace.db import Database
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Signing, fingerprint, keys_beside


def make_keys(settings: Settings, database: Database, offline: Path | None) -> Iterator[str]:
    """See to it that the marketplace signs.

    Args:
        settings: folders.
        database: the catalogue.
        offline: the folder for the keys of root and targets; None for the one beside the data folder.

    Yields:
        what the operator has to know: where new keys lie, which offline role ends soon.

    Raises:
        JackfieldError, OSError: keys cannot be made, or the online ones are missing.
    """
    signing = Signing(database, settings.keys, settings.blobs)
    if not signing.ready:
        from jackfield_marketplace.trust import Ceremony

        folder = offline or keys_beside(settings.data)
        digest = Ceremony(database, settings.keys, signing).begin(folder)
        yield f"made the keys of this marketplace; its root is {fingerprint(digest)}"
        yield f"move {folder} to a place offline: who has it can speak for this marketplace"
    signing.keep_fresh()
    for role, expires_at in signing.expiring_offline().items():
        yield f"{role} expires on {expires_at:%Y-%m-%d}: jackfield-marketplace keys sign --keys DIR"
