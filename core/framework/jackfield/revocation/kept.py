"""The last verified list of each marketplace, kept beside what is known of its keys."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from jackfield.errors import ManifestError
from jackfield.manifest import RevocationList, read_revocations

FILE_NAME = "revoked.json"
OLD_SECONDS = 7 * 86_400.0
"""How old the last look at a marketplace may be before `doctor` speaks of it."""

DATED_SECONDS = 2 * 86_400.0
"""How old before what it revoked is told with its day: as long as a marketplace's own word holds."""

AGAIN_SECONDS = 3600.0
"""How much newer a look has to be for its time to be written down, where nothing else has changed."""


@dataclass(frozen=True, slots=True)
class KeptList:
    """What one marketplace had revoked when it was last asked.

    Args:
        marketplace: its address.
        checked: when that was verified, ISO 8601 in UTC.
        document: the bytes that were signed.
        list: what they say.
        version: of what signs it; a list of a lower one is older, whatever clocks say.
        met: whether the marketplace was met; else the list came by a bundle, and counts for its own files alone.
    """

    marketplace: str
    checked: str
    document: bytes
    list: RevocationList
    version: int = 0
    met: bool = True

    @property
    def sha256(self) -> str:
        """Of the document."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def dated(self) -> bool:
        """Whether it is so old that its day belongs to what is told of it."""
        return self.age_seconds() > DATED_SECONDS

    def age_seconds(self, at: datetime | None = None) -> float:
        """How long ago it was verified; a clock that was set back makes it no younger than new."""
        try:
            checked = datetime.fromisoformat(self.checked)
            return max(((at or now()) - checked) / timedelta(seconds=1), 0.0)
        except (ValueError, TypeError):
            return float("inf")

    def save(self, folder: Path) -> None:
        """Write it into the folder of its marketplace, whole or not at all.

        Raises:
            OSError: the folder is not there, or cannot be written.
        """
        values = {
            "marketplace": self.marketplace,
            "checked": self.checked,
            "document": self.document.decode(),
            "version": self.version,
            "met": self.met,
        }
        temporary = folder / f"{FILE_NAME}.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / FILE_NAME)

    @classmethod
    def load(cls, folder: Path) -> KeptList | None:
        """The list of a marketplace, None where it was never asked for one.

        Raises:
            ManifestError: what was kept is damaged.
        """
        path = folder / FILE_NAME
        try:
            values = json.loads(path.read_bytes())
            document = str(values["document"]).encode()
            return cls(
                str(values["marketplace"]),
                str(values["checked"]),
                document,
                read_revocations(document, source=str(path)),
                int(values["version"]),
                bool(values["met"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "it is fetched anew: jackfield update --check"
            raise ManifestError(f"{path} is damaged: {error}", hint=hint) from error


class Lists:
    """The kept lists of one profile, read again only where a file has changed.

    Args:
        trust: the folder in which marketplaces are remembered.
    """

    def __init__(self, trust: Path) -> None:
        self._trust = trust
        self._stamp: object = None
        self._kept: tuple[KeptList, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._learnt: dict[str, KeptList] = {}

    def learn(self, newer: KeptList) -> None:
        """Have a list count that is not on disk, in place of its marketplace's own unless that is newer."""
        self._learnt[newer.marketplace] = newer

    def kept(self) -> tuple[KeptList, ...]:
        """Every list that can be read."""
        self._read()
        if not self._learnt:
            return self._kept
        kept = {one.marketplace: one for one in self._kept}
        newer = {url: one for url, one in self._learnt.items() if url not in kept or kept[url].version < one.version}
        return tuple((kept | newer).values())

    def problems(self) -> tuple[str, ...]:
        """A sentence for each that is damaged: until it is fetched anew nobody knows what it said."""
        self._read()
        return self._problems

    def stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        """Another value whenever a list has changed; costs a `stat` for each marketplace."""
        found = []
        for path in self.paths():
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def telling(self) -> list[str]:
        """Every file and folder that what is kept is read from, also what is not there."""
        return [str(self._trust), *(str(path) for path in self.paths())]

    def paths(self) -> Sequence[Path]:
        """Where the lists lie, also of marketplaces that were never asked for one."""
        try:
            return sorted(Path(one.path) / FILE_NAME for one in os.scandir(self._trust) if one.is_dir())
        except OSError:
            return ()

    def _read(self) -> None:
        stamp = self.stamp()
        if stamp == self._stamp:
            return
        found = [_read_once(one) for one in stamp]
        self._kept = tuple(one for one in found if isinstance(one, KeptList))
        self._problems = tuple(one for one in found if isinstance(one, str))
        self._stamp = stamp


@lru_cache(maxsize=32)  # each decision of a running host looks, and so does each plan
def _read_once(stamp: tuple[str, int, int, int]) -> KeptList | str | None:
    """The list in a file as it is now; why it cannot be read; None where it is gone meanwhile."""
    try:
        return KeptList.load(Path(stamp[0]).parent)
    except ManifestError as error:
        return str(error)


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
