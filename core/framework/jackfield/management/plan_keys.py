"""The keys of the state that change with a plan: wishes, grants, who asked for what, and who is on probation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jackfield.management.plan import Plan
from jackfield.management.probation import PROBATION, put_on_probation
from jackfield.management.profiles import ENVIRONMENT, environment_key
from jackfield.management.specs import canonical
from jackfield.storage import State
from jackfield.store import SURROUNDINGS, Generation

_OF_A_PLUGIN = (
    *("wish", "grants", "asked", "pin", "isolation", "probation"),
    *("updates/of", "updates/never", "updates/later"),
)
"""What goes with a plugin that is removed; its settings, its data, who published it and what failed of it stay."""


def changed_keys(plan: Plan, state: State, before: Generation, *, enable: bool) -> dict[str, Any]:
    """Each key with its new value, None for one that goes.

    Args:
        plan: what is carried out.
        state: what there is.
        before: what is active.
        enable: whether plugins that come are enabled.
    """
    changes: dict[str, Any] = {**environment_key(state), **put_on_probation(before, plan.pins, plan.workers)}
    if plan.host_used and plan.host_used != state.get(SURROUNDINGS):
        changes[SURROUNDINGS] = dict(plan.host_used)
    for item in plan.added:
        if item.id is not None:
            cid = canonical(item.id)
            wished = enable and cid not in plan.disabled
            changes[f"wish/{cid}"] = wished
            changes[f"asked/{cid}"] = cid in plan.asked
            if wished:
                changes[f"grants/{cid}"] = plan.grants[cid].to_mapping()
    for cid in plan.asked:
        changes[f"asked/{cid}"] = True
    changes.update({f"isolation/{cid}": choice for cid, choice in plan.choices.items()})
    changes.update({f"published/{cid}": dict(said) for cid, said in plan.published.items()})
    for item in plan.changed:
        if item.id is not None and canonical(item.id) in plan.grants:
            changes[f"grants/{canonical(item.id)}"] = plan.grants[canonical(item.id)].to_mapping()
    for item in plan.removed:
        if item.id is not None:
            keys = [f"{key}/{canonical(item.id)}" for key in _OF_A_PLUGIN]
            changes.update({key: None for key in keys if state.get(key) is not None})
    return changes


def told(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys that a user is told of: that a probation is over, or what the environment is, says nothing to them."""
    return tuple(key for key in keys if key not in (ENVIRONMENT, SURROUNDINGS) and not key.startswith(PROBATION))


def key_in_words(key: str) -> str:
    """A key of the state log as a person knows it; one that nobody gave words stays as it is."""
    kind, _, rest = key.partition("/")
    plugin, _, name = rest.partition("/")
    if kind == "updates":
        return f"how {name} is updated"
    words = {
        "wish": f"whether {plugin} is enabled",
        "grants": f"the permissions of {plugin}",
        "pin": f"the pin of {plugin}",
        "trust": f"the trust in {plugin}",
        "signatures": f"the signatures demanded of {key.partition('/')[2]}",
        "settings": f"the setting {name} of {plugin}",
        "secrets": f"the secret {name} of {plugin}",
        "delete": f"whether what {plugin} keeps is deleted",
        "limits": f"what {plugin} may use as a worker",
        "quota": f"how much {plugin} may keep",
        "revoked-allowed": f"whether {plugin} may run though it was revoked",
    }
    return words.get(kind, key)
