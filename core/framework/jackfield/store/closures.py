"""Which wheels of a generation a plugin runs on: itself, and the libraries that it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jackfield.manifest import Pin, canonical_id
from jackfield.store.generations import Generation


def with_libraries(generation: Generation) -> Iterator[tuple[str, tuple[Pin, ...]]]:
    """Each plugin by canonical id, with itself and then its libraries.

    Args:
        generation: the set.
    """
    inline = {pin.distribution: pin for pin in generation.inline}
    for pin in generation.inline:
        if pin.id is not None:
            yield canonical_id(pin.id), _reached(pin, inline)
    yield from generation.workers.items()


def _reached(pin: Pin, inline: Mapping[str, Pin]) -> tuple[Pin, ...]:
    """A plugin of the application's process, and the libraries that it reaches; other plugins are none."""
    reached, waiting = [pin], list(pin.requires)
    seen = {pin.distribution}
    while waiting:
        name = waiting.pop()
        one = inline.get(name)
        if one is not None and name not in seen and one.id is None:
            seen.add(name)
            reached.append(one)
            waiting += one.requires
    return tuple(reached)
