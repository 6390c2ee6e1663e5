"""Plugins found through entry points: read, never imported; what is wrong with one is data on it (design §4)."""

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from importlib_metadata import Distribution, EntryPoint, distributions

from jackfield.discovery.folders import package_folder
from jackfield.discovery.headers import Headers, headers_of
from jackfield.errors import DiscoveryError, GrammarError, JackfieldError
from jackfield.manifest import Candidate, Manifest, Origin, canonical_id, parse_id, read_manifest_file

MANIFEST = "plugin.toml"


def discover(
    groups: Collection[str], *, path: Sequence[str | Path] | None = None, beside: Sequence[str | Path] = ()
) -> list[Candidate]:
    """Find the plugins of some entry-point groups, in the order of the path.

    Args:
        groups: entry-point groups, `chat.plugins`.
        path: the unpacked wheels of a generation (origin `store`); None: `sys.path`, the environment that runs now.
        beside: more of them, in which the package of an entry point may lie as well; their plugins are not looked for.

    Returns:
        One candidate for each entry point; one that cannot be read carries its `problem`, one without a manifest is
        `legacy`. Of two distributions with one name the first on the path counts, as in imports.
    """
    origin: Origin = "environment" if path is None else "store"
    places = [str(place) for place in path] if path is not None else None
    roots = [*places, *(str(place) for place in beside)] if places is not None else None
    return [
        _candidate(distribution, headers, entry, origin, roots)
        for distribution, headers in unique_distributions(places if places is not None else sys.path)
        for entry in distribution.entry_points
        if entry.group in groups
    ]


def unique_distributions(path: Sequence[str]) -> Iterator[tuple[Distribution, Headers]]:
    """Yield the distributions of a path, the first of each name; those without name or version are broken: left out."""
    seen: set[str] = set()
    # The path is always named: without one, every finder is asked, also the one that serves our own store.
    for found in distributions(path=list(path)):
        distribution = cast(Distribution, found)  # it is one; the annotation promises less
        headers = headers_of(distribution)
        normalised = canonical_id(headers.name) if headers is not None and headers.name.isascii() else None
        if headers is not None and normalised is not None and normalised not in seen:
            seen.add(normalised)
            yield distribution, headers


def _candidate(
    distribution: Distribution, headers: Headers, entry: EntryPoint, origin: Origin, path: Sequence[str] | None
) -> Candidate:
    name, version = headers.name, headers.version
    what = f"{name} {version}"
    bare = Candidate(
        id=entry.name,
        canonical_id=entry.name,
        distribution=name,
        version=version,
        entry_point=entry.value,
        group=entry.group,
        folder=None,
        manifest=None,
        origin=origin,
    )
    try:
        bare = replace(bare, canonical_id=canonical_id(parse_id(entry.name)))
        package = entry.value.partition(":")[0].partition(".")[0].strip()
        if not package.isidentifier():
            raise DiscoveryError(
                f"{what}: the entry point {entry.name} = {entry.value} names no module", plugin=entry.name
            )
        folder = package_folder(distribution, package, MANIFEST, path)
        bare = replace(bare, folder=folder)
        if folder is None or not (folder / MANIFEST).is_file():
            return replace(bare, legacy=True)
        manifest = read_manifest_file(folder / MANIFEST, source=f"{MANIFEST} of {what}")
        return replace(bare, manifest=manifest, problem=_disagreement(what, entry.name, version, manifest))
    except JackfieldError as problem:
        return replace(bare, problem=problem)


def _disagreement(what: str, entry_name: str, version: str, manifest: Manifest) -> JackfieldError | None:
    """Hold what is written twice against each other: the id, and the version if the manifest has one."""
    if canonical_id(entry_name) != manifest.canonical_id:
        return DiscoveryError(
            f"{what}: the entry point is named {entry_name}, the manifest's id is {manifest.id}", plugin=entry_name
        )
    if manifest.version is None:
        return None
    try:
        agrees = manifest.version.agrees_with(version)
    except GrammarError as error:
        return DiscoveryError(f"{what}: {error}", plugin=manifest.id)
    if agrees:
        return None
    return DiscoveryError(
        f"{what}: the manifest says version {manifest.version}",
        plugin=manifest.id,
        hint="leave version out of plugin.toml, the distribution's is used then",
    )
