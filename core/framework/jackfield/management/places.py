"""Which distribution is where: among what plugins in the application's process share, or one plugin's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from jackfield.management.specs import canonical
from jackfield.manifest import Candidate, Manifest, Pin
from jackfield.resolution import Place
from jackfield.store import Generation


def manifests_of(pins: Iterable[Pin], stored: Mapping[str, Candidate]) -> dict[str, Manifest | None]:
    """sha256 -> manifest, of those pins that are plugins whose files are here.

    Args:
        pins: of a set.
        stored: canonical id -> plugin, as it was found in the set's files.
    """
    found = {pin.file.sha256: stored.get(canonical(pin.id)) for pin in pins if pin.id is not None}
    return {sha256: one.manifest for sha256, one in found.items() if one is not None}


def preferred(
    generation: Generation, manifests: Mapping[str, Manifest], own_libraries: Callable[[Manifest], bool]
) -> dict[Place, str]:
    """The version that is tried first in each place: what is there, also where a plugin moves to another process.

    Args:
        generation: what is installed.
        manifests: canonical id -> manifest, of what is installed.
        own_libraries: tells which plugins will have libraries of their own.
    """
    prefer = {place: pin.version for place, pin in generation.places.items()}
    for cid, plugin in _plugins(generation):
        if cid not in manifests:
            continue
        apart = own_libraries(manifests[cid])
        if apart and cid not in generation.workers:
            found = _libraries(plugin, generation)
            prefer.update({(plugin.distribution, pin.distribution): pin.version for pin in found})
        elif not apart and cid in generation.workers:
            for pin in generation.workers[cid][1:]:
                prefer.setdefault(("", pin.distribution), pin.version)
    return prefer


def _plugins(generation: Generation) -> Iterator[tuple[str, Pin]]:
    for pin in generation.pins:
        if pin.id is not None:
            yield canonical(pin.id), pin


def _libraries(plugin: Pin, generation: Generation) -> list[Pin]:
    """The shared libraries that a plugin of the application's process reaches."""
    pins = {pin.distribution: pin for pin in generation.inline}
    found: dict[str, Pin] = {}
    pending = list(plugin.requires)
    while pending:
        name = pending.pop()
        pin = pins.get(name)
        if pin is not None and pin.id is None and name not in found:
            found[name] = pin
            pending += pin.requires
    return list(found.values())


def differs(old: Pin, new: Pin) -> bool:
    """Whether what is in a place is exchanged: another file, or the same one from elsewhere."""
    return old is not new and (old.file.sha256 != new.file.sha256 or old.source != new.source)
