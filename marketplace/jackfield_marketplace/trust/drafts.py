"""Drafts: what root and targets shall say, on its way to enough signatures, also as a file to another machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jackfield.errors import UsageError

from jackfield_marketplace.db import now
from jackfield_marketplace.trust.keyfiles import Key, KeysMissing, Passphrase, canonical, fingerprint, key_id, read_keys
from jackfield_marketplace.trust.metadata import instant
from jackfield_marketplace.trust.roles import EXPIRY, OFFLINE, bin_roles

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


def draft_in_words(draft: Draft, here: Mapping[str, Mapping[str, Key]]) -> list[str]:
    """What a draft would have clients believe, line by line: who signs it on another machine has to know.

    Args:
        draft: from the server, which somebody may have taken over.
        here: role -> key id -> key, of those that lie here; every other key is marked.

    Raises:
        UsageError: it says what no ceremony of ours would.
    """
    known = {keyid for keys in here.values() for keyid in keys}
    lines = []
    try:
        for role, metadata in sorted(draft.items()):
            signed = metadata["signed"]
            if signed["_type"] != role or signed.get("targets"):
                raise UsageError(f"this draft of {role} is none of ours; it was not signed")
            keys = signed["keys"] if role == "root" else signed["delegations"]["keys"]
            if any(keyid != key_id(description) for keyid, description in keys.items()):
                raise UsageError(f"this draft of {role} calls a key by another's name; it was not signed")
            named = dict(signed["roles"]) if role == "root" else {"bins": _bins(signed["delegations"])}
            lines.append(f"{role} {signed['version']}, until {signed['expires'][:10]}, says that these keys count:")
            for name, one in sorted(named.items()):
                listed = ", ".join(
                    fingerprint(keyid) + ("" if name not in OFFLINE or keyid in known else " (not here)")
                    for keyid in one["keyids"]
                )
                lines.append(f"  {name:<10}{listed}  {one['threshold']} of {len(one['keyids'])} sign")
    except (LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"this is no draft: {error}") from error
    return lines


def _bins(delegations: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the bins are signed, which is the same for all of them."""
    roles = {one["name"]: one for one in delegations["roles"]}
    said = {(tuple(one["keyids"]), one["threshold"]) for one in roles.values()}
    paths = {name: list(one["paths"]) for name, one in roles.items()}
    if len(said) != 1 or len(roles) != len(delegations["roles"]):
        raise UsageError("this draft of targets has keys of their own for some bins; it was not signed")
    if paths != {name: [pattern] for name, pattern in bin_roles().items()}:
        raise UsageError("this draft of targets has other bins than ours; it was not signed")
    return next(iter(roles.values()))


def read_draft(text: str) -> Draft:
    """A draft from its file.

    Raises:
        UsageError: it is none.
    """
    try:
        draft = json.loads(text)
        shaped = set(draft) <= set(OFFLINE) and all(set(one) == {"signatures", "signed"} for one in draft.values())
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"this is no draft: {error}") from error
    if not shaped or not draft:
        raise UsageError("this is no draft", hint="jackfield-marketplace keys rotate --draft FILE writes one")
    return dict(draft)


def next_version(signed: dict[str, Any]) -> dict[str, Any]:
    """The metadata that comes after this, unsigned."""
    expires = instant(now() + EXPIRY[signed["_type"]])
    return {"signatures": [], "signed": signed | {"version": signed["version"] + 1, "expires": expires}}
