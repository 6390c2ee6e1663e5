"""The marketplaces that were met: what is known of each, how it is forgotten, how another root is pinned on purpose.

Nothing here goes to the network but `pin`; what is told was verified when it came.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jackfield.errors import ManifestError, TrustError, UsageError
from jackfield.market.transport import Transport
from jackfield.market.trust.anchor import (
    LOOKED,
    Anchor,
    fingerprint,
    folder_of,
    make_private,
    plain_address,
    split_address,
)
from jackfield.market.trust.cache import read_json, read_metadata
from jackfield.market.trust.lock import Alone
from jackfield.market.trust.sent import UPSTREAM
from jackfield.market.trust.witness import Witness
from jackfield.revocation import KeptList


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of one marketplace.

    Args:
        url: its address.
        root: sha256 of the root that it is known by.
        since: when that was pinned, ISO 8601 in UTC.
        configured: whether an address named that root; else it was believed at first contact.
        root_version: of its newest root; 0 where none is kept.
        root_until: when that expires, ISO 8601 in UTC.
        signed_until: until when what it offers is signed, ISO 8601 in UTC; after that an older state is refused.
        looked: when it was last looked at and held, ISO 8601 in UTC.
        problem: what is wrong with what is kept; empty where nothing is.
    """

    url: str
    root: str
    since: str = ""
    configured: bool = False
    root_version: int = 0
    root_until: str | None = None
    signed_until: str | None = None
    looked: str | None = None
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """The root as marketplaces print it; empty where none is known."""
        return fingerprint(self.root) if self.root else ""

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "fingerprint": self.fingerprint}


def remembered(trust: Path) -> list[Remembered]:
    """Every marketplace that was met, by address.

    Args:
        trust: the folder of all marketplaces.
    """
    folders = [path.parent for path in trust.glob("[!.]*/anchor.json")]
    return sorted((_of(folder) for folder in folders), key=lambda one: one.url)


def forget(trust: Path, url: str) -> bool:
    """Forget a marketplace, so that the next plan meets it anew; whether there was anything to forget.

    What it had revoked of its own plugins goes on counting: nothing that was stopped runs because of this.

    Args:
        trust: the folder of all marketplaces.
        url: its address, as `remembered` tells it.

    Raises:
        TrustError: another program is reading what is known of it.
    """
    folder = folder_of(trust, plain_address(url))
    if not any((folder / name).exists() for name in ("anchor.json", "metadata")):
        return False
    with Alone(folder):
        kept = _kept_list(folder)
        if kept is not None:
            replace(kept, met=False).save(folder)
        (folder / "anchor.json").unlink(missing_ok=True)
        for name in (LOOKED, UPSTREAM):
            (folder / name).unlink(missing_ok=True)
        if (folder / "metadata").exists():
            _away(folder / "metadata")
    return True


async def pin(trust: Path, address: str) -> Remembered:
    """Know a marketplace by another root from now on; what was known stays where the new one does not hold.

    The list of what it had revoked is kept until the next one is fetched.

    Args:
        trust: the folder of all marketplaces.
        address: with the root behind it, `https://…#root=…`.

    Raises:
        UsageError: the address names no root.
        TrustError: the marketplace has another root, or what it says does not hold.
        MarketError: it does not answer.
    """
    url, root = split_address(address)
    if not root:
        raise UsageError(
            f"{url} has to be followed by the root that its operator tells",
            hint="#root= and at least 32 hexadecimal digits of its sha256",
        )
    make_private(trust)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=trust) as name:
        transport = Transport(url)
        try:
            await Witness(transport, Path(name), root).standing()
        finally:
            await transport.aclose()
        folder, fresh = folder_of(trust, transport.url), folder_of(Path(name), transport.url)
        if folder.is_dir():
            with Alone(folder):
                kept = _kept_list(folder)
                if kept is not None:
                    kept.save(fresh)
                _away(folder)
        fresh.rename(folder)
    return _of(folder)


def _away(folder: Path) -> None:
    """Take a folder out of the way in one step, then delete it."""
    grave = Path(tempfile.mkdtemp(prefix=".old-", dir=folder.parent))
    folder.rename(grave / folder.name)
    shutil.rmtree(grave, ignore_errors=True)


def _kept_list(folder: Path) -> KeptList | None:
    try:
        return KeptList.load(folder)
    except ManifestError:
        return None  # damaged: nobody knows what it said


def _of(folder: Path) -> Remembered:
    try:
        anchor = Anchor.load(folder)
    except TrustError as error:
        return Remembered(folder.name, "", problem=error.message)
    if anchor is None:
        return Remembered(folder.name, "", problem="nothing is known of it")
    root, timestamp = _signed(folder, "root"), _signed(folder, "timestamp")
    looked = folder / LOOKED
    at = datetime.fromtimestamp(looked.stat().st_mtime, UTC) if looked.exists() else None
    return Remembered(
        url=anchor.url or folder.name,
        root=anchor.sha256,
        since=anchor.since,
        configured=anchor.configured,
        root_version=int(root.get("version", 0)),
        root_until=root.get("expires"),
        signed_until=timestamp.get("expires"),
        looked=f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else None,
    )


def _signed(folder: Path, role: str) -> dict[str, Any]:
    try:
        signed = read_json(read_metadata(folder / "metadata" / f"{role}.json"))["signed"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # it is fetched again by the next look
    return signed if isinstance(signed, dict) else {}
