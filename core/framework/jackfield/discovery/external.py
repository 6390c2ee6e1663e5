"""Plugins that are programs of their own and connect by themselves: known by the keys that were made for them (J13)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jackfield.errors import DiscoveryError, JackfieldError
from jackfield.manifest import SCHEMA, Candidate, Manifest, canonical_id, parse_id, read_manifest

EXTERNAL = "external/"
"""Before the canonical ids in the profile's state; under each the id, and the text of the manifest if there is one."""


def external_candidates(items: Mapping[str, Any]) -> list[Candidate]:
    """Read which external plugins a profile knows; whether one is connected stands elsewhere.

    Args:
        items: what the profile's state has under `EXTERNAL`.

    Returns:
        One candidate for each; one whose manifest cannot be read carries its `problem`.
    """
    records = (value for name, value in items.items() if name.startswith(EXTERNAL) and isinstance(value, Mapping))
    return [external_candidate(str(value.get("id", "")), _text(value.get("manifest"))) for value in records]


def external_candidate(plugin: str, manifest: str | None) -> Candidate:
    """Make the candidate of one external plugin.

    Args:
        plugin: its id.
        manifest: the text of its plugin.toml; without one it asks for no permission.
    """
    bare = Candidate(
        id=plugin,
        canonical_id=plugin,
        distribution="",
        version="0.0.0",
        entry_point="",
        group="",
        folder=None,
        manifest=None,
        origin="external",
    )
    try:
        bare = replace(bare, canonical_id=canonical_id(parse_id(plugin)))
        if manifest is None:
            return replace(bare, manifest=Manifest(SCHEMA, plugin, name=plugin, isolation="external"))
        read = read_manifest(manifest, source=f"the manifest of {plugin}")
        version = str(read.version) if read.version is not None else bare.version
        # Whatever it says of where it runs: it is a program already, and nobody can wake or exchange it.
        here = replace(read, isolation="external", activation="startup", reload="live")
        return replace(bare, manifest=here, version=version, problem=_disagreement(bare, read))
    except JackfieldError as problem:
        return replace(bare, problem=problem)


def external_record(candidate: Candidate, manifest: str | None) -> dict[str, Any]:
    """What a profile's state keeps of an external plugin, by the key under which it is kept."""
    return {f"{EXTERNAL}{candidate.canonical_id}": {"id": candidate.id, "manifest": manifest}}


def _disagreement(candidate: Candidate, manifest: Manifest) -> JackfieldError | None:
    if manifest.canonical_id == candidate.canonical_id:
        return None
    return DiscoveryError(f"the key is one of {candidate.id}, the manifest's id is {manifest.id}", plugin=candidate.id)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
