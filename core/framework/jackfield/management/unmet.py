"""What an installed plugin needs of others and does not find."""

from __future__ import annotations

from collections.abc import Callable

from jackfield.manifest import Candidate, Manifest, Version


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


def _version(candidate: Candidate) -> Version:
    """The version that requirements are held against; a script's is no distribution's."""
    if candidate.origin in ("script", "external"):
        return Version.parse(candidate.version or "0.0.0")
    return Version.from_pep440(candidate.version, published=False)
