"""What a marketplace is known by: its first root, pinned when it was first met or by its address in a configuration."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from jackfield.errors import TrustError, UsageError
from jackfield.market.addresses import canonical_address
from jackfield.places import is_withheld, read_kept

LOOKED = "looked"
"""The file whose time is that of the last look."""

FRAGMENT = re.compile(r"root=([0-9a-f]{32,64})")
"""What an address may end in, after `#`: the root's sha256 or the first half of it, as it is shown."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The root that a marketplace was first trusted by.

    Args:
        sha256: of that root's file.
        since: when it was pinned, ISO 8601 in UTC.
        configured: whether the address named it; else it was believed at first contact.
        url: the marketplace's address, without fragment and credentials.
    """

    sha256: str
    since: str
    configured: bool
    url: str = ""

    def save(self, folder: Path) -> None:
        """Write it into the folder of a marketplace, whole or not at all."""
        make_private(folder)
        path, values = folder / "anchor.json", {name: getattr(self, name) for name in self.__slots__}
        temporary = path.with_suffix(f".{os.getpid()}")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    @classmethod
    def load(cls, folder: Path) -> Anchor | None:
        """The anchor of a marketplace that was met before, None for another.

        Raises:
            TrustError: what was kept is damaged, or cannot be read now: that is no first contact.
        """
        path = folder / "anchor.json"
        try:
            values = json.loads(read_kept(path))
            url = str(values.get("url", ""))
            return cls(str(values["sha256"]), str(values["since"]), bool(values["configured"]), url)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            if isinstance(error, OSError) and is_withheld(error):
                raise TrustError(
                    f"{path} cannot be read: {error.strerror}", hint="nothing was changed; give it back to yourself"
                ) from error
            raise TrustError(
                f"{path} is damaged: {error}",
                hint=f"delete {folder} to meet the marketplace anew, and compare its root then",
            ) from error


def split_address(url: str) -> tuple[str, str]:
    """An address without its fragment, and the beginning of the root's sha256 that it names; empty for none.

    Raises:
        UsageError: the fragment is something else.
    """
    address, fragment = urldefrag(url)
    if not fragment:
        return address, ""
    match = FRAGMENT.fullmatch(fragment.lower().replace("%20", "").replace(" ", ""))
    if match is None:
        raise UsageError(
            f"{address}: what follows # is no root", hint="#root= and at least 32 hexadecimal digits of its sha256"
        )
    return address, match[1]


def digest(root: bytes) -> str:
    """The sha256 of a root's file."""
    return hashlib.sha256(root).hexdigest()


def fingerprint(sha256: str) -> str:
    """The first half of a root's sha256, in groups of four, as marketplaces print it."""
    return " ".join(sha256[start : start + 4] for start in range(0, 32, 4))


def is_known(trust: Path, url: str) -> bool:
    """Whether a marketplace that signs was met before.

    Args:
        trust: the folder of all marketplaces.
        url: its address.
    """
    return (folder_of(trust, plain_address(url)) / "anchor.json").exists()


def plain_address(url: str) -> str:
    """An address without fragment and credentials, in canonical form, as marketplaces are remembered by it.

    Raises:
        UsageError: its fragment is no root, or it is no address.
    """
    address = split_address(url)[0]
    try:
        return canonical_address(urlsplit(address))
    except ValueError as error:
        raise UsageError(f"{address!r} is no address of a marketplace") from error


def note_look(folder: Path) -> None:
    """Note that what a marketplace says was looked at now, and holds; when that was is told to people, no more."""
    with contextlib.suppress(OSError):
        (folder / LOOKED).touch(mode=0o600)


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for the user alone."""
    for one in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        one.mkdir(mode=0o700, exist_ok=True)


def folder_of(trust: Path, address: str) -> Path:
    """Where what is known of a marketplace lies.

    Args:
        trust: the folder of all marketplaces.
        address: without fragment and credentials.
    """
    plain = re.sub(r"[^a-z0-9.-]+", "-", address.partition("://")[2].lower()).strip("-.")[:60]
    return trust / f"{plain}-{hashlib.sha256(address.encode()).hexdigest()[:12]}"
