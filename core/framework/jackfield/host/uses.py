"""What wakes a plugin whose manifest says `activation = "demand"`."""

from collections.abc import Mapping
from typing import Literal

from jackfield.manifest import Candidate

Kind = Literal["hooks", "commands", "components", "menu", "services", "events", "listens"]

_WORDS: Mapping[Kind, str] = {
    "hooks": "hook",
    "commands": "command",
    "components": "component",
    "menu": "menu item",
    "services": "service",
    "events": "event",
    "listens": "event",
}


def uses(candidate: Candidate) -> Mapping[Kind, tuple[str, ...]]:
    """Return what a plugin can be woken by: names by kind; nothing for one that is loaded at the start."""
    manifest = candidate.manifest
    if manifest is None or manifest.activation != "demand":
        return {}
    adds = manifest.contributes
    prefix = f"plugin:{candidate.id}:"
    found: dict[Kind, tuple[str, ...]] = {
        "hooks": adds.hooks,
        "commands": tuple(one.name for one in adds.commands),
        "components": tuple(one.name for one in adds.components),
        "menu": tuple(one.id for one in adds.menu),
        "services": adds.services,
        "events": tuple(prefix + name for name in adds.events),
        "listens": adds.listens,
    }
    return {kind: names for kind, names in found.items() if names}


def sentence(candidate: Candidate) -> str:
    """Say what a plugin waits for: `is loaded at the first use of command weather, hook message_received`."""
    told = [f"{_WORDS[kind]} {name}" for kind, names in uses(candidate).items() for name in names]
    shown = ", ".join(told[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else "")
    return f"is loaded at the first use of {shown}"
