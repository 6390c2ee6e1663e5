"""A look at the wheels that stay in a set, at the last moment before the set that will hold them is seen.

Looking takes a `stat` for each of a thousand files. A change takes for granted that what is installed is whole, and
asks once all of the new set is on disk and nothing of it is visible yet, in the thread that makes the set. Another one
beside it was slower: each `stat` gives the interpreter away and has to win it back from whoever works.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from functools import cached_property

from jackfield.errors import StoreError
from jackfield.manifest import Pin
from jackfield.store import Store


class Look:
    """The look, taken when it is first asked. The store's lock must be held meanwhile.

    Args:
        store: the installed sets.
        pins: of the new set; those are looked at that the active one has too, none where that is damaged.
    """

    def __init__(self, store: Store, pins: Collection[Pin]) -> None:
        self._store = store
        self._pins: dict[str, Pin] = {}
        with contextlib.suppress(StoreError):
            here = store.active().wheels
            self._pins = {pin.file.sha256: pin for pin in pins if pin.file.sha256 in here}

    @property
    def asked(self) -> frozenset[str]:
        """The sha256 of what is looked at."""
        return frozenset(self._pins)

    @cached_property
    def sound(self) -> frozenset[str]:
        """The sha256 of what was found whole, as far as size and times tell."""
        return self._store.all_sound(self._pins.keys())

    @property
    def whole(self) -> bool:
        """Whether everything was."""
        return self.sound == self.asked

    def require_whole(self) -> None:
        """Return where everything was found whole.

        Raises:
            StoreError: something is damaged.
        """
        if not self.whole:
            names = ", ".join(sorted(self._pins[sha256].distribution for sha256 in self.asked - self.sound))
            raise StoreError(f"{names} is damaged in the store", hint="jackfield store verify --repair")
