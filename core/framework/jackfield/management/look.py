"""A look at the wheels that stay in a set, beside the making of the set that will hold them.

Looking takes a `stat` for each of a thousand files, and making a set is mostly waiting for the disk. So a change takes
for granted that what is installed is whole, and asks the look before anything of the new set becomes visible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from jackfield.errors import StoreError
from jackfield.manifest import Pin
from jackfield.store import Store


class Look:
    """The look; a context manager, which ends with it. The store's lock must be held meanwhile.

    Args:
        store: the installed sets.
        pins: of the new set; those are looked at that the active one has too, none where that is damaged.
    """

    def __init__(self, store: Store, pins: Collection[Pin]) -> None:
        self._store = store
        self._pins: dict[str, Pin] = {}
        with contextlib.suppress(StoreError):
            here = {pin.file.sha256 for pin in store.active().pins}
            self._pins = {pin.file.sha256: pin for pin in pins if pin.file.sha256 in here}
        self._threads = ThreadPoolExecutor(1, "look")
        self._found: Future[frozenset[str]] | None = None

    def __enter__(self) -> Self:
        if self._pins:
            self._found = self._threads.submit(self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    @property
    def asked(self) -> frozenset[str]:
        """The sha256 of what is looked at."""
        return frozenset(self._pins)

    @property
    def sound(self) -> frozenset[str]:
        """The sha256 of what was found whole, as far as size and times tell; waits for the end of the look."""
        return self._found.result() if self._found is not None else frozenset()

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

    def _look(self) -> frozenset[str]:
        return frozenset(sha256 for sha256, pin in self._pins.items() if self._store.sound(pin))
