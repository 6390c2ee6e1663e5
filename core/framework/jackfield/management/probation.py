"""New versions on probation, and versions that failed here: which change brought them, and what is not taken again.

An install or update puts every plugin whose code or libraries change on probation: `probation/<plugin>` in the state
holds its version, set with the very change, so that a rollback takes it back with everything else. Whoever runs the
plugins ends it. What was rolled back because it failed is kept under `failed/<distribution>` until a user releases it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jackfield.management.specs import canonical
from jackfield.manifest import Pin
from jackfield.storage import State
from jackfield.store import Activation, Generation

PROBATION = "probation/"
FAILED = "failed/"


@dataclass(frozen=True, slots=True)
class FailedVersion:
    """A version that was rolled back because it failed here.

    Args:
        plugin: the id of the plugin that failed; of a library, of the plugin that failed with it.
        distribution: what is held back, by its normalised name.
        version: as its index spells it.
        sha256: of the wheel that failed.
        why: a sentence.
        at: when it was rolled back, ISO 8601 in UTC.
        back_to: the version that the plugin has since; None where it is not installed any more.
        back_sha256: of the plugin's wheel since; None likewise.
        library: whether it is a library of the plugin that is held back, and not the plugin.
        along: what else went back, since it came with the change or after it: id and version.
    """

    plugin: str
    distribution: str
    version: str
    sha256: str
    why: str
    at: str
    back_to: str | None = None
    back_sha256: str | None = None
    library: bool = False
    along: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is told of it: `poll 2.0.0 failed here and is held back: it raised …`."""
        what = f"{self.plugin} with {self.distribution}" if self.library else self.plugin
        return f"{what} {self.version} failed here and is held back: {self.why}"

    @property
    def before(self) -> str | None:
        """What is there since, in words: a version, or the build that another one of the same version had replaced."""
        return "the build before" if self.back_to == self.version else self.back_to

    @property
    def outcome(self) -> str:
        """What became of it: `poll 2.0.0 was rolled back to 1.3.1 by itself, since it failed here: …`."""
        became = f"rolled back to {self.before}" if self.before else "taken out again"
        what = f"{self.plugin} with {self.distribution}" if self.library else self.plugin
        others = f"; {self.others}" if self.along else ""
        return f"{what} {self.version} was {became} by itself, since it failed here: {self.why}{others}"

    @property
    def others(self) -> str:
        """What is told of those that went too; empty for none: `dice 1.0.0, which came with it or later, went too`."""
        return f"{', '.join(self.along)}, which came with it or later, went too" if self.along else ""

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def footing(pins: Sequence[Pin], workers: Mapping[str, Sequence[Pin]]) -> dict[str, tuple[Pin, ...]]:
    """Canonical id -> the plugin itself, then every library that it runs on.

    Args:
        pins: what the application's process holds.
        workers: canonical id -> the plugin, then its own libraries, of each with a process of its own.
    """
    shared = {pin.distribution: pin for pin in pins}
    found: dict[str, tuple[Pin, ...]] = {}
    for plugin in pins:
        if plugin.id is None:
            continue
        reached = {plugin.distribution: plugin}
        waiting = list(plugin.requires)
        while waiting:
            pin = shared.get(waiting.pop())
            if pin is not None and pin.id is None and pin.distribution not in reached:
                reached[pin.distribution] = pin
                waiting += pin.requires
        found[canonical(plugin.id)] = tuple(reached.values())
    return found | {cid: tuple(own) for cid, own in workers.items()}


def put_on_probation(
    before: Generation, pins: Sequence[Pin], workers: Mapping[str, Sequence[Pin]]
) -> dict[str, str | None]:
    """The keys of the state that a change sets: the version of each plugin whose code or libraries come or change.

    Args:
        before: what is active.
        pins: what the application's process will hold.
        workers: what the other plugins will.
    """
    old = footing(before.inline, before.workers)
    new = footing(pins, workers)
    moved = [cid for cid, own in new.items() if own != (was := old.get(cid, ())) and _hashes(own) - _hashes(was)]
    keys: dict[str, str | None] = {f"{PROBATION}{cid}": new[cid][0].version for cid in moved}
    return keys


