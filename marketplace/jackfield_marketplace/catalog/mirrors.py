"""Plugins among `Requires-Dist`: they may repeat what `[requires]` in plugin.toml says, and must agree with it.

`[requires]` rules; the repetition is for plain pip. Where the two differ, pip would install another plugin than the one
that jackfield resolves, and a user would consent to neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jackfield.errors import VersionError
from jackfield.manifest import Dependency, Manifest, Version, canonical_id
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version as Pep440Version
from sqlalchemy import bindparam, select

from jackfield_marketplace.db import Direct, Prepared, Project, Release

_PLUGIN = Prepared(
    select(Project.id, Project.plugin_id).where(Project.name == bindparam("name"), Project.plugin_id.is_not(None))
)
_VERSIONS = Prepared(select(Release.version).where(Release.project_id == bindparam("project")))
_NAMED = re.compile(r"\d+(?:\.\d+)*")


def disagreement(direct: Direct, manifest: Manifest, requires_dist: Iterable[str]) -> str | None:
    """What a wheel's METADATA says otherwise than its plugin.toml, as a sentence, or None.

    Held against each other are the versions of that plugin that are published here, those that either side names, and
    the next after each of them. Pre-releases are left out: the two grammars have rules of their own for them.

    Args:
        direct: a transaction, to know which distributions are plugins.
        manifest: of the wheel.
        requires_dist: its METADATA's requirements, PEP 508.
    """
    required = {canonical_id(each.id): each for each in manifest.requires}
    for line in requires_dist:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        found = direct.row(_PLUGIN, name=name)
        if found is None:
            continue  # a library, or a plugin that this marketplace does not know
        project_id, plugin_id = found
        dependency = required.get(plugin_id)
        if dependency is None:
            return f"Requires-Dist names {name}, the plugin {plugin_id}; plugin.toml's [requires] does not"
        published = [text for (text,) in direct.rows(_VERSIONS, project=project_id)]
        for version in _samples(dependency, requirement.specifier, published):
            by_pip = requirement.specifier.contains(version.to_pep440(), prereleases=True)
            if by_pip != dependency.requirement.accepts(version):
                taken = ("takes", "does not") if by_pip else ("does not take", "does")
                return (
                    f"Requires-Dist {requirement} {taken[0]} {plugin_id} {version}; "
                    f"plugin.toml's [requires] {dependency.requirement} {taken[1]}"
                )
    return None


def _samples(dependency: Dependency, specifier: SpecifierSet, published: Iterable[str]) -> list[Version]:
    texts = {*_NAMED.findall(f"{dependency.requirement} {specifier}"), *published, "0"}
    found = {version for text in texts for version in _around(text)}
    return sorted(found)


def _around(text: str) -> Iterator[Version]:
    """The version and the next patch, minor and major ones."""
    release = (*Pep440Version(text).release, 0, 0)[:3]
    major, minor, patch = release
    nexts = (release, (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0))
    for numbers in nexts:
        try:
            yield Version.parse(".".join(map(str, numbers)))
        except VersionError:
            continue
