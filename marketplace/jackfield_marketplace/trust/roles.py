"""The roles of a marketplace's metadata, and which of them signs a target.

A project's targets all lie in one bin, chosen by the hash of its name: who installs a plugin needs one bin for it, and
who publishes a file writes one. Bins by the hash of each path (TAP 15) would need four for the same plugin.
"""

from __future__ import annotations

from datetime import timedelta

from jackfield.manifest import BINS, REVOCATIONS, role_of

OFFLINE = ("root", "targets")
"""Signed in a ceremony, with keys that do not lie on the server."""

ONLINE = ("bins", "snapshot", "timestamp")
"""Whose keys the server has: `bins` signs every bin and the list of revocations."""

EXPIRY = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    "bins": timedelta(days=30),
    "snapshot": timedelta(days=7),
    "timestamp": timedelta(days=2),
}
"""For how long a signature holds; the server signs anew when half of it has passed."""


def bin_roles() -> dict[str, str]:
    """Every delegated role -> the pattern of the paths that it may sign; `*` never crosses a slash."""
    numbers = (f"{number:02x}" for number in range(BINS))
    return {f"bin-{digits}": f"{digits}/*/*" for digits in numbers} | {role_of(REVOCATIONS): REVOCATIONS}
