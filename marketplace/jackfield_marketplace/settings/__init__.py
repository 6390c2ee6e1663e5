"""Where the marketplace keeps its data and what it allows."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jackfield.inspection import WheelLimits

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Halting", "Rate", "Settings"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `at_once` in a row, and `per_minute` in the long run; a rate of 0 per minute limits nothing."""

    at_once: int
    per_minute: float


@dataclass(frozen=True, slots=True)
class Halting:
    """When a rollout is halted by itself: `failures` of them, and `share` of all who told; 0 failures: never.

    Whoever lets one go on has looked at it: each time it takes twice as many failures to halt it again.
    """

    failures: int = 3
    share: float = 0.1

    def reached(self, failed: int, tried: int, resumed: int = 0) -> bool:
        """Whether that is too many.

        Args:
            failed: how many told of a failure since the rollout began, or went on.
            tried: how many told anything.
            resumed: how often it went on after it had been halted.
        """
        return bool(self.failures) and failed >= self.failures << min(resumed, 16) and failed >= self.share * tried


@dataclass(frozen=True, slots=True)
class Settings:
    """One marketplace: a data folder, and the bounds that hold for whoever writes to it.

    Args:
        data: the folder that holds everything: database, blobs, host files, uploads under way.
        title: what the pages call this marketplace.
        upload_bytes: the largest file that may be uploaded.
        form_bytes: what a form may hold besides its file: metadata fields repeat the description.
        form_fields: number of fields in an upload's form; one for each line of metadata.
        limits: bounds of the inspection.
        upstream: the simple API of another index, ending in a slash, to which requests for projects that nobody
            registered here are redirected; None for off.
        count_seconds: for how long downloads are counted before they are written.
        uploads: how often one user may upload.
        wrong_credentials: how often one address may send credentials that are none.
        reports: how often one address may report a plugin.
        outcomes: how often one address may tell what became of a version.
        halting: when a rollout is halted by itself.
    """

    data: Path
    title: str = "Jackfield plugins"
    upload_bytes: int = 64 * 1024 * 1024
    form_bytes: int = 4 * 1024 * 1024
    form_fields: int = 2000
    limits: WheelLimits = field(default_factory=WheelLimits)
    upstream: str | None = None
    count_seconds: float = 5.0
    uploads: Rate = Rate(at_once=1000, per_minute=600)
    wrong_credentials: Rate = Rate(at_once=20, per_minute=20)
    reports: Rate = Rate(at_once=5, per_minute=2)
    outcomes: Rate = Rate(at_once=20, per_minute=2)
    halting: Halting = Halting()

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return f"sqlite:///{self.data / 'marketplace.sqlite3'}"

    @property
    def blobs(self) -> Path:
        """The folder of published files, by content."""
        return self.data / "blobs"

    @property
    def hosts(self) -> Path:
        """The folder of host files, `<app>.toml`."""
        return self.data / "hosts"

    @property
    def incoming(self) -> Path:
        """The folder of uploads under way; what lies there at start is left over from a crash."""
        return self.data / "incoming"

    @property
    def keys(self) -> Path:
        """The folder of the keys with which the server signs by itself; those of root and targets lie elsewhere."""
        return self.data / "keys"

    def make_folders(self) -> None:
        """Make every folder that is missing; what lies in them, quarantined files too, is for the operator alone.

        Where root makes them, they belong to the owner of the data folder, as whom the server may run.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.blobs, self.hosts, self.incoming):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                if sys.platform != "win32" and os.geteuid() == 0:
                    owner = self.data.stat()
                    with suppress(OSError):  # a file system without owners
                        os.chown(folder, owner.st_uid, owner.st_gid)
