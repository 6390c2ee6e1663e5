"""Which wheels of a generation a plugin runs on: itself, and the libraries that it reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

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


def idle_trees(generation: Generation, running: Collection[str]) -> frozenset[Path]:
    """The trees of the application's process that nobody needs while only these plugins run in it.

    They are those of the other plugins, and of the libraries that those alone reach. A library that no plugin reaches
    is nobody's, and not among them.

    Args:
        generation: the set.
        running: the canonical ids of those that run in this process.
    """
    inline = {pin.distribution: pin for pin in generation.inline}
    used: set[Path] = set()
    unused: set[Path] = set()
    for pin in generation.inline:
        if pin.id is not None:
            trees = used if canonical_id(pin.id) in running else unused
            trees |= {generation.tree(one) for one in _reached(pin, inline)}
    return frozenset(unused - used)


def trees_with_libraries(generation: Generation, trees: Collection[Path]) -> tuple[Path, ...]:
    """These trees of the application's process, and those of the libraries that they reach.

    Args:
        generation: the set.
        trees: of some of its plugins.
    """
    inline = {pin.distribution: pin for pin in generation.inline}
    chosen = [pin for pin in generation.inline if generation.tree(pin) in trees]
    return tuple(dict.fromkeys(generation.tree(one) for pin in chosen for one in _reached(pin, inline)))


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
