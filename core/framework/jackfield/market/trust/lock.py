"""The lock on what is known of a marketplace: python-tuf wants to be alone there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jackfield.errors import TrustError
from jackfield.locks import Lock
from jackfield.market.trust.anchor import make_private

LOCK_SECONDS = 30.0
"""How long is waited for another program that reads there."""

_BETWEEN_TRIES_SECONDS = 0.05


class Alone:
    """The lock; a context manager, and an asynchronous one that waits for it beside the event loop.

    Args:
        folder: of the marketplace; it is made where it is missing.

    Raises:
        TrustError: another program holds it for longer than `LOCK_SECONDS`.
        StoreError: the file system has no locks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock(folder / "lock")

    def __enter__(self) -> None:
        make_private(self._folder / "metadata")
        try:
            self._lock.take(LOCK_SECONDS)
        except TimeoutError as error:
            raise self._taken() from error

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    async def __aenter__(self) -> None:
        """Wait in no thread: cancelled meanwhile, that one would hold the lock in the end, and nobody let go of it."""
        make_private(self._folder / "metadata")
        loop = asyncio.get_running_loop()
        until = loop.time() + LOCK_SECONDS
        while True:
            try:
                self._lock.take(0)
            except TimeoutError as error:
                if loop.time() >= until:
                    raise self._taken() from error
            else:
                return
            await asyncio.sleep(_BETWEEN_TRIES_SECONDS)

    async def __aexit__(self, *error: object) -> None:
        self.__exit__(*error)

    def _taken(self) -> TrustError:
        return TrustError(f"another program has been reading {self._folder} for {LOCK_SECONDS:.0f} s", hint="try again")
