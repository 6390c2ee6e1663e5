"""Signed metadata (TUF): the keys, the ceremony that makes and changes them, and what the server signs by itself."""

from typing import TYPE_CHECKING, Any

from jackfield_marketplace.trust.drafts import Draft, draft_in_words, offline_keys, read_draft, sign_draft
from jackfield_marketplace.trust.keyfiles import Key, KeysMissing, fingerprint, keys_beside
from jackfield_marketplace.trust.metadata import served_metadata, served_plugin, target_served
from jackfield_marketplace.trust.revocations import served_list
from jackfield_marketplace.trust.roles import EXPIRY, OFFLINE, ONLINE
from jackfield_marketplace.trust.signing import Signing
from jackfield_marketplace.trust.waiting import NotSigned, Waiting

if TYPE_CHECKING:
    from jackfield_marketplace.trust.ceremony import Ceremony, KeyReport

__all__ = [
    "EXPIRY",
    "OFFLINE",
    "ONLINE",
    "Ceremony",
    "Draft",
    "Key",
    "KeyReport",
    "KeysMissing",
    "NotSigned",
    "Signing",
    "Waiting",
    "draft_in_words",
    "fingerprint",
    "keys_beside",
    "offline_keys",
    "read_draft",
    "served_list",
    "served_metadata",
    "served_plugin",
    "sign_draft",
    "target_served",
]

_LATER = {"Ceremony", "KeyReport"}


def __getattr__(name: str) -> Any:
    # A ceremony verifies with python-tuf, which takes a while to load; a server that has its keys does without.
    if name in _LATER:
        from jackfield_marketplace.trust import ceremony

        return getattr(ceremony, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
