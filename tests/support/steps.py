"""The steps by which a set of plugins is installed, in order: those at which a test cuts it off."""

from __future__ import annotations

STEPS = [
    "leftovers-cleared",
    "wheel-unpacked",
    "wheels-synced",
    "wheels-stored",
    "generation-built",
    "generation-renamed",
    "journal-begun",
    "pointer-written",
    "change-synced",
    "pointer-replaced",
    "pointer-synced",
    "state-recorded",
    "journal-finished",
]
