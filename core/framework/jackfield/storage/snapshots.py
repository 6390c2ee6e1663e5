"""Copies of what plugins keep, taken before its shape changes; and the way back to one (C14, design §8).

snapshots/<plugin>/<number>/about.json      of which shape it is, when and why
snapshots/<plugin>/<number>/data/           what lay in `data/<plugin>/`

To go back is written into the state first (`restore/<plugin>`), then done; whoever comes next completes it. Killed or
powered off anywhere, or with the disk full, what the plugin kept is there whole: in its place, or in one of the copies.
The methods that take steps are generators of their names; the caller runs them to the end.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from jackfield.errors import StoreError, UsageError
from jackfield.locks import locked
from jackfield.places import sync_folder
from jackfield.storage.copying import Most, TooMuch, copy_folder, remove_folder, sync_tree
from jackfield.storage.folders import make_private
from jackfield.storage.quota import folder_size
from jackfield.storage.state import LOCK_SECONDS, State

COPIES_KEPT = 3
"""Copies of one plugin that stay; what was set aside stays until somebody discards it."""

RESTORE = "restore/"
SHAPE = "data_version/"
_ABOUT = "about.json"
_DATA = "data"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One copy of what a plugin kept.

    Args:
        plugin: its canonical id.
        number: counted up for each plugin.
        kind: `copy`: taken before a change; `aside`: what a way back put aside.
        data_version: the shape of the data, as manifests count it.
        at: when, ISO 8601 in UTC.
        why: a few words: `before poll 2.0.0 changes its shape`.
        size: bytes.
    """

    plugin: str
    number: int
    kind: Literal["copy", "aside"]
    data_version: int
    at: str
    why: str
    size: int = 0

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


