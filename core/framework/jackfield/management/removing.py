"""A plan to remove plugins: with them goes what only they brought. Nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Collection

from jackfield.errors import MissingDependency
from jackfield.management.inventory import Inventory
from jackfield.management.plan import Plan, differences
from jackfield.management.specs import canonical
from jackfield.manifest import places_of
from jackfield.storage import State
from jackfield.store import Generation, Layout


def removal(inventory: Inventory, state: State, gone: Collection[str], *, layout: Layout | None) -> Plan:
    """The plan.

    Args:
        inventory: what is installed.
        state: which plugins the user asked for.
        gone: canonical ids of plugins of the store.
        layout: where their data stays; None where it is purged after.

    Raises:
        MissingDependency: another installed plugin needs one.
    """
    for cid, manifest in inventory.manifests.items():
        needed = [one.id for one in manifest.requires if not one.optional and one.canonical_id in gone]
        if needed and cid not in gone:
            raise MissingDependency(
                f"{manifest.id} needs {needed[0]}", plugin=needed[0], hint=f"remove {manifest.id} as well"
            )
    generation = inventory.generation
    # Whether the user asked for a plugin; where nobody recorded it, better keep it.
    roots = [cid for cid in inventory.pins if cid not in gone and state.get(f"asked/{cid}") is not False]
    kept = _reached([inventory.pins[cid].distribution for cid in roots], generation)
    inline = tuple(pin for pin in generation.inline if pin.distribution in kept)
    workers = {cid: own for cid, own in generation.workers.items() if own[0].distribution in kept}
    before, after = generation.places, places_of(inline, workers)
    added, changed, removed = differences(before, after, absent=(), changelogs={})
    names = {cid: inventory.pins[cid].id or cid for cid in sorted(gone)}
    return Plan(
        what=f"remove {', '.join(names.values())}",
        base=generation.number,
        pins=inline,
        workers=workers,
        added=added,
        changed=changed,
        removed=removed,
        notes=tuple(f"the data of {name} stays in {layout.data(cid)}" for cid, name in names.items() if layout),
    )


def _reached(roots: Collection[str], generation: Generation) -> set[str]:
    """The distributions that stay with some plugins: what they require, and their libraries where all share them."""
    pins = {name: pin for (within, name), pin in generation.places.items() if not within}
    reached: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        pin = pins[name]
        apart = pin.id is not None and canonical(pin.id) in generation.workers
        pending += [one for one in pin.requires if one in pins and not (apart and pins[one].id is None)]
    return reached
