"""Making a segment of the index from what is installed: slowly, and exactly as `importlib_metadata` sees it."""

import contextlib
import marshal
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importlib_metadata import Distribution, EntryPoint

from jackfield.discovery.distributions import entry_points_of, found_in, normalised_name, text_of
from jackfield.discovery.files import HOSTFILE, HOSTS, MANIFEST
from jackfield.discovery.folders import package_folder
from jackfield.discovery.headers import headers_of
from jackfield.errors import ManifestError
from jackfield.manifest import manifest_values
from jackfield.places import stamp_of

if TYPE_CHECKING:
    from jackfield.places import Stamp


def build_segment(folder: str) -> dict[str, Any]:
    """Return what one folder or archive of the path holds.

    These are `groups`, the rows of each with the fields that `jackfield.discovery.index` names, and in sections that
    can be read one by one the `names` of the distributions, `manifests`, and `files`, the stamps of what all that was
    made from.

    `outside` is what the folder's own times tell nothing of: files that lie elsewhere, such as the manifest of an
    editable install and the `.pth` that leads to it, and the metadata of what an installer may not be done with.
    """
    segment = _Segment(folder)
    for found in found_in([folder]):
        segment.add(found)
    return segment.to_mapping()


class _Segment:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._names: dict[str, None] = {}
        self._groups: dict[str, list[tuple[str, ...]]] = {}
        self._manifests: dict[str, bytes] = {}
        self._outside: dict[str, Stamp] = {}
        self._files: dict[str, Stamp] = {}

    def add(self, distribution: Distribution) -> None:
        place = getattr(distribution, "_path", None)  # nothing public tells where the metadata lies
        where = str(place) if isinstance(place, Path) else ""
        if where and not _is_whole(distribution):
            # Before it is read: what an installer adds to it changes this folder, and not the one above.
            self._outside[where] = stamp_of(where)
        headers = headers_of(distribution)
        normalised = normalised_name(headers) if headers is not None else None
        if headers is None or normalised is None or normalised in self._names:
            return
        self._names[normalised] = None
        entries = entry_points_of(distribution)
        if isinstance(place, Path) and entries:
            for name in ("entry_points.txt", "METADATA" if (place / "METADATA").exists() else "PKG-INFO"):
                self._watch(f"{where}{os.sep}{name}")
        folders: dict[tuple[str, str], str] = {}  # most distributions have many entry points in one package
        for entry in entries:
            asked = _package(entry), HOSTFILE if entry.group == HOSTS else MANIFEST
            if asked not in folders:
                folders[asked] = self._folder_of(distribution, *asked)
            folder = folders[asked]
            row = (entry.name, normalised, headers.name, headers.version, entry.value, folder, self._within(where))
            self._groups.setdefault(entry.group, []).append(row)

    def _within(self, place: str) -> str:
        """A place as a row has it: from the folder of the path on, where it lies in there."""
        return place.removeprefix(f"{self._folder}{os.sep}")

    def _folder_of(self, distribution: Distribution, package: str, wanted: str) -> str:
        """Return the folder of a package, its manifest kept; empty where there is no such folder."""
        if not package.isidentifier():
            return ""
        folder = package_folder(distribution, package, wanted, None)
        if folder is None:
            return ""
        file = folder / wanted
        self._watch(str(file))
        if wanted == MANIFEST:  # a host's file is one of a few: whoever needs it reads it
            # What is unreadable, or holds a date: whoever needs it reads the file itself.
            with contextlib.suppress(ManifestError, ValueError):
                self._manifests[self._within(str(folder))] = marshal.dumps(manifest_values(file, source=wanted))
        return self._within(str(folder))

    def _watch(self, path: str) -> None:
        if path in self._files or path in self._outside:
            return
        if path.startswith(f"{self._folder}{os.sep}"):
            self._files[path] = stamp_of(path)
        else:
            self._outside[path] = stamp_of(path)
            for lead in _leads(self._folder):
                self._outside.setdefault(lead, stamp_of(lead))

    def to_mapping(self) -> dict[str, Any]:
        return {
            "outside": list(self._outside.items()),
            "groups": self._groups,
            "sections": {
                "names": marshal.dumps(list(self._names)),
                "manifests": marshal.dumps(self._manifests),
                "files": marshal.dumps(list(self._files.items())),
            },
        }


def _package(entry: EntryPoint) -> str:
    """Name the top-level package that an entry point leads into."""
    return entry.value.partition(":")[0].partition(".")[0].strip()


def _is_whole(distribution: Distribution) -> bool:
    """Say whether everything of its metadata is there; installers write RECORD last, or what it lists in any order."""
    record = text_of(distribution, "RECORD")
    if not record or headers_of(distribution) is None:
        return False
    return "/entry_points.txt," not in record or text_of(distribution, "entry_points.txt") is not None


def _leads(folder: str) -> Iterator[str]:
    """Every `.pth` of a folder: it may lead to the packages that an editable install left elsewhere."""
    if not os.path.isdir(folder):  # noqa: PTH112 (an archive has none)
        return
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 (names alone)
        if name.endswith(".pth"):
            yield f"{folder}{os.sep}{name}"
