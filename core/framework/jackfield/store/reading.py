"""What a profile's store holds, for everyone who only looks; no lock is needed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from jackfield.errors import StoreError
from jackfield.manifest import Pin
from jackfield.places import is_withheld, read_kept
from jackfield.store.disk import Disk
from jackfield.store.entries import Entries
from jackfield.store.garbage import GENERATIONS_KEPT, Garbage, pieces, seized, tree_size
from jackfield.store.generations import Generation, read_generation
from jackfield.store.integrity import Damage
from jackfield.store.journal import Journal
from jackfield.store.layout import Layout
from jackfield.store.lock import installer_at_work

_WAY_BACK = "go back to a generation: jackfield rollback"


class StoreReader:
    """The installed sets of one profile, to look at.

    Args:
        layout: where the profile lies.
        disk: where those who write do so.
        groups: the entry-point groups of the application's plugins; None for every group that ends in `.plugins`.
    """

    def __init__(self, layout: Layout, *, disk: Disk | None = None, groups: Collection[str] | None = None) -> None:
        self.layout = layout
        self._disk = disk or Disk()
        self.journal = Journal(layout.journal, self._disk)
        self.entries = Entries(layout.store, layout.unfinished, self._disk, groups)

    def active(self) -> Generation:
        """The active generation; number 0, the empty one, before the first install.

        Raises:
            StoreError: the pointer or the generation is damaged.
        """
        number = self.active_number()
        while True:
            try:
                return self.generation(number)
            except StoreError:
                before, number = number, self.active_number()
                if number == before:
                    raise  # else it was collected between the two looks

    def active_number(self) -> int:
        """The number that the pointer holds, 0 before there was one.

        Raises:
            StoreError: the pointer is damaged, cannot be read, or is gone though the journal names a generation.
        """
        try:
            return int(read_kept(self.layout.current))
        except FileNotFoundError as error:
            named = next(iter(self.journalled()[-1:]), 0)
            if not named:
                return 0
            if self.layout.current.exists():  # it was made between the two looks
                return self.active_number()
            raise StoreError(
                f"{self.layout.current} is gone, which held that generation {named} is active", hint=_WAY_BACK
            ) from error
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and is_withheld(error):  # no way back leads out of that
                raise StoreError(f"{self.layout.current} cannot be read: {error.strerror}") from error
            raise StoreError(f"{self.layout.current} is damaged", hint=_WAY_BACK) from error

    def generation(self, number: int) -> Generation:
        """One generation by its number.

        Raises:
            StoreError: there is none of that number, or it is damaged.
        """
        if number == 0:
            return Generation(0)
        return read_generation(self.layout.generations / str(number), number, self.layout.store)

    def numbers(self) -> tuple[int, ...]:
        """The numbers of the generations that can be activated, without 0."""
        try:
            found = os.listdir(self.layout.generations)  # noqa: PTH208 - names alone, three times in each change
        except FileNotFoundError:
            return ()
        return tuple(sorted(int(name) for name in found if name.isascii() and name.isdecimal()))

    def settled(self) -> bool:
        """False while an activation is on its way: the pointer may have changed and the state not yet.

        A watcher of the pointer waits for it; an installer that died in between is completed by `settle`.
        """
        return self.journal.pending() is None

    def is_changing(self) -> bool:
        """True while an activation is on its way and its installer lives: it will be settled without anybody's help."""
        return not self.settled() and installer_at_work(self.layout)

    def holds(self, sha256: str) -> bool:
        """Whether the wheel of this hash is unpacked here."""
        return self.entries.holds(sha256)

    def sound(self, pin: Pin) -> bool:
        """Whether a wheel is here, and nothing of it is damaged as far as size and times tell."""
        return self.entries.sound(pin.file.sha256)

    def all_sound(self, names: Collection[str]) -> frozenset[str]:
        """Those of some wheels, named by their sha256, that are sound: a set is looked at more quickly at once."""
        return self.entries.all_sound(names)

    def lacks(self, pin: Pin) -> bool:
        """Whether a wheel has to be fetched: it is not here, or damaged beyond what its stored copy can mend."""
        return self.entries.lacks(pin.file.sha256)

    def wheel(self, sha256: str) -> Path | None:
        """The stored wheel of this hash, as it was downloaded; None if it is not here."""
        return self.entries.wheel(sha256)

    def left_out(self, sha256: str) -> tuple[str, ...]:
        """What a stored wheel holds and its tree does not: scripts, data files, `.pth`."""
        return self.entries.left_out(sha256)

    def garbage(self, *, keep: int = GENERATIONS_KEPT) -> Garbage:
        """What `collect` would remove now; changes nothing.

        Args:
            keep: how many generations of the way back stay, besides the active one and those that are held.

        Raises:
            StoreError: the pointer, the journal or a generation is damaged: what it needs cannot be told.
        """
        kept = self.reached(keep)
        unneeded = [number for number in self.numbers() if number not in kept]
        held = []
        for number in unneeded:
            with seized(self.layout.generations / str(number)) as free:
                if not free:
                    held.append(number)
        going = tuple(number for number in unneeded if number not in held)
        names = self.unnamed({*kept, *held})
        begun = pieces(self.layout)
        size = sum(tree_size(self.layout.store / sha256) for sha256 in names) + sum(map(tree_size, begun))
        files = {sha256: wheel.name if (wheel := self.wheel(sha256)) else sha256 for sha256 in names}
        return Garbage(going, tuple(held), files, size, len(begun))

    def damage_below(self, trees: Iterable[Path]) -> tuple[Damage, ...]:
        """What is damaged of some trees, told by size and times: for whoever is about to run code from them.

        Args:
            trees: folders; those that are none of the store's are passed over.
        """
        own = (tree.parent.name for tree in trees if tree.parent.parent == self.layout.store)
        return tuple(damage for sha256 in own for damage in self.entries.damage(sha256))

    def verify(self, *, thorough: bool = True, among: Collection[str] | None = None) -> dict[str, tuple[Damage, ...]]:
        """Look at every wheel of the store; returns what is damaged: sha256 -> the files.

        Args:
            thorough: hash every file, instead of those only whose size or times changed.
            among: look at these alone, as far as they are still here.
        """
        names = [sha256 for sha256 in self.entries.names() if among is None or sha256 in among]
        found = {sha256: self.entries.damage(sha256, thorough=thorough) for sha256 in names}
        return {sha256: damage for sha256, damage in found.items() if damage}

    def reached(self, keep: int) -> set[int]:
        """The generations that must stay: active, being switched to, and the newest `keep` here of the way back.

        An earlier collection may have kept fewer: what is gone needs nothing.
        """
        there = set(self.numbers())
        pending = self.journal.pending()
        switching = {pending.previous, pending.generation} if pending is not None else set()
        back = [one.previous for one in self.journal.standing() if one.previous in there]
        # What was undone can be gone to again.
        forward = [one.generation for one in self.journal.activations() if one.generation in there]
        return {
            self.active_number(),
            *(switching & there),
            *back[max(0, len(back) - keep) :],
            *forward[max(0, len(forward) - keep) :],
        }

    def unnamed(self, numbers: set[int]) -> tuple[str, ...]:
        """The wheels of the store that none of these generations names."""
        named = {pin.file.sha256 for number in numbers if number for pin in self.generation(number).pins}
        return tuple(sha256 for sha256 in self.entries.names() if sha256 not in named)

    def journalled(self) -> list[int]:
        """The generations of every completed activation."""
        return [activation.generation for activation in self.journal.activations()]
