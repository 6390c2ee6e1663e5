"""What is said of hooks that a plugin implements and the application does not have: most often they are misspelled."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from jackfield.hooks import HookManager

_LONGEST_NAME = 100


def instead_of(name: str, manager: HookManager) -> str:
    """Return what to do about such a hook, as a hint.

    Args:
        name: the hook's, which a hostile plugin may have made up.
        manager: knows the specs.
    """
    known = sorted(one for one, caller in vars(manager.hook).items() if getattr(caller, "spec", None) is not None)
    near = get_close_matches(name[:_LONGEST_NAME], known, n=1)
    there = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none at all'};"
    return f"{there} marked optionalhook=True it is left out where there is none"


def missing_hooks(plugin: object, manager: HookManager) -> Iterable[str]:
    """Return the hooks of a registered plugin that nobody specified and that it did not mark as optional.

    pluggy registers them all the same, for a spec may come later; until then they are never called.

    Args:
        plugin: what was registered.
        manager: where.
    """
    for caller in manager.get_hookcallers(plugin) or ():
        own = [one for one in caller.get_hookimpls() if one.plugin is plugin and not one.optionalhook]
        if own and not caller.has_spec():
            yield caller.name
