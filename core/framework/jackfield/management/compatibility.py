"""What a plan says of versions: tested with another host's, not the newest, without an extra that somebody asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jackfield.manifest import HostFile, Manifest, Pin, record_of_tests

if TYPE_CHECKING:  # whoever only looks needs no resolver
    from jackfield.resolution import Place, Solution


def compatibility_notes(
    app: str, hostfile: HostFile | None, solution: Solution, coming: Mapping[str, Manifest]
) -> Iterator[str]:
    """The sentences for a plan, for each plugin that comes or changes.

    Args:
        app: the application's name.
        hostfile: its host file; without one nothing is known of what it is.
        solution: the set.
        coming: distribution -> manifest.
    """
    for name, manifest in coming.items():
        version = _version(solution, name)
        over = solution.passed_over.get(name)
        if over is not None:
            newest, why = over
            yield f"{manifest.id} {version} is taken, not the newest: {newest} {why}"
        said = tested(manifest, app, hostfile)
        if said is not None:
            yield f"{manifest.id} {version}: {said}"


def extras_notes(solution: Solution, pins: Mapping[Place, Pin], new: Collection[Place]) -> Iterator[str]:
    """The sentences for a plan on extras that nobody provides: what they should have brought does not come.

    Args:
        solution: the set.
        pins: the same, by place.
        new: what comes or changes.
    """
    for one in solution.unknown_extras:
        if one.asker in new or one.place in new:
            pin, asker = pins[one.place], pins.get(one.asker)
            who = (asker.id if asker is not None else None) or one.asker[1]
            name = f"{pin.id or pin.distribution} {pin.version}"
            yield f"{name} does not provide the extra {one.extra}, which {who} asks for"


def tested(manifest: Manifest, app: str, hostfile: HostFile | None) -> str | None:
    """`tested with Chat 1.4; this is 2.0`; None where it was tested with this one, or nobody says.

    Args:
        manifest: the plugin's.
        app: the application's name.
        hostfile: its host file.
    """
    return record_of_tests(manifest, app, hostfile.name, hostfile.api_version) if hostfile is not None else None


@dataclass(frozen=True, slots=True)
class WorksWith:
    """With which versions of the application one plugin works.

    Args:
        requirement: of its `[host]`; None where it takes every version.
        tested: the versions with which its publisher tested it.
        sentence: `>=1.0 <2.0, tested with Chat 1.4; this is 2.0`; empty where it says nothing of the application.
    """

    requirement: str | None = None
    tested: tuple[str, ...] = ()
    sentence: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"requirement": self.requirement, "tested": list(self.tested), "sentence": self.sentence}


def works_with(manifest: Manifest, app: str, hostfile: HostFile | None) -> WorksWith:
    """What a plugin says of the application.

    Args:
        manifest: the plugin's.
        app: the application's name.
        hostfile: its host file.
    """
    requirement = str(manifest.host[app]) if app in manifest.host else None
    known = [str(one) for one in sorted(manifest.tested.get(app, ()))]
    name = hostfile.name if hostfile is not None else app
    said = tested(manifest, app, hostfile) or (f"tested with {name} {' and '.join(known)}" if known else "")
    ranged = f"{name} {requirement}" if requirement is not None else ""
    return WorksWith(requirement, tuple(known), ", ".join(part for part in (ranged, said) if part))


def offered_works_with(details: Mapping[str, Any], app: str, hostfile: HostFile | None) -> WorksWith:
    """What a marketplace says of the application for a plugin that is not installed.

    Args:
        details: its answer.
        app: the application's name.
        hostfile: its host file.

    Raises:
        ManifestError: it says nonsense.
    """
    said = {key: details.get(key) or {} for key in ("host", "tested")}
    mapping = {"schema": 1, "id": str(details.get("id")), **said}
    return works_with(Manifest.from_mapping(mapping, source="the marketplace's answer"), app, hostfile)


def _version(solution: Solution, distribution: str) -> str:
    pins = [*solution.pins, *(own[0] for own in solution.workers.values())]
    return next((pin.version for pin in pins if pin.distribution == distribution), "")
