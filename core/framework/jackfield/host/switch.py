"""What a change means for plugins that run: a pure comparison of before and after.

Rules:

- A plugin that runs on the same code as before runs on untouched.
- One whose code, libraries or permission to run changed is stopped, and started again if it shall run.
- Whoever depends on a plugin that is stopped is stopped before it, and comes back after it.
- Code cannot be exchanged in this process when it holds extension modules, when its manifest says
  `reload = "restart"`, or when a library changes that it shares with another plugin, unless both of them are replaced
  anyway: nobody asked for an unchanged plugin to be stopped. Then it runs on as it was, pending restart, and with it
  the changed plugins that it requires or that require it.
- A plugin with a process of its own can always be exchanged: the process is. It waits only for one that it requires or
  that requires it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Footing:
    """What a plugin runs on, or would run on.

    Args:
        code: what its own code is told apart by: where it lies, its version, its entry point.
        trees: the folders of its own code and of every library it reaches.
        requires: canonical ids of plugins.
        restart_only: its manifest says `reload = "restart"`, or others use its code.
        own_process: it runs in a process of its own, so its trees are no matter of the host's.
    """

    code: tuple[str, ...]
    trees: frozenset[Path] = frozenset()
    requires: frozenset[str] = frozenset()
    restart_only: bool = False
    own_process: bool = False

    def for_restart(self) -> "Footing":
        """Return the same, to be exchanged by a restart of the host only."""
        return replace(self, restart_only=True)


@dataclass(frozen=True, slots=True)
class Switch:
    """What to do; ids are canonical, in no order.

    Args:
        stop: plugins that run and must be unloaded.
        held: plugins that run on as they were, and why their next code has to wait.
        keep_trees: folders that stay in use for the held ones in this process.
    """

    stop: frozenset[str] = frozenset()
    held: Mapping[str, str] = field(default_factory=dict)
    keep_trees: frozenset[Path] = frozenset()


def compare(
    running: Mapping[str, Footing],
    wanted: Mapping[str, Footing],
    extension_modules: Callable[[Collection[Path]], Collection[str]],
) -> Switch:
    """Compare what runs with what shall run.

    Args:
        running: the plugins whose code is loaded, on what they were loaded from.
        wanted: the plugins that shall run, on what is installed now.
        extension_modules: tells which loaded modules of some folders are machine code.
    """
    changed = {cid for cid, footing in running.items() if cid in wanted and not _same(footing, wanted[cid])}
    gone = {cid for cid in running if cid not in wanted}
    # Whoever needs a plugin that goes for good cannot run on as it was, whatever speaks for holding it.
    bereft = with_dependents(gone, running)
    held = _held(running, wanted, changed - bereft, bereft, extension_modules)
    stop = with_dependents(bereft | (changed - set(held)), running) - set(held)
    keep = frozenset(tree for cid in held if not running[cid].own_process for tree in running[cid].trees)
    return Switch(frozenset(stop), held, keep)


def with_dependents(down: Collection[str], running: Mapping[str, Footing]) -> set[str]:
    """Add everyone who needs one of them, directly or through others."""
    found = set(down)
    grew = True
    while grew:
        dependents = {cid for cid, footing in running.items() if cid not in found and footing.requires & found}
        found |= dependents
        grew = bool(dependents)
    return found


def _same(before: Footing, after: Footing) -> bool:
    return before.code == after.code and before.trees == after.trees


def _held(
    running: Mapping[str, Footing],
    wanted: Mapping[str, Footing],
    changed: Collection[str],
    down: Collection[str],
    extension_modules: Callable[[Collection[Path]], Collection[str]],
) -> dict[str, str]:
    held: dict[str, str] = {}
    for cid in sorted(changed):
        before, after = running[cid], wanted[cid]
        if before.own_process or after.own_process:
            continue
        replaced = before.trees - after.trees
        machine_code = sorted(extension_modules(replaced))
        own_changed = before.code != after.code
        sharers = sorted(
            other
            for other, footing in running.items()
            if other != cid and other not in down and not footing.own_process and footing.trees & replaced
            if not own_changed or footing.code == wanted[other].code
        )
        if before.restart_only or after.restart_only:
            held[cid] = "it cannot be exchanged while the host runs"
        elif machine_code:
            held[cid] = f"it holds machine code that cannot be exchanged while the host runs: {', '.join(machine_code)}"
        elif sharers:
            held[cid] = f"a library changes that it shares with {', '.join(sharers)}"
    _spread(running, wanted, changed, held)
    return held


def _spread(
    running: Mapping[str, Footing], wanted: Mapping[str, Footing], changed: Collection[str], held: dict[str, str]
) -> None:
    """Hold the changed plugins around a held one: old and new code of a dependency must not be mixed."""
    grew = True
    while grew:
        grew = False
        for cid in sorted(changed):
            if cid in held:
                continue
            needs = running[cid].requires | wanted[cid].requires
            around = [
                other
                for other in sorted(held)
                if other in needs
                or cid in running[other].requires | wanted[other].requires
                or _shares(running[cid], running[other], wanted[cid])
            ]
            if around:
                held[cid] = f"it waits for {around[0]}"
                grew = True


def _shares(before: Footing, other: Footing, after: Footing) -> bool:
    """Say whether a plugin leaves a tree that it shares with another one in the same process."""
    return not (before.own_process or other.own_process) and bool(before.trees & other.trees - after.trees)
