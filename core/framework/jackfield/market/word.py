"""What a marketplace says of a name that somebody else says it knows: a lock, a bundle.

It is the answer to "does it hold the name, and is this its file?", from what it signs where it signs, from its page
where it does not, and where nobody can be asked from what it signed when it was last asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.manifest import File, page_path, plugin_document, plugin_path, role_of, target_folder
from jackfield.market.trust import Proven, folder_of, plain_address, read_json, read_metadata

ATTESTATION = ".attestation"


@dataclass(frozen=True, slots=True)
class Word:
    """What one marketplace says of a name and a file.

    Args:
        holds: whether it holds the name.
        vouches: whether this very file is one of it there.
        sends: whether it does not hold the name, and the upstream to which it sends us has this very file.
        attestation: sha256 of the publisher's signature that it states for the file; None for none.
    """

    holds: bool = False
    vouches: bool = False
    sends: bool = False
    attestation: str | None = None

    @classmethod
    def of_targets(cls, distribution: str, file: File, signed: Mapping[str, str]) -> Word:
        """From what is signed of a name.

        Args:
            distribution: the name, normalised.
            file: what is said to be its.
            signed: path -> sha256, of the targets that `paths_of` names, or of more.
        """
        page, wheel, attestation = paths_of(distribution, file)
        if page not in signed:
            return cls()
        return cls(holds=True, vouches=signed.get(wheel) == file.sha256, attestation=signed.get(attestation))

    @classmethod
    def of_page(cls, files: Sequence[File], file: File) -> Word:
        """From the page of a marketplace that signs nothing.

        Args:
            files: that are on it.
            file: what is said to be one of them.
        """
        for one in files:
            if one.sha256 == file.sha256:
                return cls(holds=True, vouches=True, attestation=one.attestation_sha256)
        return cls(holds=bool(files))


def paths_of(distribution: str, file: File) -> tuple[str, str, str]:
    """The targets that tell it: the name's page, the file, the publisher's signature on it."""
    wheel = f"{target_folder(distribution)}{file.filename}"
    return page_path(distribution), wheel, wheel + ATTESTATION


def word_of_proven(proven: Proven, distribution: str, file: File) -> Word | None:
    """From what was carried along; None where nothing of the name is in it."""
    if role_of(page_path(distribution)) not in proven.roles:
        return None
    paths = paths_of(distribution, file)
    signed = {path: proven.targets[path].sha256 for path in paths if path in proven.targets}
    return Word.of_targets(distribution, file, signed)


def remembered_word(trust: Path, url: str, distribution: str) -> Word | None:
    """Whether a marketplace held a name when it was last asked about it, however long ago; None where it never was.

    A name that was held is held for ever. One that was not may be by now, which who is told of it has to know. What
    it signed of files then is not told: keys may have been replaced since.

    Args:
        trust: the folder of all marketplaces.
        url: its address.
        distribution: the name, normalised.
    """
    page = page_path(distribution)
    signed = _remembered(trust, url, page)
    return None if signed is None else Word(holds=page in signed)


def proven_elsewhere(proven: Proven, plugin: str, distribution: str) -> bool | None:
    """Whether a plugin's id is another distribution's, from what was carried; None where nothing of the id is in it.

    Args:
        proven: what the marketplace signed.
        plugin: the canonical id.
        distribution: the name that somebody else says has it, normalised.
    """
    path = plugin_path(plugin)
    if role_of(path) not in proven.roles:
        return None
    target = proven.targets.get(path)
    return target is not None and target.sha256 != _document(plugin, distribution)


def remembered_elsewhere(trust: Path, url: str, plugin: str, distribution: str) -> bool | None:
    """The same, as of the last answer about that id; None where it was never asked for. An id is kept for ever.

    Args:
        trust: the folder of all marketplaces.
        url: its address.
        plugin: the canonical id.
        distribution: the name that somebody else says has it, normalised.
    """
    path = plugin_path(plugin)
    signed = _remembered(trust, url, path)
    if signed is None:
        return None
    try:
        return path in signed and signed[path]["hashes"]["sha256"] != _document(plugin, distribution)
    except (LookupError, TypeError):
        return None


def _remembered(trust: Path, url: str, target: str) -> Mapping[str, Any] | None:
    """What the bin of a target held when it came last; None where it never did."""
    path = folder_of(trust, plain_address(url)) / "metadata" / f"{role_of(target)}.json"
    try:
        found = read_json(read_metadata(path))["signed"]["targets"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _document(plugin: str, distribution: str) -> str:
    return hashlib.sha256(plugin_document(plugin, distribution)).hexdigest()
