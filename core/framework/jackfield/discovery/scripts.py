"""Plugins that are files in a folder: found and read, never imported (S1, M1, U1).

| in the folder | is |
|---|---|
| `name.py` | a script; what begins with `_` or `.` is none |
| `name.mcdr`, `name.pyz` | a packed plugin: a zip with `mcdreforged.plugin.json` and a package |
| a folder with `mcdreforged.plugin.json` | the same, unpacked |
| a folder with `mcdreforged.linked_directory_plugin.json` | such a folder elsewhere, named by its `target` |
| `name.lua` | a script in a language that a plugin brings (`[contributes] languages`; U38): it requires that plugin |
"""

import io
import json
import tokenize
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jackfield.errors import DiscoveryError, JackfieldError
from jackfield.manifest import (
    SCHEMA,
    Candidate,
    Dependency,
    Manifest,
    canonical_id,
    nearest_id,
    read_script,
    script_manifest,
)

PACKED_METADATA = "mcdreforged.plugin.json"
LINK = "mcdreforged.linked_directory_plugin.json"
PACKED_SUFFIXES = (".mcdr", ".pyz")
NO_LANGUAGES: Mapping[str, str] = MappingProxyType({})
NOBODY_KNOWN: Mapping[Path, str] = MappingProxyType({})
_OURS = (".py", *PACKED_SUFFIXES)
MODULE_PREFIX = "jackfield_script_"
"""Before the id in the name of a script's module, so that no script hides a library of its name."""

SCRIPT_FOLDERS = "scripts/folders"
"""The key of the state under which a running application leaves the folders that it takes scripts from."""

MOST_BYTES = 4 * 1024 * 1024
"""A script, or the metadata of a packed one; what is larger is no text that somebody wrote."""


def discover_scripts(
    folders: Sequence[Path],
    languages: Mapping[str, str] = NO_LANGUAGES,
    known: Mapping[Path, str] = NOBODY_KNOWN,
) -> list[Candidate]:
    """Find the scripts of some folders, folder by folder, each by the names of its files.

    Args:
        folders: one that is missing holds nothing.
        languages: suffix -> id of the plugin that runs such scripts, see `languages_of`.
        known: the file of each script that runs -> its id. A file that is being saved may say no id for a moment, or
            nothing: it is still that script, and not a new one in the place of one that was removed.

    Returns:
        One candidate for each script; one that cannot be read carries its `problem`. Several may claim one id: whoever
        runs them decides (M8).
    """
    found: dict[Path, None] = {}
    for folder in folders:
        found.update(dict.fromkeys(_in_folder(folder, languages)))
    return [
        read_candidate(
            path, language=languages.get(path.suffix, ""), known=known.get(_target_or_self(path), "") if known else ""
        )
        for path in found
    ]


def languages_of(candidates: Iterable[Candidate], longest: Sequence[str] = ()) -> dict[str, str]:
    """Return which suffix is a script of which plugin's language.

    Args:
        candidates: the plugins; of two with one suffix the one that was enabled first counts, then the first here.
        longest: canonical ids of those that are enabled, first the one that has been so longest.
    """
    ranks = {cid: rank for rank, cid in enumerate(longest)}
    found: dict[str, str] = {}
    for one in sorted(candidates, key=lambda one: ranks.get(one.canonical_id, len(ranks))):
        for suffix in one.manifest.contributes.languages if one.manifest is not None else ():
            found.setdefault(suffix, one.id)
    return found


def read_candidate(path: Path, *, language: str = "", known: str = "") -> Candidate:
    """Read one script: a `.py`, a packed plugin, or a plugin's folder; it is not imported.

    Args:
        path: where it lies.
        language: the id of the plugin that runs it, where it is no Python.
        known: the id of the script that was loaded from there; empty: none was.
    """
    path = path.absolute()
    name = known or (path.name if path.is_dir() else path.stem)
    identity = nearest_id(name)
    manifest: Manifest | None = None
    problem: JackfieldError | None = None
    entry_point = ""
    place = path
    try:
        if path.suffix not in _OURS and language and path.is_file():
            needs = (Dependency.parse(language),)
            manifest = Manifest(SCHEMA, identity, name=name, isolation="inline", requires=needs)
        elif path.suffix == ".py":
            manifest = _script(path, known)
            entry_point = MODULE_PREFIX + canonical_id(manifest.id).replace("-", "_")
        else:
            place = _target(path)
            metadata = _packed_metadata(place)
            manifest = script_manifest(metadata, source=path.name, fallback_id=name)
            entry_point = str(metadata.get("entrypoint") or manifest.id)
        identity = manifest.id
    except JackfieldError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 (whatever is in one file, the others run: a zip cut off, an endless sum)
        problem = DiscoveryError(f"{path.name} cannot be read: {str(error) or type(error).__name__}", plugin=identity)
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
        language=canonical_id(language) if language and path.suffix not in _OURS else "",
    )


def stamp_of(path: Path) -> str:
    """Return a text that changes when a script's file does, or any file of a plugin's folder."""
    return ";".join(f"{one}:{size}:{changed}" for one, size, changed in sorted(_stats(path)))


def stamp_of_folders(folders: Iterable[Path]) -> str:
    """Return a text that changes when a file comes, goes or changes; it costs one `stat` for each file.

    Every file counts, since any suffix may be one of a plugin's language; folders count where they are plugins.
    """
    paths = (path for folder in folders for path in _entries(folder))
    scripts = (path for path in paths if path.is_file() or _is_plugin(path))
    return "\n".join(f"{path}={stamp_of(_target_or_self(path))}" for path in scripts)


def _in_folder(folder: Path, languages: Mapping[str, str]) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.suffix in _OURS or entry.suffix in languages:
            if entry.is_file():
                yield entry.absolute()
        elif _is_plugin(entry):
            yield entry.absolute()


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder and is not hidden, by name; nothing where it is not there, or not ours to read."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "_")))
    except OSError:
        return []


def _is_plugin(folder: Path) -> bool:
    return (folder / PACKED_METADATA).is_file() or (folder / LINK).is_file()


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


def _script(path: Path, known: str) -> Manifest:
    text = _source(path)
    manifest = read_script(text, source=path.name, fallback_id=path.stem)
    if not text.strip():  # somebody has just made it, or is saving it
        raise DiscoveryError(f"{path.name} is empty", plugin=known or None)
    if known and manifest.id != read_script(text, source=path.name, fallback_id=known).id:
        raise DiscoveryError(f"{path.name} does not say any more that it is {known}", plugin=known)
    return manifest


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
    try:
        place = (path / target).resolve()
    except (ValueError, OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise DiscoveryError(f"{path.name}: {LINK} names no folder: {error}") from error
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
    except (ValueError, RecursionError) as error:
        raise DiscoveryError(f"{what} is no JSON: {error}") from error
    if not isinstance(read, Mapping):
        raise DiscoveryError(f"{what} holds no table")
    return read
