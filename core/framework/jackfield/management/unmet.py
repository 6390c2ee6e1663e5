"""What keeps a plugin from running here: an application that it does not fit, or a need that nobody meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jackfield.manifest import Candidate, HostFile, Manifest, Version, canonical_id, host_problem


def refusal(manifest: Manifest, app: str, hostfile: HostFile | None) -> str | None:
    """Why a plugin cannot run in this application at all, as the end of a sentence; None if it can.

    Args:
        manifest: what it says of itself.
        app: the application's name.
        hostfile: its host file.
    """
    return host_problem(manifest, app, hostfile.api_version) if hostfile is not None else None


def unmet_need(
    manifest: Manifest, find: Callable[[str], Candidate | None], enabled: Callable[[str], bool]
) -> str | None:
    """The first need of a plugin that is not met, as the end of a sentence; None where all are.

    Args:
        manifest: the plugin's.
        find: looks for the installed plugin of a canonical id.
        enabled: tells whether its user wants it to run.
    """
    for dependency in manifest.requires:
        other = find(dependency.canonical_id)
        present = _version(other) if other is not None else None
        problem = dependency.problem(present)
        if problem is not None:
            return problem
        if other is not None and not dependency.optional and not enabled(dependency.canonical_id):
            return f"needs {dependency.id}, which is disabled"
    return None


def disabling(plugin: str, manifests: Mapping[str, Manifest], enabled: Callable[[str], bool]) -> str:
    """What to type to disable a plugin: who needs it is disabled before it, or would be blocked.

    Args:
        plugin: its id, as it is shown.
        manifests: of what is installed, by canonical id.
        enabled: tells whether its user wants one to run.
    """
    needing = list(_needing(canonical_id(plugin), manifests, enabled, {canonical_id(plugin)}))
    if not needing:
        return f"jackfield disable {plugin}"
    who = f"{needing[0]} needs" if len(needing) == 1 else "the others need"
    return f"jackfield disable {' '.join(needing)} {plugin}, since {who} it"


def _needing(
    cid: str, manifests: Mapping[str, Manifest], enabled: Callable[[str], bool], told: set[str]
) -> Iterator[str]:
    """The enabled plugins that do not run without this one, each after those that do not run without it."""
    for other, manifest in manifests.items():
        needs = {one.canonical_id for one in manifest.requires if not one.optional}
        if other not in told and cid in needs and enabled(other):
            told.add(other)
            yield from _needing(other, manifests, enabled, told)
            yield manifest.id


def _version(candidate: Candidate) -> Version:
    """The version that requirements are held against; a script's is no distribution's."""
    if candidate.origin in ("script", "external"):
        return Version.parse(candidate.version or "0.0.0")
    return Version.from_pep440(candidate.version, published=False)
