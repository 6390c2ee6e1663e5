"""A set with as many of the plugins as can be: one that is lost says why, and holds up no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from jackfield.errors import ResolutionError
from jackfield.manifest import Pin, canonical_id
from jackfield.resolution import Solution
from jackfield.store import Generation


async def salvage(
    pins: Mapping[str, Pin], solve: Callable[[Sequence[str]], Awaitable[Solution]]
) -> tuple[Solution, dict[str, str]]:
    """Solve for all plugins at once, or, where that cannot be, for each on top of those that can.

    Args:
        pins: canonical id -> pin, of the plugins.
        solve: finds the set for some of them, by canonical id.

    Returns:
        the set, and canonical id -> why, of the plugins that are not in it.

    Raises:
        MarketError: a source does not answer, or nonsense.
    """
    try:
        return await solve(list(pins)), {}
    except ResolutionError:
        good, lost, solution = list[str](), dict[str, str](), Solution(())
    for cid, pin in sorted(pins.items()):
        try:
            solution = await solve([*good, cid])
        except ResolutionError as error:
            lost[cid] = error.message.removeprefix(f"you ask for {pin.id}, but none can be used: ")
        else:
            good.append(cid)
    return solution, lost


def not_to_be_had(lost: Mapping[str, str], pins: Mapping[str, Pin], target: str) -> ResolutionError:
    """The error for a lock in which some plugins would have no file for a platform and Python.

    Args:
        lost: canonical id -> why, of at least one.
        pins: canonical id -> pin, of all plugins.
        target: for which.
    """
    first, *others = sorted(lost)
    names = [f"{pins[cid].id} {pins[cid].version}" for cid in (first, *others)]
    more = f"; nor can {', '.join(names[1:])}" if others else ""
    return ResolutionError(
        f"{names[0]} cannot be locked for {target}: {lost[first]}{more}",
        plugin=pins[first].id,
        hint=f"nothing was written; to lock what there is for {target} and have the lock say what is missing: "
        "--skip-missing",
    )


def kept_beside(solution: Solution, generation: Generation, lost: Mapping[str, str]) -> Solution:
    """The set, and with it what is lost as it is installed: blocked by name, and there for the day when it fits again.

    Of a library that both have, the set's version counts: whoever is lost does not run.

    Args:
        solution: the set.
        generation: what is installed.
        lost: canonical ids of the plugins that are not in the set.
    """
    taken = {pin.distribution for pin in solution.pins}
    inline = {pin.distribution: pin for pin in generation.inline}
    names = {pin.distribution for cid, pin in _plugins(generation).items() if cid in lost}
    kept: dict[str, Pin] = {}
    waiting = [name for name in names if name in inline]
    while waiting:
        name = waiting.pop()
        pin = inline.get(name)
        if pin is None or name in kept or name in taken or (pin.id is not None and name not in names):
            continue
        kept[name] = pin
        waiting += pin.requires
    workers = {cid: own for cid, own in generation.workers.items() if cid in lost}
    together = sorted((*solution.pins, *kept.values()), key=lambda pin: pin.distribution)
    return replace(solution, pins=tuple(together), workers={**solution.workers, **workers})


def _plugins(generation: Generation) -> dict[str, Pin]:
    return {canonical_id(pin.id): pin for pin in generation.pins if pin.id is not None}
