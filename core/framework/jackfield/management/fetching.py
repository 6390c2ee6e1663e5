"""Bringing the wheels of a change to this machine, under its lock; where all are here, nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.management.stepping import Progress
from jackfield.manifest import Pin
from jackfield.store import Store

if TYPE_CHECKING:  # what is here is installed without the network
    from jackfield.management.catalog import MarketCatalog

DOWNLOADS = 4
"""How many wheels are fetched at once."""


async def fetch(
    absent: Sequence[Pin],
    files: Mapping[str, Path],
    store: Store,
    catalog: Callable[[], MarketCatalog],
    held: ExitStack,
    progress: Progress | None,
) -> dict[str, Path]:
    """Return sha256 -> file, of wheels that have to come.

    Args:
        absent: those that the store lacks.
        files: sha256 -> path, of those that are files on this machine.
        store: whose lock is held.
        catalog: makes what knows the marketplaces; only asked for where something has to be fetched.
        held: with it goes the folder in which the others lie.
        progress: told name, bytes and total of each download.

    Raises:
        MarketError: a source does not answer, or sends something else.
        StoreError: the folder cannot be made.
    """
    wheels = {pin.file.sha256: files[pin.file.sha256] for pin in absent if pin.file.sha256 in files}
    coming = [pin for pin in absent if pin.file.sha256 not in wheels]
    if not coming:
        return wheels
    folder = held.enter_context(store.fetching())
    slots = asyncio.Semaphore(DOWNLOADS)

    async def one(pin: Pin) -> tuple[str, Path]:
        async with slots:
            target = folder / pin.file.sha256 / pin.file.filename
            target.parent.mkdir()
            return pin.file.sha256, await sources.download(pin, target, progress)

    async with catalog() as sources:
        return wheels | dict(await asyncio.gather(*(one(pin) for pin in coming)))
