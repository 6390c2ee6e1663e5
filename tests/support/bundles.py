"""Bundles that somebody has changed on the way."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from jackfield.management import opened


def rewritten(bundle: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The bundle with its members changed, or left out."""
    target = bundle.with_name("other.bundle")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def parts_of(bundle: Path) -> Mapping[str, bytes]:
    with opened(bundle) as (_lock, local):
        (parts,) = local.proofs.values()
        return parts


def relabelled(bundle: Path, distribution: str, change: Callable[[str], str], kind: str = "bundle") -> Path:
    """The bundle, or only its lock, with what it says of one distribution changed."""
    target = bundle.with_name(f"relabelled.{kind}")
    with zipfile.ZipFile(bundle) as old:
        text = old.read("jackfield.lock").decode()
        # What is said of a distribution reaches from its header to the next one's.
        parts = re.split(r"(?m)^(?=\[\[targets.*packages\]\]$)", text)
        changed = [change(one) if f'name = "{distribution}"' in one else one for one in parts]
        assert changed != parts
        if kind == "lock":
            target.write_text("".join(changed))
            return target
        with zipfile.ZipFile(target, "w") as new:
            for name in old.namelist():
                new.writestr(name, "".join(changed) if name == "jackfield.lock" else old.read(name))
    return target


def without_proofs_of(bundle: Path, url: str) -> Path:
    target = bundle.with_name("bare.bundle")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        (address,) = [name for name in old.namelist() if name.endswith("/address") and old.read(name) == url.encode()]
        for name in old.namelist():
            if not name.startswith(address.removesuffix("address")):
                new.writestr(name, old.read(name))
    return target


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