def on_probation(state: State) -> dict[str, str]:
    """Canonical id -> version, of the plugins that have yet to show that they work."""
    return {key.removeprefix(PROBATION): str(version) for key, version in state.items(PROBATION).items()}


def to_undo(standing: Sequence[Activation], plugins: Iterable[str]) -> list[Activation]:
    """The changes to undo, newest first, so that no plugin is left in the version that failed.

    Args:
        standing: what was done and not undone, oldest first.
        plugins: canonical ids; of each, the newest change that put it on probation is the first to go.
    """
    first = len(standing)
    for cid in plugins:
        brought = [number for number, one in enumerate(standing) if one.changes.get(f"{PROBATION}{cid}") is not None]
        if brought:
            first = min(first, brought[-1])
    return list(reversed(standing[first:]))


def failed_keys(
    state: State, before: Generation, after: Generation, failures: Mapping[str, str], *, at: str
) -> dict[str, Any]:
    """The keys of the state that hold back what failed: the plugin's new wheel, else its new libraries.

    Args:
        state: what is held back already.
        before: the generation in which it failed.
        after: the one that is gone back to.
        failures: canonical id -> why.
        at: when.
    """
    bad, good = footing(before.inline, before.workers), footing(after.inline, after.workers)
    along = sorted(
        f"{own[0].id or cid} {own[0].version}"
        for cid, own in bad.items()
        if cid not in failures and own[0].file.sha256 not in _hashes(good.get(cid, ())[:1])
    )
    keys: dict[str, Any] = {}
    for cid, why in failures.items():
        own, rest = bad.get(cid, ()), good.get(cid, ())
        fresh = [pin for pin in own if pin.file.sha256 not in _hashes(rest)]
        if not fresh:
            continue
        guilty = fresh[:1] if fresh[0].id is not None else fresh
        back = {"back_to": rest[0].version, "back_sha256": rest[0].file.sha256} if rest else {}
        for pin in guilty:
            key = f"{FAILED}{pin.distribution}"
            known = keys.get(key) or dict(state.get(key) or {})
            about = {"plugin": own[0].id or cid, "sha256": pin.file.sha256, "why": why, "at": at, **back}
            keys[key] = {**known, pin.version: {**about, "library": pin.id is None, "along": along}}
    return keys


def failed_versions(state: State) -> tuple[FailedVersion, ...]:
    """All that is held back, the newest failure first."""
    found = []
    for key, versions in state.items(FAILED).items():
        for version, about in dict(versions).items():
            found.append(
                FailedVersion(
                    plugin=str(about["plugin"]),
                    distribution=key.removeprefix(FAILED),
                    version=str(version),
                    sha256=str(about["sha256"]),
                    why=str(about["why"]),
                    at=str(about["at"]),
                    back_to=about.get("back_to"),
                    back_sha256=about.get("back_sha256"),
                    library=bool(about.get("library")),
                    along=tuple(str(one) for one in about.get("along", ())),
                )
            )
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def still_true(failures: Iterable[FailedVersion], pins: Mapping[str, Pin]) -> tuple[FailedVersion, ...]:
    """Leave out whose place another file of the same version, or a newer one, has taken, as its author's next build.

    What failed stays held back, by its hash; but nobody is to read of a plugin that runs that it was taken out.

    Args:
        failures: all that is held back.
        pins: canonical id -> what is installed.
    """
    return tuple(one for one in failures if not _replaced(one, pins.get(canonical(one.plugin))))


def _replaced(failed: FailedVersion, pin: Pin | None) -> bool:
    from packaging.version import Version  # only where something failed

    if pin is None or failed.library or pin.distribution != failed.distribution:
        return False
    if Version(pin.version) < Version(failed.version):
        return False
    return pin.file.sha256 not in (failed.sha256, failed.back_sha256)


def released_keys(state: State, plugin: str) -> dict[str, Any]:
    """The keys of the state that let every version of a plugin, and what failed with it, be taken again.

    Args:
        state: what is held back.
        plugin: its canonical id.
    """
    keys: dict[str, Any] = {}
    for key, versions in state.items(FAILED).items():
        left = {version: about for version, about in versions.items() if canonical(str(about["plugin"])) != plugin}
        if len(left) < len(versions):
            keys[key] = left or None
    return keys


def _hashes(pins: Iterable[Pin]) -> set[str]:
    return {pin.file.sha256 for pin in pins}
