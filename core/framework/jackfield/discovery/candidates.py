"""Plugins found through entry points: read, never imported; what is wrong with one is data on it (design §4)."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.discovery.files import MANIFEST
from jackfield.discovery.index import Row, installed_entry_points
from jackfield.errors import DiscoveryError, GrammarError, JackfieldError
from jackfield.manifest import Candidate, Manifest, Origin, canonical_id, parse_id, read_manifest_file

if TYPE_CHECKING:
    from importlib_metadata import Distribution


def discover(
    groups: Collection[str],
    *,
    path: Sequence[str | Path] | None = None,
    beside: Sequence[str | Path] = (),
    reads: bool = True,
) -> list[Candidate]:
    """Find the plugins of some entry-point groups, in the order of the path.

    Args:
        groups: entry-point groups, `chat.plugins`.
        path: the unpacked wheels of a generation (origin `store`); None: `sys.path`, the environment that runs now.
        beside: more of them, in which the package of an entry point may lie as well; their plugins are not looked for.
        reads: whether manifests are read; for who only wants to know what is where, in some folders.

    Returns:
        One candidate for each entry point; one that cannot be read carries its `problem`, one without a manifest is
        `legacy`. Of two distributions with one name the first on the path counts, as in imports.
    """
    if path is None:
        return [
            _of_row(group, row)
            for group in groups
            for row in installed_entry_points(group, strict=True, manifests=True)
        ]
    places = [str(place) for place in path]
    return list(_in_places(groups, places, [*places, *(str(place) for place in beside)], reads=reads))


def _in_places(
    groups: Collection[str], path: Sequence[str], roots: Sequence[str], *, reads: bool
) -> Iterator[Candidate]:
    """Read what lies in some folders, without the index: the trees of a store are looked at when they change.

    Args:
        groups: entry-point groups.
        path: the folders.
        roots: where the package of an entry point may lie.
        reads: as for `discover`.
    """
    from jackfield.discovery.distributions import entry_points_of, unique_distributions
    from jackfield.discovery.folders import package_folder

    for distribution, headers in unique_distributions(path):

        def locate(package: str, distribution: "Distribution" = distribution) -> Path | None:
            return package_folder(distribution, package, MANIFEST, roots)

        for entry in entry_points_of(distribution):
            if entry.group in groups:
                found = Found(headers.name, headers.version, entry.group, entry.name, entry.value, locate)
                yield _candidate(found, "store", reads=reads)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point and what is known of its package, before anything is judged.

    Args:
        distribution: its name as written.
        version: likewise.
        group, name, value: of the entry point.
        locate: finds the folder of the package, None for a single module.
        read: reads the manifest in a folder; called with the folder and what errors call it.
    """

    distribution: str
    version: str
    group: str
    name: str
    value: str
    locate: Callable[[str], Path | None]
    read: Callable[[Path, str], Manifest] = lambda folder, source: read_manifest_file(folder / MANIFEST, source=source)


def _of_row(group: str, row: Row) -> Candidate:
    """Make a candidate of what the index knows; the manifest's plain values are judged as if just read."""
    values = row.manifest

    def read(folder: Path, source: str) -> Manifest:
        if values is None:  # it could not be read; now it may be, and else its error is told
            return read_manifest_file(folder / MANIFEST, source=source)
        return Manifest.from_mapping(values, source=source)

    folder = Path(row.folder) if row.folder else None
    found = Found(row.distribution, row.version, group, row.name, row.value, lambda package: folder, read)
    return _candidate(found, "environment", known=values is not None)


def _candidate(found: Found, origin: Origin, *, known: bool = False, reads: bool = True) -> Candidate:
    what = f"{found.distribution} {found.version}"
    bare = Candidate(
        id=found.name,
        canonical_id=found.name,
        distribution=found.distribution,
        version=found.version,
        entry_point=found.value,
        group=found.group,
        folder=None,
        manifest=None,
        origin=origin,
    )
    try:
        bare = replace(bare, canonical_id=canonical_id(parse_id(found.name)))
        package = found.value.partition(":")[0].partition(".")[0].strip()
        if not package.isidentifier():
            raise DiscoveryError(
                f"{what}: the entry point {found.name} = {found.value} names no module", plugin=found.name
            )
        folder = found.locate(package)
        bare = replace(bare, folder=folder)
        if not reads:
            return bare
        if folder is None or (not known and not (folder / MANIFEST).is_file()):
            return replace(bare, legacy=True)
        manifest = found.read(folder, f"{MANIFEST} of {what}")
        return replace(bare, manifest=manifest, problem=_disagreement(what, found.name, found.version, manifest))
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
