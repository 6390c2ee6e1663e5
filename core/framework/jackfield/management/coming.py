"""What a plugin will be once a solution is installed: its version, its publisher, and all that comes along."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jackfield.management.consent import Coming
from jackfield.manifest import Pin
from jackfield.permissions import Placement
from jackfield.resolution import Solution


def coming_of(
    name: str,
    solution: Solution,
    pins: Mapping[str, Pin],
    publisher: str | None,
    before: Collection[str],
    placement: Placement,
) -> Coming:
    """What a plugin of a solution will be, with all that it requires and brings.

    Args:
        name: its distribution.
        solution: the set.
        pins: distribution -> pin, of the set.
        publisher: who published it.
        before: the distributions of the set before.
        placement: where it will run.
    """
    below: list[str] = []
    pending = list(pins[name].requires)
    while pending:
        one = pending.pop()
        if one not in below and one in pins and one != name:
            below.append(one)
            pending += pins[one].requires
    manifests = {
        solution.manifests[one].canonical_id: solution.manifests[one] for one in below if one in solution.manifests
    }
    return Coming(
        manifest=solution.manifests[name],
        version=pins[name].version,
        source=pins[name].source,
        publisher=publisher,
        published=pins[name].file.upload_time,
        dependencies=manifests,
        brings=tuple(sorted(_words(pins[one]) for one in below if one not in before)),
        placement=placement,
    )


def _words(pin: Pin) -> str:
    """A distribution that a plugin brings; marked where no marketplace has looked at it."""
    return pin.id or (f"{pin.distribution} (unsigned)" if pin.file.upstream is not None else pin.distribution)
