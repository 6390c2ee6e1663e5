"""Ways through the activation history: back over what stands, and on over what was undone; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any

from jackfield.errors import UsageError
from jackfield.storage import Entry
from jackfield.store import Activation


def back(standing: Sequence[Activation], to: int | None) -> list[Activation] | None:
    """The activations to undo, newest first; None where none of them leads back to `to`.

    Args:
        standing: what was done and not undone, oldest first.
        to: a generation; None for the one before.

    Raises:
        UsageError: there is nothing to undo.
    """
    if to is None:
        if not standing:
            raise UsageError("there is nothing to roll back", hint="jackfield history")
        return [standing[-1]]
    for index in range(len(standing) - 1, -1, -1):
        if standing[index].previous == to:
            return list(reversed(standing[index:]))
    return None


def across(
    made: Sequence[Activation], standing: Sequence[Activation], active: int, to: int
) -> tuple[list[Activation], list[Activation]] | None:
    """The activations to undo, newest first, and then those to make again, oldest first; None where no way leads there.

    Args:
        made: every change, whether it stands or was undone, oldest first.
        standing: those that were not undone.
        active: the generation that is active.
        to: the generation to go to.
    """
    turns = {one.previous: index for index, one in enumerate(standing)} | {active: len(standing)}
    stands = {one.transaction for one in standing}
    way: list[Activation] = []
    wanted = to
    for one in reversed(made):
        if one.generation == wanted and one.transaction not in stands:
            way.insert(0, one)
            wanted = one.previous
            if wanted in turns:
                return list(reversed(standing[turns[wanted] :])), way
    return None


def again(
    way: Sequence[Activation],
    history: Sequence[Entry],
    undoing: Sequence[Activation] = (),
    made: Sequence[Activation] = (),
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The keys of the state that going forward sets, and those that it leaves as they are.

    A key is set only if nobody has set or revoked it since a rollback took it back, but for what was taken back as
    well: whoever did meant it. So a permission that was revoked does not come back on this way either. To make
    something again says nothing new: what was taken back with it can still be made again after it.

    Args:
        way: what is made again, oldest first.
        history: the state's entries, oldest first.
        undoing: what is undone before it: as if it had never been.
        made: every change so far.
    """
    wanted: dict[str, Any] = {}
    for one in way:
        wanted.update(one.changes)
    redone = {one.transaction for one in way}
    never = {one.transaction for one in undoing}
    redoes = {one.transaction: one.redoes for one in made if one.redoes}
    words: dict[str, _Words] = defaultdict(_Words)
    for entry in history:
        if entry.transaction in never and not entry.reverts:
            continue
        for change in entry.changes:
            words[change.key].hear(entry, redoes.get(entry.transaction, ()))
    changes = {key: value for key, value in wanted.items() if redone & words[key].taken_back}
    return changes, tuple(sorted(wanted.keys() - changes.keys()))


class _Words:
    """What was said of one key: the transactions that stand, and those that were taken back since the last of them."""

    def __init__(self) -> None:
        self._standing: list[tuple[str, set[str]]] = []  # each with what was taken back before it was said
        self.taken_back: set[str] = set()

    def hear(self, entry: Entry, redoes: Collection[str]) -> None:
        """Take in the next entry that changed the key, and what it makes again; nothing where it says something new."""
        if not entry.reverts:
            self._standing.append((entry.transaction, self.taken_back))
            self.taken_back = self.taken_back.difference(redoes) if redoes else set()
        while entry.reverts and self._standing and self._standing[-1][0] in entry.reverts:
            transaction, before = self._standing.pop()
            self.taken_back = {*before, *self.taken_back, transaction}


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """Id -> version before and version now, of the plugins that differ between two generations."""
    names = sorted({*before, *after})
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def none_to_go_to(
    to: int, made: Sequence[Activation], standing: Sequence[Activation], active: int, there: Container[int]
) -> UsageError:
    """What to say where no way leads to a generation, or its files are gone.

    Args:
        to: the generation that was asked for.
        made: every change, whether it stands or was undone, oldest first.
        standing: those that were not undone.
        active: the generation that is active.
        there: the generations whose files are there.
    """
    numbers = sorted({one.generation for one in made})
    known = [one.previous for one in reversed(standing)]
    known += [number for number in numbers if across(made, standing, active, number) is not None]
    known = [number for number in known if number in there and number != active]
    if to in numbers and to not in there:
        said = f"the files of generation {to} were removed, as of one that is long past"
        return UsageError(said, hint=_hint(known, "install its versions by name: id==version"))
    return UsageError(f"there is no generation {to} to go to", hint=_hint(known, "jackfield history"))


def _hint(known: Sequence[int], otherwise: str) -> str:
    numbers = ", ".join(str(number) for number in dict.fromkeys(known))
    return f"one of {numbers}; see jackfield history" if numbers else otherwise
