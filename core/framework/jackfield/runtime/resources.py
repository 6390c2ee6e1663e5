"""`context.resources`: the files that a plugin brought with it, wherever its package lies (K34, U16)."""

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from jackfield.errors import UsageError

LARGEST_FILE = 64 << 20
"""Bytes of one file; what is larger is opened as a file or streamed, not read whole."""

MOST_NAMES = 10_000

_COMPILED = "__pycache__"


class _Place(Protocol):
    def names(self) -> list[str]: ...

    def read(self, name: str, most: int) -> bytes | None:
        """Return at most that many bytes of a file; None where there is none."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        found = (path for path in self._root.rglob("*") if path.is_file())
        return [path.relative_to(self._root).as_posix() for path in found]

    def read(self, name: str, most: int) -> bytes | None:
        path = self._root / name
        # A link that the package carries must not lead out of it either.
        if not path.resolve().is_relative_to(self._root.resolve()) or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(most)


class _Archive:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        with zipfile.ZipFile(self._path) as archive:
            return [one for one in archive.namelist() if not one.endswith("/")]

    def read(self, name: str, most: int) -> bytes | None:
        with zipfile.ZipFile(self._path) as archive:
            try:
                with archive.open(name) as file:
                    return file.read(most)
            except KeyError:
                return None


class _Nothing:
    def names(self) -> list[str]:
        return []

    def read(self, name: str, most: int) -> bytes | None:
        return None


class PluginResources:
    """`context.resources` of one plugin.

    Args:
        plugin: its id, for errors.
        package: its package's folder, or an archive; None: a single module, which has no files beside it.
    """

    def __init__(self, plugin: str, package: Path | None) -> None:
        self._plugin = plugin
        self._place = _place(package)

    def names(self, prefix: str = "") -> Sequence[str]:
        """Return the names of all files that begin with `prefix`, sorted."""
        try:
            found = self._place.names()
        except (OSError, zipfile.BadZipFile) as error:
            raise UsageError(f"the files of {self._plugin} cannot be listed: {error}", plugin=self._plugin) from error
        return sorted(one for one in found if one.startswith(prefix) and _COMPILED not in one.split("/"))[:MOST_NAMES]

    def read_text(self, name: str, *, encoding: str = "utf-8") -> str:
        """Return the text of a file."""
        try:
            return self.read_bytes(name).decode(encoding)
        except (UnicodeError, LookupError) as error:
            raise UsageError(f"{name} of {self._plugin} is no {encoding}: {error}", plugin=self._plugin) from error

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a file."""
        path = PurePosixPath(name)
        inside = name and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
        try:
            content = self._place.read(str(path), LARGEST_FILE + 1) if inside else None
        except UnicodeEncodeError:  # half a surrogate pair: no file can be called so
            content = None
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:  # RuntimeError: an archive with a password
            raise UsageError(f"{name} of {self._plugin} cannot be read: {error}", plugin=self._plugin) from error
        if content is None:
            raise UsageError(f"there is no file {name!r} in the package of {self._plugin}", plugin=self._plugin)
        if len(content) > LARGEST_FILE:
            raise UsageError(f"{name} of {self._plugin} is larger than {LARGEST_FILE >> 20} MiB", plugin=self._plugin)
        return content


def _place(package: Path | None) -> _Place:
    if package is None:
        return _Nothing()
    if package.is_dir():
        return _Folder(package)
    return _Archive(package) if zipfile.is_zipfile(package) else _Nothing()
