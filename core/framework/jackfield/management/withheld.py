"""What of an offer waits: taken out before anybody chooses, and remembered, so that it can be told."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence

from jackfield.management.wait import Wait
from jackfield.management.waiting import Waiting
from jackfield.manifest import File, Pin


class Withheld:
    """The versions that wait, for one plan.

    Args:
        waiting: says why a plugin's file waits; None for a plan in which nothing does.
    """

    def __init__(self, waiting: Waiting | None) -> None:
        self._waiting = waiting
        self._found: dict[str, dict[str, Wait]] = {}
        self._named: set[str] = set()
        self._young: set[str] = set()

    @property
    def can_hold(self) -> bool:
        """Whether anything is ever held back."""
        return self._waiting is not None

    def name(self, distribution: str) -> None:
        """Let nothing of a distribution wait: its user named the version."""
        self._named.add(distribution)

    def of(self, distribution: str) -> tuple[Wait, ...]:
        """What waits of a distribution that was sifted, the newest first."""
        from packaging.version import Version

        found = self._found.get(distribution, {})
        return tuple(found[version] for version in sorted(found, key=Version, reverse=True))

    def notes(self, pin: Pin) -> list[str]:
        """What waits and is newer than what is installed, as a sentence that begins with the plugin's id."""
        from packaging.version import Version

        newest = next(iter(self.of(pin.distribution)), None)
        if newest is None or Version(newest.version) <= Version(pin.version):
            return []
        return [f"{pin.id or pin.distribution} {newest.sentence}"]

    def young(self, files: Sequence[File]) -> frozenset[str]:
        """The sha256 of those files of libraries that are tried only where nothing older will do."""
        if self._waiting is None:
            return frozenset()
        young = {file.sha256 for file in files if file.manifest_sha256 is None and self._waiting.is_young(file)}
        self._young |= young
        return frozenset(young)

    def young_notes(self, pins: Iterable[Pin]) -> list[str]:
        """A sentence for each library among what comes that is young all the same."""
        if self._waiting is None or not self._young:
            return []
        young = {pin.file.sha256: pin for pin in pins if pin.file.sha256 in self._young}
        return [self._waiting.of_library(pin.distribution, pin.version, pin.file) for pin in young.values()]

    def sift(self, distribution: str, files: Sequence[File], here: Collection[str]) -> tuple[File, ...]:
        """The files that may be taken now.

        Libraries come only because a plugin needs them; those that are young are tried last (`young`).

        Args:
            distribution: its normalised name.
            files: as they are offered.
            here: the versions of it that are installed: they wait for nothing.
        """
        if self._waiting is None or distribution in self._named:
            return tuple(files)
        taken = []
        for file in files:
            chosen = file.manifest_sha256 is not None and not file.yanked
            version = wheel_version(file.filename) if chosen and self._waiting.may_wait(distribution, file) else ""
            wait = self._waiting.wait(distribution, version, file) if version and version not in here else None
            if wait is None:
                taken.append(file)
            else:
                self._found.setdefault(distribution, {})[version] = wait
        return tuple(taken)


def wheel_version(filename: str) -> str:
    """The version in a wheel's name, normalised; empty where it has none that can be read."""
    from packaging.utils import InvalidWheelFilename

    from jackfield.resolution import wheel_name

    with contextlib.suppress(InvalidWheelFilename):
        return str(wheel_name(filename)[1])
    return ""
