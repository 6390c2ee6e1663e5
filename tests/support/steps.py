"""The steps by which a set of plugins is installed, in order: those at which a test cuts it off."""

from __future__ import annotations

STEPS = [
    "leftovers-cleared",
    "wheel-unpacked",
    "wheels-synced",
    "wheels-stored",
    "store-synced",
    "generation-built",
    "generation-synced",
    "generation-renamed",
    "generations-synced",
    "journal-begun",
    "pointer-written",
    "pointer-replaced",
    "pointer-synced",
    "state-recorded",
    "journal-finished",
]
