"""Plugins that are files in a folder: found and read, never imported (S1, M1, U1).

| in the folder | is |
|---|---|
| `name.py` | a script; what begins with `_` or `.` is none |
| `name.mcdr`, `name.pyz` | a packed plugin: a zip with `mcdreforged.plugin.json` and a package |
| a folder with `mcdreforged.plugin.json` | the same, unpacked |
| a folder with `mcdreforged.linked_directory_plugin.json` | such a folder elsewhere, named by its `target` |
"""

import io
import json
import tokenize
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jackfield.errors import DiscoveryError, JackfieldError
from jackfield.manifest import Candidate, Manifest, canonical_id, nearest_id, read_script, script_manifest

PACKED_METADATA = "mcdreforged.plugin.json"
LINK = "mcdreforged.linked_directory_plugin.json"
PACKED_SUFFIXES = (".mcdr", ".pyz")
MODULE_PREFIX = "jackfield_script_"
"""Before the id in the name of a script's module, so that no script hides a library of its name."""

SCRIPT_FOLDERS = "scripts/folders"
"""The key of the state under which a running application leaves the folders that it takes scripts from."""

MOST_BYTES = 4 * 1024 * 1024
"""A script, or the metadata of a packed one; what is larger is no text that somebody wrote."""


def discover_scripts(folders: Sequence[Path]) -> list[Candidate]:
    """Find the scripts of some folders, folder by folder, each by the names of its files.

    Args:
        folders: one that is missing holds nothing.

    Returns:
        One candidate for each script; one that cannot be read carries its `problem`. Several may claim one id: whoever
        runs them decides (M8).
    """
    return [read_candidate(path) for path in script_files(folders)]


def script_files(folders: Iterable[Path]) -> list[Path]:
    """Return the scripts of some folders, without reading them; each once."""
    found: dict[Path, None] = {}
    for folder in folders:
        found.update(dict.fromkeys(_in_folder(folder)))
    return list(found)


def read_candidate(path: Path) -> Candidate:
    """Read one script: a `.py`, a packed plugin, or a plugin's folder; it is not imported."""
    path = path.absolute()
    name = path.name if path.is_dir() else path.stem
    identity = nearest_id(name)
    manifest: Manifest | None = None
    problem: JackfieldError | None = None
    entry_point = ""
    place = path
    try:
        if path.suffix == ".py":
            manifest = read_script(_source(path), source=path.name, fallback_id=name)
            entry_point = MODULE_PREFIX + canonical_id(manifest.id).replace("-", "_")
        else:
            place = _target(path)
            metadata = _packed_metadata(place)
            manifest = script_manifest(metadata, source=path.name, fallback_id=name)
            entry_point = str(metadata.get("entrypoint") or manifest.id)
        identity = manifest.id
    except JackfieldError as error:
        problem = error
    return Candidate(
        id=identity,
        canonical_id=canonical_id(identity),
        distribution="",
        version=str(manifest.version) if manifest is not None else "",
        entry_point=entry_point,
        group="",
        folder=None,
        manifest=manifest,
        origin="script",
        problem=problem,
        file=place,
        stamp=stamp_of(place),
    )


def stamp_of(path: Path) -> str:
    """Return a text that changes when a script's file does, or any file of a plugin's folder."""
    return ";".join(f"{one}:{size}:{changed}" for one, size, changed in sorted(_stats(path)))


def stamp_of_folders(folders: Iterable[Path]) -> str:
    """Return a text that changes when a script comes, goes or changes; it costs one `stat` for each file."""
    return "\n".join(f"{path}={stamp_of(_target_or_self(path))}" for path in script_files(folders))


def _in_folder(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:  # it is not there yet, or not ours to read
        return
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.suffix == ".py" or entry.suffix in PACKED_SUFFIXES:
            if entry.is_file():
                yield entry.absolute()
        elif (entry / PACKED_METADATA).is_file() or (entry / LINK).is_file():
            yield entry.absolute()


def _stats(path: Path) -> Iterator[tuple[str, int, int]]:
    files = path.rglob("*") if path.is_dir() else (path,)
    for file in files:
        if "__pycache__" in file.parts:
            continue
        try:
            status = file.stat()
        except OSError:
            continue
        if file.is_file():
            yield file.name, status.st_size, status.st_mtime_ns


def _source(path: Path) -> str:
    """Return a script's text: UTF-8, or what its first two lines declare (PEP 263; S11)."""
    content = _bytes(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise DiscoveryError(f"{path.name} cannot be read as text: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DiscoveryError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise DiscoveryError(f"{path.name} is larger than {MOST_BYTES // 1024 // 1024} MiB")
    return content


def _target(path: Path) -> Path:
    """Return where the files of a folder lie: the folder itself, or the target of its link."""
    link = path / LINK
    if not path.is_dir() or not link.is_file():
        return path
    target = _mapping(_bytes(link), f"{LINK} of {path.name}").get("target")
    if not isinstance(target, str):
        raise DiscoveryError(f"{path.name}: {LINK} names no target")
    place = (path / target).resolve()
    if not (place / PACKED_METADATA).is_file():
        raise DiscoveryError(f"{path.name}: its target {place} holds no {PACKED_METADATA}")
    return place


def _target_or_self(path: Path) -> Path:
    try:
        return _target(path)
    except JackfieldError:
        return path


def _packed_metadata(place: Path) -> Mapping[str, Any]:
    if place.is_dir():
        return _mapping(_bytes(place / PACKED_METADATA), f"{PACKED_METADATA} of {place.name}")
    try:
        with zipfile.ZipFile(place) as archive, archive.open(PACKED_METADATA) as file:
            content = file.read(MOST_BYTES)
    except KeyError as error:
        raise DiscoveryError(f"{place.name} holds no {PACKED_METADATA}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise DiscoveryError(f"{place.name} is no zip: {error}") from error
    return _mapping(content, f"{PACKED_METADATA} of {place.name}")


def _mapping(content: bytes, what: str) -> Mapping[str, Any]:
    try:
        read = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise DiscoveryError(f"{what} is no JSON: {error}") from error
    if not isinstance(read, Mapping):
        raise DiscoveryError(f"{what} holds no table")
    return read
