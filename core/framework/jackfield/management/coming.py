"""What a plugin will be once a solution is installed: its version, its publisher, and all that comes along."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jackfield.management.consent import Coming
from jackfield.manifest import Pin
from jackfield.permissions import Placement
from jackfield.resolution import Place, Solution


def coming_of(
    name: str,
    solution: Solution,
    pins: Mapping[Place, Pin],
    publisher: str | None,
    before: Collection[Place],
    placement: Placement,
) -> Coming:
    """What a plugin of a solution will be, with all that it requires and brings.

    Args:
        name: its distribution.
        solution: the set.
        pins: of the set, by place.
        publisher: who published it.
        before: the places of the set before.
        placement: where it will run.
    """
    below: list[Place] = []
    pending: list[Place] = [("", name)]
    while pending:
        place = pending.pop()
        if place in below or place not in pins:
            continue
        below.append(place)
        inside = place[0] or place[1]  # a plugin's own libraries are within it; where it has none, all share them
        for one in pins[place].requires:
            pending += [(inside, one) if (inside, one) in pins else ("", one)]
    below.remove(("", name))
    named = [place[1] for place in below if not place[0]]
    manifests = {
        solution.manifests[one].canonical_id: solution.manifests[one] for one in named if one in solution.manifests
    }
    return Coming(
        manifest=solution.manifests[name],
        version=pins["", name].version,
        source=pins["", name].source,
        publisher=publisher,
        published=pins["", name].file.upload_time,
        dependencies=manifests,
        brings=tuple(sorted({_words(pins[one]) for one in below if one not in before})),
        placement=placement,
    )


def _words(pin: Pin) -> str:
    """A distribution that a plugin brings; marked where no marketplace has looked at it."""
    return pin.id or (f"{pin.distribution} (unsigned)" if pin.file.upstream is not None else pin.distribution)
