"""The store kept whole and small: damaged wheels found and brought back, what nothing reaches removed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jackfield.apart import done_apart
from jackfield.errors import JackfieldError, StoreError, StoreLocked
from jackfield.management.catalog import MarketCatalog
from jackfield.management.stepping import hold
from jackfield.manifest import Pin
from jackfield.store import Garbage, Store


@dataclass(frozen=True, slots=True)
class DamagedWheel:
    """One wheel of the store that is not what was installed.

    Args:
        sha256: its hash, by which the store names it.
        distribution: its normalised name; its hash where no generation names it.
        version: its version, empty where no generation names it.
        plugin: the plugin's id, None for a library.
        of: ids of the plugins with a process of their own whose library it is.
        damage: what is wrong, as words: `chat_poll/__init__.py was changed`.
        repaired: whether it was brought back to what was installed.
        problem: why it could not be.
    """

    sha256: str
    distribution: str
    version: str
    plugin: str | None
    damage: tuple[str, ...]
    repaired: bool = False
    problem: str | None = None
    of: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        lists = {"damage": list(self.damage), "of": list(self.of)}
        return {**{name: getattr(self, name) for name in self.__slots__}, **lists}


class Upkeep:
    """Looks after the store of one profile.

    Args:
        store: the installed sets.
        lock_seconds: how long to wait for an installer.
    """

    def __init__(self, store: Store, *, lock_seconds: float) -> None:
        self._store = store
        self._lock_seconds = lock_seconds

    async def verify(self, *, by: str) -> list[DamagedWheel]:
        """Hash every file of the store; see `Management.verify`.

        What an installer takes away just now looks damaged to who looks meanwhile. So nothing is said to be before it
        was looked at once more with no installer at work. On a disk that is read-only there is none.
        """
        found = await asyncio.to_thread(self._look)
        if found:
            with ExitStack() as held:
                try:
                    await hold(held, self._store, by=f"{by}: verify", seconds=self._lock_seconds)
                except StoreLocked:
                    raise
                except StoreError:
                    return self._described(found)
                found = await asyncio.to_thread(self._look, found)
        return self._described(found)

    def _look(self, among: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
        """What is damaged or missing of the store, of some wheels or of all: sha256 to words."""
        damaged = self._store.verify(among=among)
        found = {sha256: tuple(map(str, damage)) for sha256, damage in damaged.items()}
        return found | dict.fromkeys(self._missing(), ("its files are missing",))

    def _described(self, found: Mapping[str, tuple[str, ...]]) -> list[DamagedWheel]:
        pins, owners = self._named() if found else ({}, {})
        return [_described(sha256, words, pins.get(sha256), owners.get(sha256, ())) for sha256, words in found.items()]

    async def repair(self, catalog: MarketCatalog, *, by: str) -> list[DamagedWheel]:
        """Bring damaged wheels back, from the stored copy or the marketplace; see `Management.verify`."""
        with ExitStack() as held:
            await hold(held, self._store, by=f"{by}: repair", seconds=self._lock_seconds)
            found = self._described(await asyncio.to_thread(self._look))
            if not found:
                return []
            folder = held.enter_context(self._store.fetching())
            pins, _ = self._named()
            return [await self._mend(one, pins.get(one.sha256), catalog, folder) for one in found]

    def collect(self, *, keep: int, by: str) -> Garbage:
        """Remove what nothing can reach; see `Management.collect`."""
        with self._store.lock(by=f"{by}: collect", timeout_seconds=self._lock_seconds):
            steps = self._store.collect(keep=keep)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    gone: Garbage = done.value
                    return gone

    async def _mend(self, wheel: DamagedWheel, pin: Pin | None, catalog: MarketCatalog, folder: Path) -> DamagedWheel:
        if pin is None:
            return replace(wheel, problem="no generation names it: jackfield store gc removes it")
        try:
            try:
                await done_apart(self._store.repair, pin)
            except StoreError:  # the stored wheel is damaged as well
                target = folder / pin.file.sha256 / pin.file.filename
                target.parent.mkdir()
                fetched = await catalog.download(pin, target, None)
                await done_apart(self._store.repair, pin, fetched)
        except JackfieldError as error:
            return replace(wheel, problem=str(error))
        return replace(wheel, repaired=True)

    def _missing(self) -> list[str]:
        """The wheels of the active generation that are not in the store at all: somebody took their folders out."""
        try:
            pins = self._store.active().pins
        except StoreError:
            return []  # a pointer or a generation that is damaged is told by whoever reads it
        return [pin.file.sha256 for pin in pins if not (self._store.layout.store / pin.file.sha256).is_dir()]

    def _named(self) -> tuple[dict[str, Pin], dict[str, tuple[str, ...]]]:
        """What every generation names, by hash; and whose library it is, in the newest that knows."""
        pins: dict[str, Pin] = {}
        owners: dict[str, tuple[str, ...]] = {}
        for number in self._store.numbers():
            try:
                generation = self._store.generation(number)
            except StoreError:
                continue  # a damaged generation names nothing that can be told
            pins.update({pin.file.sha256: pin for pin in generation.pins})
            owners.update({pin.file.sha256: generation.owners(pin.file.sha256) for pin in generation.pins})
        return pins, owners


def _described(sha256: str, words: tuple[str, ...], pin: Pin | None, owners: tuple[str, ...]) -> DamagedWheel:
    if pin is None:
        return DamagedWheel(sha256, sha256, "", None, words)
    return DamagedWheel(sha256, pin.distribution, pin.version, pin.id, words, of=owners)