class Snapshots:
    """The copies of one profile; a plugin must not run while its data is exchanged.

    Args:
        root: the profile's folder.
        state: its log.
    """

    def __init__(self, root: Path, state: State) -> None:
        self._root = root
        self._state = state

    def of(self, cid: str) -> tuple[Snapshot, ...]:
        """The copies of one plugin, the newest first."""
        folder = self._root / "snapshots" / cid
        try:
            names = [int(path.name) for path in folder.iterdir() if path.name.isascii() and path.name.isdecimal()]
        except FileNotFoundError:
            return ()
        found = (self._read(cid, number) for number in sorted(names, reverse=True))
        return tuple(one for one in found if one is not None)

    def all(self) -> tuple[Snapshot, ...]:
        """The copies of every plugin, by id, the newest first."""
        folder = self._root / "snapshots"
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        return tuple(one for name in names for one in self.of(name))

    def one(self, cid: str, number: int) -> Snapshot:
        """One copy.

        Raises:
            UsageError: there is none of that number.
        """
        found = self._read(cid, number)
        if found is None:
            raise UsageError(f"{cid} has no copy {number}", hint=f"jackfield snapshots list {cid}")
        return found

    def pending(self, cid: str) -> bool:
        """Whether a way back was begun and is not done."""
        return self._state.get(f"{RESTORE}{cid}") is not None

    def fitting(self, cid: str, data_version: int) -> Snapshot | None:
        """The newest copy of the newest shape that a version can read, None without one."""
        readable = [one for one in self.of(cid) if one.data_version <= data_version]
        return max(readable, key=lambda one: (one.data_version, one.number), default=None)

    def take(self, cid: str, data_version: int, *, why: str, by: str, most: Most | None = None) -> Generator[str]:
        """Copy what a plugin keeps, and have it brought back should nobody say `keep`; yields the steps.

        Args:
            cid: its canonical id.
            data_version: the shape of the data.
            why: a few words.
            by: who asked for it.
            most: what its files may be, where its code may go on making more of them; None: that is not bounded.

        Raises:
            StoreError: the disk refused, or there is more to copy; what the plugin keeps is untouched.
        """
        number: int | None = None
        if (self._root / _DATA / cid).is_dir():
            number = self._next(cid)
            draft = self._place(cid, f".{number}.new")
            with self._told(cid, draft, "copied before its shape changes"):
                remove_folder(draft)
                make_private(draft)
                copy_folder(self._root / _DATA / cid, draft / _DATA, most)
                yield "copied"
                self._describe(draft, Snapshot(cid, number, "copy", data_version, _now(), why))
                sync_tree(draft)
                draft.rename(self._place(cid, str(number)))
                for folder in (draft.parent, draft.parent.parent, self._root):  # new ones have to get their names, too
                    sync_folder(folder)
                yield "stored"
        self._state.change({f"{RESTORE}{cid}": {"number": number, "data_version": data_version}}, by=by, why=why)
        yield "begun"
        self._prune(cid)

    def keep(self, cid: str, data_version: int, *, by: str, why: str) -> None:
        """Say that the data has its new shape: nothing is brought back any more. It is on disk before that is said.

        Args:
            cid: its canonical id.
            data_version: the new shape.
            by: who asked for it.
            why: a few words.

        Raises:
            StoreError: the disk refused.
        """
        with self._told(cid, None, "brought to disk"):
            sync_tree(self._root / _DATA / cid)
        self._state.change({f"{RESTORE}{cid}": None, f"{SHAPE}{cid}": data_version}, by=by, why=why)

    def go_back(self, cid: str, number: int, *, why: str, by: str) -> None:
        """Have a copy brought back by the next `complete`; what the plugin keeps now is set aside then.

        Raises:
            UsageError: there is no such copy.
        """
        self._go_to(cid, number, self.one(cid, number).data_version, why=why, by=by)

    def begin_anew(self, cid: str, data_version: int, *, why: str, by: str) -> None:
        """Have the next `complete` set aside what the plugin keeps, and put nothing in its place.

        Args:
            cid: its canonical id.
            data_version: the shape that it will write.
            why: a few words.
            by: who asked for it.
        """
        self._go_to(cid, None, data_version, why=why, by=by)

    def _go_to(self, cid: str, number: int | None, data_version: int, *, why: str, by: str) -> None:
        shape = self._state.get(f"{SHAPE}{cid}")
        wanted = {
            "number": number,
            "data_version": data_version,
            "aside": self._next(cid),
            "aside_version": shape if isinstance(shape, int) else data_version,
            "why": why,
        }
        self._state.change({f"{RESTORE}{cid}": wanted}, by=by, why=why)

    def complete(self, cid: str, *, by: str) -> Generator[str]:
        """Bring back what was begun to be brought back; yields the steps, none where nothing was begun.

        Raises:
            StoreError: the disk refused, or the copy is gone; it can be asked again.
        """
        wanted = self._state.get(f"{RESTORE}{cid}")
        if wanted is None:
            return
        data, number = self._root / _DATA / cid, wanted["number"]
        draft, gone = self._place(cid, ".restoring"), self._place(cid, ".gone")
        with self._told(cid, draft, "brought back"):
            make_private(draft.parent)
            remove_folder(draft)
            if number is not None:
                copy_folder(self._place(cid, f"{number}/{_DATA}"), draft)
                sync_tree(draft)
                yield "copied back"
            if wanted.get("aside") is not None:
                yield from self._set_aside(cid, data, wanted)
            remove_folder(gone)
            if data.is_dir():  # half changed, or a copy that was cut off
                data.rename(gone)
            yield "emptied"
            if number is not None:
                make_private(data.parent)
                draft.rename(data)
            if data.parent.is_dir():
                sync_folder(data.parent)
            yield "in place"
            shape = wanted["data_version"]
            self._state.change({f"{RESTORE}{cid}": None, f"{SHAPE}{cid}": shape}, by=by, why=f"data of {cid} is back")
            yield "done"
            remove_folder(gone)

    def discard(self, cid: str, number: int) -> Snapshot:
        """Delete a copy for good, and return what it was.

        Raises:
            UsageError: there is none of that number, or it is being brought back.
            StoreError: it cannot be deleted, or another process has been discarding copies for `LOCK_SECONDS`.
        """
        self.one(cid, number)  # what makes no sense is refused before anything is written
        with self._told(cid, None, "discarded"), locked(self._state.folder / "discarding.lock", LOCK_SECONDS):
            found = self.one(cid, number)
            if number in dict(self._state.get(f"{RESTORE}{cid}") or {}).values() and self.pending(cid):
                raise UsageError(f"copy {number} of {cid} is being brought back", hint="start the application first")
            gone = self._place(cid, f".discarded-{number}")
            for left in gone.parent.glob(".discarded-*"):  # by whoever was killed
                remove_folder(left)
            self._place(cid, str(number)).rename(gone)
            remove_folder(gone)
        return found

    def _set_aside(self, cid: str, data: Path, wanted: dict[str, Any]) -> Iterator[str]:
        """Put what the plugin keeps now beside the copies, unless that was done before a crash."""
        number = int(wanted["aside"])
        final, draft = self._place(cid, str(number)), self._place(cid, f".{number}.aside")
        if final.is_dir():
            return
        if not (draft / _DATA).is_dir():  # else it was moved there and has only to get its name
            if not data.is_dir():
                return  # it keeps nothing
            make_private(draft)
            about = Snapshot(cid, number, "aside", int(wanted["aside_version"]), _now(), str(wanted["why"]))
            self._describe(draft, about)
            sync_tree(draft)
            data.rename(draft / _DATA)
            yield "set aside"
        draft.rename(final)
        sync_folder(final.parent)
        yield "aside named"

    def _prune(self, cid: str) -> None:
        copies = [one for one in self.of(cid) if one.kind == "copy"]
        for one in copies[COPIES_KEPT:]:
            remove_folder(self._place(cid, str(one.number)))
        folder = self._place(cid, "")
        for path in folder.iterdir() if folder.is_dir() else ():  # what somebody left who died
            if path.name.startswith(".") and not path.name.endswith(".aside"):
                remove_folder(path)

    def _next(self, cid: str) -> int:
        return max((one.number for one in self.of(cid)), default=0) + 1

    def _place(self, cid: str, name: str) -> Path:
        return self._root / "snapshots" / cid / name

    def _describe(self, folder: Path, about: Snapshot) -> None:
        size = folder_size(folder / _DATA) or folder_size(self._root / _DATA / about.plugin)
        told = {**about.to_mapping(), "size": size}
        (folder / _ABOUT).write_text(json.dumps(told), encoding="utf-8")

    def _read(self, cid: str, number: int) -> Snapshot | None:
        try:
            told = json.loads(self._place(cid, f"{number}/{_ABOUT}").read_bytes())
            kind: Literal["copy", "aside"] = "aside" if told["kind"] == "aside" else "copy"
            shape, size = int(told["data_version"]), int(told["size"])
            return Snapshot(cid, number, kind, shape, str(told["at"]), str(told["why"]), size)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def _told(self, cid: str, draft: Path | None, what: str) -> Iterator[None]:
        """Say in a sentence what the disk refused, and leave no half copy."""
        try:
            yield
        except TooMuch:
            _discard(draft)
            raise StoreError(
                f"what {cid} keeps could not be {what}: it is more than it may keep",
                plugin=cid,
                hint=f"let it keep more: jackfield limits {cid} data=SIZE files=NUMBER",
            ) from None
        except OSError as error:
            _discard(draft)
            reason = error.strerror or str(error)
            raise StoreError(
                f"what {cid} keeps could not be {what}: {reason}",
                plugin=cid,
                hint=_way_out(error, self._root),
            ) from error


def _way_out(error: OSError, root: Path) -> str | None:
    """Say what helps against what the system refused; nothing where only its own words do."""
    if error.errno == errno.ENOSPC:
        return "make room on the disk, or discard old copies: jackfield snapshots"
    if error.errno == errno.EDQUOT:
        return "the user of the application may take up no more of the disk: discard old copies: jackfield snapshots"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"let the user of the application read and write {error.filename or root}"
    return None


def _discard(draft: Path | None) -> None:
    if draft is not None:
        with suppress(OSError):  # what is left of it is deleted before the next one
            remove_folder(draft)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
