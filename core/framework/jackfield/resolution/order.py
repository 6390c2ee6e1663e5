"""The order in which plugins load: dependencies first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jackfield.errors import DependencyLoop


def load_order(requires: Mapping[str, Iterable[str]]) -> list[str]:
    """Plugins so that each comes after all that it requires; by name where that leaves a choice.

    Args:
        requires: canonical id -> canonical ids that it requires; ids that are no key are ignored.

    Raises:
        DependencyLoop: plugins require each other; the message prints the circle as a → b → a.
    """
    order: list[str] = []
    done: set[str] = set()
    for start in sorted(requires):
        path: list[str] = []
        pending = [(start, iter(sorted(requires[start])))] if start not in done else []
        path = [start] if pending else []
        while pending:
            plugin, rest = pending[-1]
            following = next((one for one in rest if one in requires and one not in done), None)
            if following is None:
                pending.pop()
                path.pop()
                done.add(plugin)
                order.append(plugin)
            elif following in path:
                circle = [*path[path.index(following) :], following]
                raise DependencyLoop(
                    f"plugins require each other: {' → '.join(circle)}",
                    plugin=following,
                    hint="one of them must let go of another; tell their authors",
                )
            else:
                path.append(following)
                pending.append((following, iter(sorted(requires[following]))))
    return order
