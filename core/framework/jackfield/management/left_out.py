"""What marketplaces offer and nobody is given here: versions that failed, and what was revoked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jackfield.inspection import WheelReport, fingerprint, payload
from jackfield.management.probation import FailedVersion
from jackfield.management.revoked import RevokedHere
from jackfield.management.withheld import wheel_version
from jackfield.manifest import File
from jackfield.resolution import Offer
from jackfield.revocation import Hit, Subject


class LeftOut:
    """Takes files out of offers, and tells which.

    Args:
        failed: what failed here.
        revoked: what was revoked; None for nothing.
        installed: sha256 of the wheels that are installed: they stay as they are, whatever is said of them.

    Attributes:
        plugins: distribution -> the plugin in it, as far as that is known.
        contents: sha256 -> fingerprint of the code in it, of the wheels that are on this machine.
        revoked: distribution -> version -> what it is and why, of all that was looked at and was revoked.
    """

    def __init__(
        self, failed: Collection[FailedVersion], revoked: RevokedHere | None, installed: Collection[str]
    ) -> None:
        self._failed = {(one.distribution, one.version): one for one in failed}
        self._revoked = revoked
        self._installed = installed
        self.plugins: dict[str, str] = {}
        self.contents: dict[str, str] = {}
        self.revoked: dict[str, dict[str, tuple[Subject, tuple[Hit, ...]]]] = {}

    def note_file(self, distribution: str, report: WheelReport) -> None:
        """Know a wheel on this machine by the code in it.

        Args:
            distribution: its normalised name.
            report: of its inspection.
        """
        self.contents[report.sha256] = fingerprint(payload(report))
        if report.plugin_id is not None:
            self.plugins[distribution] = report.plugin_id

    def failed_of(self, distribution: str) -> tuple[FailedVersion, ...]:
        """What is not offered of a distribution, because it failed here."""
        return tuple(one for (name, _), one in self._failed.items() if name == distribution)

    def revoked_of(self, distribution: str) -> Mapping[str, tuple[Subject, tuple[Hit, ...]]]:
        """Version -> why, of what was looked at of a distribution and was revoked, also where it is installed."""
        return self.revoked.get(distribution, {})

    def from_offer(self, distribution: str, found: Offer | None) -> Offer | None:
        """The offer without them.

        Args:
            distribution: whose, normalised.
            found: what is offered.
        """
        if found is None:
            return None
        stays = [file for file in found.files if self._stays(distribution, found.source, file)]
        return found if len(stays) == len(found.files) else Offer(found.source, tuple(stays))

    def _stays(self, distribution: str, source: str, file: File) -> bool:
        if not file.is_wheel:
            return True
        version = wheel_version(file.filename)
        revoked = self._is_revoked(distribution, source, file, version)
        if file.sha256 in self._installed:
            return True
        one = self._failed.get((distribution, version))
        # A file on this machine may be another one of the same version: its author has mended it meanwhile.
        return not revoked and (one is None or (source == "file" and one.sha256 != file.sha256))

    def _is_revoked(self, distribution: str, source: str, file: File, version: str) -> bool:
        if self._revoked is None:
            return False
        subject = Subject(
            self.plugins.get(distribution),
            distribution,
            version,
            file.sha256,
            file.upstream or source,
            self.contents.get(file.sha256, ""),
        )
        found = self._revoked.refused(subject)
        if found:
            self.revoked.setdefault(distribution, {})[version] = subject, found
        return bool(found)
