"""Drafts: what root and targets shall say, on its way to enough signatures, also as a file to another machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jackfield.errors import UsageError

from jackfield_marketplace.db import now
from jackfield_marketplace.trust.keyfiles import Key, KeysMissing, Passphrase, canonical, read_keys
from jackfield_marketplace.trust.metadata import instant
from jackfield_marketplace.trust.roles import EXPIRY, OFFLINE

Draft = dict[str, dict[str, Any]]
"""`root`, `targets` or both -> metadata with the signatures that it has so far."""


def offline_keys(folder: Path, passphrase: Passphrase | None = None) -> dict[str, dict[str, Key]]:
    """The keys of root and targets in a folder, by role and key id.

    Raises:
        KeysMissing: there are none, or one cannot be read.
    """
    found = {role: read_keys(folder, role, passphrase) for role in OFFLINE}
    if not any(found.values()):
        raise KeysMissing(f"no key of root or targets lies in {folder}", hint="bring them, and name the folder: --keys")
    return found


def sign_draft(draft: Draft, keys: Mapping[str, Mapping[str, Key]]) -> int:
    """Add the signatures of all keys of a draft's roles that are here; returns how many.

    Args:
        draft: is changed.
        keys: role -> key id -> key; old and new ones: a new root is signed by both.
    """
    added = 0
    for role, metadata in draft.items():
        signed = canonical(metadata["signed"])
        there = {one["keyid"] for one in metadata["signatures"]}
        for keyid, key in keys.get(role, {}).items():
            if keyid not in there:
                metadata["signatures"].append(key.sign(signed))
                added += 1
    return added


def read_draft(text: str) -> Draft:
    """A draft from its file.

    Raises:
        UsageError: it is none.
    """
    try:
        draft = json.loads(text)
        shaped = set(draft) <= set(OFFLINE) and all(set(one) == {"signatures", "signed"} for one in draft.values())
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"this is no draft: {error}") from error
    if not shaped or not draft:
        raise UsageError("this is no draft", hint="jackfield-marketplace keys rotate --draft FILE writes one")
    return dict(draft)


def next_version(signed: dict[str, Any]) -> dict[str, Any]:
    """The metadata that comes after this, unsigned."""
    expires = instant(now() + EXPIRY[signed["_type"]])
    return {"signatures": [], "signed": signed | {"version": signed["version"] + 1, "expires": expires}}
