"""What plugins keep changes its shape with their version: copied before, brought back where that fails or goes back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

from jackfield.apart import done_apart
from jackfield.errors import JackfieldError, StoreLocked
from jackfield.host.plugins import Record
from jackfield.manifest import Candidate
from jackfield.storage import RESTORE, SHAPE, Most, Snapshots, State

_log = logging.getLogger("jackfield.host")

_BY = "host"


class DataShape:
    """Keeps each plugin's data in the shape that its code reads (`data_version`).

    Args:
        root: the profile's folder.
        state: its log.
    """

    def __init__(self, root: Path, state: State) -> None:
        self._state = state
        self._snapshots = Snapshots(root, state)

    def exchanges(self, candidate: Candidate) -> bool:
        """Whether `prepare` will put another folder in the place of what a plugin keeps."""
        cid, manifest = candidate.canonical_id, candidate.manifest
        known = self._state.get(f"{SHAPE}{cid}")
        older = manifest is not None and isinstance(known, int) and known > manifest.data_version
        return older or self._state.get(f"{RESTORE}{cid}") is not None

    async def prepare(self, record: Record) -> None:
        """Have the data in place before code is loaded that reads it: bring back what was begun, or a former shape.

        Raises:
            StoreError: the disk refused; the plugin must not run over what there is.
        """
        manifest, cid = record.candidate.manifest, record.candidate.canonical_id
        await self.settle(cid)
        known = self._state.get(f"{SHAPE}{cid}")
        if manifest is None or not isinstance(known, int) or known <= manifest.data_version:
            return
        plugin, version = record.candidate.id, record.candidate.version
        found = await asyncio.to_thread(self._snapshots.fitting, cid, manifest.data_version)
        why = f"set aside when {plugin} {version} came back"
        if found is None:
            # It would read what it does not know, and write over it: an empty plugin loses nothing.
            await done_apart(self._snapshots.begin_anew, cid, manifest.data_version, why=why, by=_BY)
        else:
            await done_apart(self._snapshots.go_back, cid, found.number, why=why, by=_BY)
        await self.settle(cid)
        if found is None:
            told = f"of shape {manifest.data_version} there is no copy, so it keeps nothing yet"
        else:
            told = f"it keeps again what it kept at {found.at}"
        _log.warning(
            "%s %s: %s; what it kept since is set aside: jackfield snapshots list %s", plugin, version, told, cid
        )

    async def settle(self, cid: str) -> None:
        """Bring back what was begun to be brought back, if anything was.

        Raises:
            StoreError: the disk refused; it is tried again before the plugin is loaded the next time.
        """
        if self._state.get(f"{RESTORE}{cid}") is not None:
            await done_apart(_run, self._snapshots.complete(cid, by=_BY))

    async def settle_quietly(self, cid: str) -> None:
        """The same after a failure, which is the one to tell."""
        try:
            await self.settle(cid)
        except JackfieldError as error:
            _log.error("%s", error)

    async def migrate(self, record: Record, on_migrate: Callable[[int, int], Awaitable[object]]) -> None:
        """Call `on_migrate` where the shape changed since the plugin last ran; what it keeps is copied before.

        Raises:
            StoreError: it could not be copied; nothing of it was changed.
            Exception: what `on_migrate` raised; `settle` brings the copy back once the code is gone.
        """
        manifest, cid = record.candidate.manifest, record.candidate.canonical_id
        if manifest is None:
            return
        known, new = self._state.get(f"{SHAPE}{cid}"), manifest.data_version
        if known == new:
            return
        if not isinstance(known, int):
            change, why = {f"{SHAPE}{cid}": new}, f"data of {record.candidate.id}"
            try:  # at once, as mostly: else a plugin whose callbacks are plain would miss what it is brought up for
                self._state.change(change, by=_BY, why=why, wait_seconds=0.0)
            except StoreLocked:
                await done_apart(self._state.change, change, by=_BY, why=why)
        elif known < new:
            name = f"{record.candidate.id} {record.candidate.version}"
            if record.wiring is not None:
                await record.wiring.close()  # so that the copy is whole
            why = f"before {name} changed its shape"
            steps = self._snapshots.take(cid, known, why=why, by=_BY, most=_most(record))
            await done_apart(_run, steps)
            await on_migrate(known, new)
            await done_apart(self._snapshots.keep, cid, new, by=_BY, why=f"data of {record.candidate.id}")
            await self._tell_of_aside(name, cid, new)

    async def _tell_of_aside(self, name: str, cid: str, shape: int) -> None:
        """Say that a former stay at this shape left something: to bring it back is for the user to decide."""
        copies = await asyncio.to_thread(self._snapshots.of, cid)
        left = next((one for one in copies if one.kind == "aside" and one.data_version == shape), None)
        if left is not None:
            told = "%s: what it kept in this shape before is set aside: jackfield snapshots restore %s %d"
            _log.warning(told, name, cid, left.number)


def _most(record: Record) -> Most | None:
    """What a worker's files may be, which can make more of them than anybody has counted while they are copied."""
    process = record.remote.process if record.remote is not None else None
    return Most(process.limits.data_bytes, process.limits.data_files) if process is not None else None


def _run(steps: Generator[str]) -> None:
    for _step in steps:
        pass
