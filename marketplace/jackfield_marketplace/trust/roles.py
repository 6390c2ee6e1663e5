"""The roles of a marketplace's metadata, and which of them signs a target.

A project's targets all lie in one bin, chosen by the hash of its name: who installs a plugin needs one bin for it, and
who publishes a file writes one. Bins by the hash of each path (TAP 15) would need four for the same plugin.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

OFFLINE = ("root", "targets")
"""Signed in a ceremony, with keys that do not lie on the server."""

ONLINE = ("bins", "snapshot", "timestamp")
"""Whose keys the server has: `bins` signs every bin and the list of revocations."""

BINS = 256
REVOCATIONS_ROLE = "revocations"
REVOCATIONS = "revocations.json"
PAGE = "index.json"
"""The name of a project's PEP 691 document among its targets."""

EXPIRY = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    "bins": timedelta(days=30),
    "snapshot": timedelta(days=7),
    "timestamp": timedelta(days=2),
}
"""For how long a signature holds; the server signs anew when half of it has passed."""


def bin_of(project: str) -> str:
    """The two hexadecimal digits of the bin of a project.

    Args:
        project: its canonical name.
    """
    return hashlib.sha256(project.encode()).hexdigest()[:2]


def bin_roles() -> dict[str, str]:
    """Every delegated role -> the pattern of the paths that it may sign; `*` never crosses a slash."""
    numbers = (f"{number:02x}" for number in range(BINS))
    return {f"bin-{digits}": f"{digits}/*/*" for digits in numbers} | {REVOCATIONS_ROLE: REVOCATIONS}


def target_folder(project: str) -> str:
    """What the paths of a project's targets begin with.

    Args:
        project: its canonical name.
    """
    return f"{bin_of(project)}/{project}/"


def page_path(project: str) -> str:
    """The path of a project's PEP 691 document."""
    return target_folder(project) + PAGE
