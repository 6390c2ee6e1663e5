"""Where the plugins of a lock run: what it says of each is held to the plugin's manifest, and to what was agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jackfield.errors import UsageError
from jackfield.management.consent import Consent
from jackfield.management.inventory import Inventory
from jackfield.management.moving import consent_to_move
from jackfield.management.plan import ConsentRequest
from jackfield.manifest import Manifest
from jackfield.permissions import CHOICES, Choice, Placement, allowed_choices
from jackfield.store import LockedSet


def choices_of(chosen: LockedSet, manifests: Iterable[Manifest], inventory: Inventory) -> dict[str, Choice]:
    """Canonical id -> where its user will have chosen to run it, of the plugins for which that is another choice.

    Args:
        chosen: what the lock says; a stranger may have written it.
        manifests: of all plugins in it.
        inventory: what is installed.

    Raises:
        UsageError: the lock has a plugin where it cannot run.
    """
    found: dict[str, Choice] = {}
    for manifest in manifests:
        cid, allowed = manifest.canonical_id, allowed_choices(manifest.isolation)
        choice = _choice(chosen.choices[cid]) if cid in chosen.choices else None
        if choice is not None and choice not in allowed:
            raise UsageError(
                f'the lock has {manifest.id} run as {choice}: its manifest says isolation = "{manifest.isolation}"',
                hint="lock it anew where it is installed: jackfield lock",
            )
        apart = cid in chosen.workers
        if choice is None and _placed(inventory, manifest).own_process is not apart and allowed:
            choice = allowed[0]  # where the lock was made nothing was chosen, and here something was
        if choice is not None and choice != inventory.choice(cid):
            found[cid] = choice
        if _placed(inventory, manifest, choice).own_process is not apart:
            where = ("the application's process", "a process of its own")
            raise UsageError(
                f"the lock has {manifest.id} in {where[apart]}, and here it runs in {where[not apart]}",
                hint="lock it anew where it is installed: jackfield lock",
            )
    return found


def consents_to_move(
    choices: Mapping[str, Choice], coming: Iterable[str], inventory: Inventory, words: Consent
) -> list[ConsentRequest]:
    """What a user has to agree to because plugins that do not change would be less confined than they are.

    Args:
        choices: from `choices_of`.
        coming: canonical ids of the plugins that come or change: they are asked about as a whole.
        inventory: what is installed.
        words: the application's.
    """
    asked = (
        consent_to_move(inventory, words, inventory.candidate(cid), choice)
        for cid, choice in choices.items()
        if cid not in {*coming}
    )
    return [request for request in asked if request is not None and request.growth]


def _placed(inventory: Inventory, manifest: Manifest, choice: Choice | None = None) -> Placement:
    return inventory.placement(manifest.canonical_id, manifest, chosen=choice)


def _choice(text: str) -> Choice:
    for choice in CHOICES:
        if choice == text:
            return choice
    raise UsageError(f"{text!r} in the lock is no place to run a plugin", hint=f"one of {', '.join(CHOICES)}")
