"""What a plugin keeps in a profile: told, exported and deleted, also when the plugin is long gone (C14, U40).

Data stays when a plugin is disabled or removed: it may come back. To delete it is a word of its own, which can be taken
back until the application starts the next time.
"""

import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError
from jackfield.manifest import is_canonical
from jackfield.storage.archive import Allowed, add_folder, new_archive
from jackfield.storage.copying import TooMuch
from jackfield.storage.database import PluginDatabase
from jackfield.storage.folders import delete_folder, entries_below, remove_drafts
from jackfield.storage.quota import DEFAULT_QUOTA, folder_size, shown_bytes
from jackfield.storage.state import State

DATABASE = "storage.sqlite3"
FILES = "files"
_PAGE = 1000  # rows read at once by an export


def quota_of(state: State, cid: str, asked: Mapping[str, float]) -> int:
    """Return the bytes that a plugin may keep: the user's word, else the manifest's, else `DEFAULT_QUOTA`.

    Args:
        state: the profile's log.
        cid: the plugin's canonical id.
        asked: the limits of its manifest, by name.
    """
    said = state.get(f"quota/{cid}")
    if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
        return said
    return int(asked.get("data", DEFAULT_QUOTA))


@dataclass(frozen=True, slots=True)
class Kept:
    """What one plugin keeps.

    Args:
        cid: the plugin's canonical id.
        stored_bytes: the size of its database.
        files: how many files lie in its `data_dir`.
        files_bytes: their size.
        configuration: how many files lie in its `config_dir`.
        snapshots_bytes: the size of the copies that were taken before a change of its data's shape.
        settings: keys that its user set.
        secrets: keys of secrets.
        quota: the bytes that it may keep.
        marked: whether it is deleted when the application starts the next time.
    """

    cid: str
    stored_bytes: int = 0
    files: int = 0
    files_bytes: int = 0
    configuration: int = 0
    snapshots_bytes: int = 0
    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    quota: int = DEFAULT_QUOTA
    marked: bool = False

    def __bool__(self) -> bool:
        return bool(self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """What there is, for people: `3.2 MiB in its storage`, `4 settings`."""
        told = []
        if self.stored_bytes:
            told.append(f"{shown_bytes(self.stored_bytes)} in its storage")
        if self.files:
            told.append(f"{_plural(self.files, 'file')} ({shown_bytes(self.files_bytes)})")
        if self.configuration:
            told.append(f"{_plural(self.configuration, 'file')} of its configuration")
        if self.snapshots_bytes:
            told.append(f"{shown_bytes(self.snapshots_bytes)} of earlier copies")
        if self.settings:
            told.append(_plural(len(self.settings), "setting"))
        if self.secrets:
            told.append(_plural(len(self.secrets), "secret"))
        return tuple(told)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values; of secrets their names alone."""
        mapping = {name: getattr(self, name) for name in self.__slots__ if name != "cid"}
        return {
            "plugin": self.cid,
            **mapping,
            "settings": list(self.settings),
            "secrets": list(self.secrets),
            "words": list(self.words),
        }


class Belongings:
    """What the plugins of one profile keep.

    Args:
        root: the profile's folder.
        state: its log.
    """

    def __init__(self, root: Path, state: State) -> None:
        self._root = root
        self._state = state

    def plugins(self) -> tuple[str, ...]:
        """Return the canonical ids of all plugins that keep something, installed or not."""
        found = {key.split("/")[1] for kind in ("settings", "secrets") for key in self._state.items(f"{kind}/")}
        for place in ("data", "config", "snapshots"):
            folder = self._root / place
            found |= {one.name for one in folder.iterdir() if one.is_dir()} if folder.is_dir() else set()
        return tuple(cid for cid in sorted(found) if is_canonical(cid) and self.of(cid))

    def of(self, cid: str, asked: Mapping[str, float] | None = None) -> Kept:
        """Return what one plugin keeps.

        Args:
            cid: its canonical id.
            asked: the limits of its manifest, by name; None: nothing is known of them.
        """
        data = self._root / "data" / cid
        return Kept(
            cid,
            stored_bytes=folder_size(data) - folder_size(data / FILES),
            files=_count(data / FILES),
            files_bytes=folder_size(data / FILES),
            configuration=_count(self._root / "config" / cid),
            snapshots_bytes=folder_size(self._root / "snapshots" / cid),
            settings=self._keys("settings", cid),
            secrets=self._keys("secrets", cid),
            quota=quota_of(self._state, cid, asked or {}),
            marked=self.is_marked(cid),
        )

    def mark(self, cid: str, *, by: str) -> None:
        """Have it deleted when the application starts the next time."""
        self._state.change({f"delete/{cid}": True}, by=by, why=f"delete what {cid} keeps")

    def unmark(self, cid: str, *, by: str) -> bool:
        """Keep it after all; return whether it was to be deleted."""
        if not self.is_marked(cid):
            return False
        self._state.change({f"delete/{cid}": None}, by=by, why=f"keep what {cid} keeps")
        return True

    def is_marked(self, cid: str) -> bool:
        """Say whether it is to be deleted."""
        return self._state.get(f"delete/{cid}") is not None

    def marked(self) -> tuple[str, ...]:
        """Return the plugins whose data is to be deleted."""
        return tuple(key.removeprefix("delete/") for key in self._state.items("delete/"))

    def delete(self, cid: str, *, by: str) -> Kept:
        """Delete what a plugin keeps, with its settings, secrets, temporary files and log, and return what that was.

        The plugin must not run. What it was granted and wished stays: to forget that is another matter.

        Raises:
            StoreError: something cannot be deleted; what was is gone, and deleting again goes on.
        """
        kept = self.of(cid)
        try:
            # Temporary files of the last worker are deleted at the start of the next one: there is none any more.
            for place in ("data", "config", "snapshots", "run/temporary"):
                folder = self._root / place / cid
                if folder.is_dir():
                    delete_folder(folder)
            for path in (
                self._state.folder / "secrets" / f"{cid}.json",
                self._state.folder / "mirrors" / f"{cid}.json",
                self._state.folder / "mirrors" / f"{cid}.lock",
                self._root / "logs" / f"{cid}.jsonl",  # it may have written down what it kept
            ):
                path.unlink(missing_ok=True)
                remove_drafts(path)
        except OSError as error:
            raise StoreError(
                f"what {cid} keeps could not be deleted: {error.filename}: {error.strerror}", plugin=cid
            ) from error
        keys = [key for kind in ("settings", "secrets") for key in self._state.items(f"{kind}/{cid}/")]
        keys += [
            key
            for key in (f"delete/{cid}", f"limits/{cid}", f"quota/{cid}", f"restore/{cid}")
            if self._state.get(key) is not None
        ]
        self._state.change(dict.fromkeys(keys), by=by, why=f"delete what {cid} keeps")
        return kept

    def export(self, cid: str, target: Path, asked: Mapping[str, float] | None = None) -> Kept:
        """Write what a plugin keeps into a zip archive, and return what that is. Secrets are not part of it.

        In it: `entries.jsonl` with a key and a value in each line, `tables/<name>.jsonl` with a row in each,
        `tables.json` with their columns, `settings.json`, and the plugin's own files under `files/` and `config/`.
        A name that another system would take for something else, such as one with a backslash, stands there with `%5C`
        in its place, as in a URL; names that differ in their case alone are left to who unpacks them.

        Args:
            cid: the plugin's canonical id.
            target: the archive; one that is there is replaced, once the new one is whole.
            asked: the limits of its manifest, by name; None: nothing is known of them.

        Raises:
            StoreError: it cannot be read or written, or its files are more than they take on the disk and it may keep.
        """
        kept = self.of(cid, asked)
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            try:
                with os.fdopen(descriptor, "wb") as file, new_archive(file) as archive:
                    self._write(cid, archive, Allowed(kept.quota))
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except TooMuch:
            raise StoreError(
                f"{target} could not be written: its files are more than {cid} may keep, most of it holes or links",
                plugin=cid,
                hint=f"have it delete them, or let it keep more: jackfield data quota {cid} SIZE",
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{target} could not be written: {error}", plugin=cid) from error
        return kept

    def _write(self, cid: str, archive: zipfile.ZipFile, allowed: Allowed) -> None:
        data = self._root / "data" / cid
        database = PluginDatabase(data / DATABASE, plugin=cid)
        try:
            names = database.keys()
            entries = ({"key": name, "value": database.get(name)} for name in names)
            archive.writestr("entries.jsonl", _lines(entries))
            tables = database.tables()
            for table in tables:
                with archive.open(f"tables/{table.name}.jsonl", "w") as file:
                    for page in _pages(database, table):
                        file.write(_lines(page).encode())
            columns = [{"name": one.name, "columns": one.columns, "unique": one.unique} for one in tables]
            archive.writestr("tables.json", json.dumps(columns, indent=1))
        finally:
            database.close()
        prefix = f"settings/{cid}/"
        settings = {key.removeprefix(prefix): value for key, value in self._state.items(prefix).items()}
        archive.writestr("settings.json", json.dumps(settings, indent=1))
        for place, folder in (("files", data / FILES), ("config", self._root / "config" / cid)):
            add_folder(archive, folder, place, allowed)

    def _keys(self, kind: str, cid: str) -> tuple[str, ...]:
        prefix = f"{kind}/{cid}/"
        return tuple(key.removeprefix(prefix) for key in self._state.items(prefix))


def _pages(database: PluginDatabase, table: Any) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while page := database.select(table, {"id >": last}, limit=_PAGE):
        yield page
        last = page[-1]["id"]


def _lines(rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)  # ASCII: JSON can hold half a character, UTF-8 cannot


def _files(folder: Path) -> Iterator[Path]:
    """Every regular file below a folder; links are left out, they could lead anywhere."""
    return (Path(entry.path) for entry in entries_below(folder) if entry.is_file(follow_symlinks=False))


def _count(folder: Path) -> int:
    return sum(1 for _ in _files(folder))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
