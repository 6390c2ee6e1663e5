"""What a user said yes to is what is installed: an unpacked wheel is held against what was offered of it.

A plan is made, and shown, from what an index serves beside its wheels. Nothing but the index says that those texts are
the wheel's own, so before a wheel becomes visible they are compared with what lies in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from jackfield.discovery import MANIFEST, discover
from jackfield.errors import WheelError
from jackfield.management.specs import canonical
from jackfield.manifest import Pin


def hold_to_promise(pin: Pin, tree: Path, groups: Collection[str]) -> None:
    """Hold an unpacked wheel against its pin: plugin or library, id, plugin.toml and METADATA.

    A library with an entry point of the application would else be found under the id, and run with the grants, of
    another plugin.

    Args:
        pin: what the plan says.
        tree: the unpacked wheel.
        groups: the entry-point groups of the application's plugins.

    Raises:
        WheelError: the wheel is not what was offered.
    """
    found = discover(groups, path=[tree], reads=False)  # its manifest is compared as it was shown: byte by byte
    ids = sorted(one.id for one in found)
    if pin.id is None and found:
        raise _other(pin, f"was offered as a library and is the plugin {', '.join(ids)}")
    if pin.id is not None:
        if [one.canonical_id for one in found] != [canonical(pin.id)]:
            raise _other(pin, f"was offered as the plugin {pin.id} and is {', '.join(ids) or 'no plugin'}")
        folder = found[0].folder
        if folder is None or _digest(folder / MANIFEST) != pin.file.manifest_sha256:
            raise _other(pin, f"holds another {MANIFEST} than the one that was shown")
    if pin.file.metadata_sha256 is not None:
        folders = [name for name in os.listdir(tree) if name.endswith(".dist-info")]  # noqa: PTH208 - names alone
        digests = [_digest(tree / name / "METADATA") for name in folders]
        if digests != [pin.file.metadata_sha256]:
            raise _other(pin, "holds other METADATA than what was offered")


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _other(pin: Pin, how: str) -> WheelError:
    return WheelError(
        f"{pin.file.filename} of {pin.source} {how}; nothing was changed",
        plugin=pin.id,
        hint="tell whoever runs the marketplace",
    )
