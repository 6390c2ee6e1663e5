"""The last verified list of each marketplace, kept beside what is known of its keys."""

from __future__ import annotations

import contextlib
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
from jackfield.places import read_kept

FILE_NAME = "revoked.json"
COPY_NAME = "revoked.copy.json"
"""The same once more: a file that a disk or a hand has damaged brings back nothing that was stopped."""

OLD_SECONDS = 7 * 86_400.0
"""How old the last look at a marketplace may be before `doctor` speaks of it."""

DATED_SECONDS = 2 * 86_400.0
"""How old before what it revoked is told with its day: as long as a marketplace's own word holds."""

AGAIN_SECONDS = 3600.0
"""How much newer a look has to be for its time to be written down, where nothing else has changed."""

_AGAIN = "it is fetched anew: jackfield update --check"


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
        """Write it into the folder of its marketplace, whole or not at all, and then once more beside it.

        Raises:
            OSError: the folder is not there, or cannot be written.
        """
        values = {
            "marketplace": self.marketplace,
            "checked": self.checked,
            "document": self.document.decode(),
            "sha256": self.sha256,
            "version": self.version,
            "met": self.met,
        }
        for name in (FILE_NAME, COPY_NAME):
            temporary = folder / f"{name}.{os.getpid()}"
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / name)

    @classmethod
    def load(cls, folder: Path) -> KeptList | None:
        """The list of a marketplace, None where it was never asked for one.

        Raises:
            ManifestError: what was kept is damaged, and so is its copy.
        """
        found, problem = cls.look(folder)
        if found is None and problem is not None:
            raise problem
        return found

    @classmethod
    def look(cls, folder: Path) -> tuple[KeptList | None, ManifestError | None]:
        """The list of a marketplace, from its copy where the file is damaged or gone; and what is wrong with the file.

        Args:
            folder: of the marketplace.
        """
        try:
            return cls._read(folder / FILE_NAME), None
        except (ManifestError, FileNotFoundError) as error:
            damage = error
        try:
            copy = cls._read(folder / COPY_NAME)
        except FileNotFoundError:
            return None, damage if isinstance(damage, ManifestError) else None  # it was never asked, or long ago
        except ManifestError:
            copy = None
        if isinstance(damage, FileNotFoundError):
            damage = ManifestError(f"{folder / FILE_NAME} is gone", hint=_AGAIN)
        if copy is not None:
            damage = ManifestError(f"{damage.message}; its copy of {copy.checked[:10]} counts", hint=_AGAIN)
        return copy, damage

    @classmethod
    def _read(cls, path: Path) -> KeptList:
        try:
            values = json.loads(read_kept(path))
            document = str(values["document"]).encode()
            found = cls(
                str(values["marketplace"]),
                str(values["checked"]),
                document,
                read_revocations(document, source=str(path)),
                int(values["version"]),
                bool(values["met"]),
            )
            whole = values["sha256"] == found.sha256
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(f"{path} is damaged: {error}", hint=_AGAIN) from error
        if not whole:
            raise ManifestError(f"{path} is damaged: it is not what was written", hint=_AGAIN)
        return found


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
        """A sentence for each that is damaged; where its copy is too, nobody knows what it said."""
        self._read()
        return self._problems

    def stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        """Another value whenever a list has changed; costs a `stat` for each marketplace."""
        found = []
        for folder in self._folders():
            for name in (FILE_NAME, COPY_NAME):
                with contextlib.suppress(OSError):
                    path = f"{folder}/{name}"
                    stat = os.stat(path)  # noqa: PTH116 - as all of this: a plan asks five times
                    found.append((path, stat.st_ino, stat.st_mtime_ns, stat.st_size))
                    break
        return tuple(found)

    def telling(self) -> list[str]:
        """Every file and folder that what is kept is read from, also what is not there."""
        return [str(self._trust), *(str(one) for path in self.paths() for one in (path, path.with_name(COPY_NAME)))]

    def paths(self) -> Sequence[Path]:
        """Where the lists lie, also of marketplaces that were never asked for one."""
        return [Path(folder) / FILE_NAME for folder in self._folders()]

    def _folders(self) -> Sequence[str]:
        """The folders of the marketplaces that are known, in order."""
        try:
            with os.scandir(self._trust) as found:
                return sorted(one.path for one in found if one.is_dir())
        except OSError:
            return ()

    def _read(self) -> None:
        stamp = self.stamp()
        if stamp == self._stamp:
            return
        found = [_read_once(one) for one in stamp]
        self._kept = tuple(kept for kept, _ in found if kept is not None)
        self._problems = tuple(problem for _, problem in found if problem is not None)
        self._stamp = stamp


@lru_cache(maxsize=32)  # each decision of a running host looks, and so does each plan
def _read_once(stamp: tuple[str, int, int, int]) -> tuple[KeptList | None, str | None]:
    """The list in a folder as it is now, and what is wrong with its file; nothing where it is gone meanwhile."""
    found, problem = KeptList.look(Path(stamp[0]).parent)
    return found, str(problem) if problem is not None else None


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
