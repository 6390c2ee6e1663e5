"""What a marketplace has revoked: the words of its signed list, and whether they mean a version.

A list is read so that nothing slips past it. A range that cannot be read means every version, a severity that is not
known is the worst, and ids are compared in canonical form, whatever way they are spelled (decision 2).
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, get_args

from jackfield.errors import GrammarError, IdentityError, ManifestError
from jackfield.manifest.identity import canonical_id
from jackfield.manifest.requirements import Requirement
from jackfield.manifest.versions import Version

Severity = Literal["critical", "high", "low"]
"""`critical`: it does harm; stopped at once, without a last word. `high`: it endangers whoever runs it; stopped like
any plugin that is disabled. `low`: it should be left; nobody installs it any more, and what is installed runs on."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
LIST_SCHEMA = 1
LONGEST_WORDS = 500
"""Characters of a reason, an advice or an appeal address; what is longer is cut."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_WORDS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]+")


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of a list.

    Args:
        number: names it, within its marketplace.
        plugin: the canonical id that it means; empty for files alone.
        distribution: the normalised name that it means; empty for files alone.
        versions: which versions of those; a requirement, `*` for all.
        files: sha256 of wheels, whatever they are called.
        contents: fingerprints of what those wheels hold (`jackfield.inspection.fingerprint`).
        reason: why, a sentence.
        severity: how bad it is.
        advice: what to do, a sentence; may be empty.
        revoked: when, ISO 8601 in UTC.
    """

    number: int
    plugin: str = ""
    distribution: str = ""
    versions: str = "*"
    files: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    reason: str = ""
    severity: Severity = "critical"
    advice: str = ""
    revoked: str = ""

    @property
    def stops(self) -> bool:
        """Whether what is installed may not run; else it is only not installed any more."""
        return self.severity != "low"

    @property
    def digest(self) -> str:
        """The sha256 of all that it says: another range, file, severity or reason is another one."""
        return hashlib.sha256(json.dumps(self.to_mapping(), sort_keys=True).encode()).hexdigest()

    def names(self, plugin: str | None, distribution: str, version: str) -> bool:
        """Tell whether it means a version by its name.

        Args:
            plugin: an id in any spelling; None for a library.
            distribution: a distribution's name in any spelling; may be empty.
            version: PEP 440, or what a plugin without a distribution says.
        """
        by_id = bool(self.plugin) and plugin is not None and _canonical(plugin) == self.plugin
        by_name = bool(self.distribution) and normalised(distribution) == self.distribution
        return (by_id or by_name) and means(self.versions, version)

    def holds(self, sha256: str, contents: str = "") -> bool:
        """Tell whether it means a wheel by its bytes, or by what is in it."""
        return sha256 in self.files or (bool(contents) and contents in self.contents)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values; what is empty is left out."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        values |= {name: sorted(values[name]) for name in ("files", "contents")}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class RevocationList:
    """All that one marketplace has revoked.

    Args:
        revocations: the entries.
        appeal: where who disagrees turns to: an address of any kind; may be empty.
    """

    revocations: tuple[Revocation, ...] = ()
    appeal: str = field(default="")

    def about(self, plugin: str | None, distribution: str, sha256: str, contents: str) -> list[Revocation]:
        """Return the entries that may mean something, in their order; what they really mean is theirs to say.

        Args:
            plugin: an id in any spelling; None for a library.
            distribution: a name in any spelling; may be empty.
            sha256: of a wheel; may be empty.
            contents: the fingerprint of its code; may be empty.
        """
        keys = (_canonical(plugin) if plugin else "", normalised(distribution), sha256, contents)
        places = {place for kind, key in enumerate(keys) if key for place in self._places.get((kind, key), ())}
        return [self.revocations[place] for place in sorted(places)]

    @cached_property
    def _places(self) -> dict[tuple[int, str], list[int]]:
        """Id, name, hash or fingerprint -> the entries that name it: a list of thousands is asked for each plugin."""
        found: dict[tuple[int, str], list[int]] = {}
        for place, one in enumerate(self.revocations):
            named = ({one.plugin}, {one.distribution}, one.files, one.contents)
            for kind, keys in enumerate(named):
                for key in keys:
                    found.setdefault((kind, key), []).append(place)
        return found

    def to_bytes(self) -> bytes:
        """Return the document; the same list always gives the same bytes."""
        values = {
            "schema": LIST_SCHEMA,
            "appeal": self.appeal,
            "revocations": [one.to_mapping() for one in self.revocations],
        }
        return json.dumps(values, separators=(",", ":"), sort_keys=True, ensure_ascii=True).encode()


def read_revocations(document: bytes | str, *, source: str) -> RevocationList:
    """Read a list; keys that a later marketplace adds are passed over, entries never.

    Args:
        document: as `RevocationList.to_bytes` writes it.
        source: names it in errors.

    Raises:
        ManifestError: it is no list, or one of its entries means nothing that can be looked for.
    """
    try:
        values = json.loads(document.decode() if isinstance(document, bytes) else document)  # UTF-8 and no other
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{source} is no JSON: {error}") from error
    entries = values.get("revocations") if isinstance(values, dict) else None
    if not isinstance(entries, list) or not isinstance(values.get("schema"), int):
        raise ManifestError(f"{source} is no list of revocations")
    return RevocationList(tuple(read_revocation(one, source=source) for one in entries), one_line(values.get("appeal")))


def means(versions: str, version: str) -> bool:
    """Tell whether a range means a version; one that cannot be read means all, a version that cannot is in `*` alone.

    Args:
        versions: a requirement.
        version: PEP 440 or semver.
    """
    requirement = _requirement(versions)
    if requirement is None or not requirement.parts:
        return True
    read = _version(version)
    return versions.strip() == "*" if read is None else requirement.accepts(read)


def normalised(distribution: str) -> str:
    """Return a distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def one_line(said: object) -> str:
    """Return what a marketplace said, as one line of bounded length without what could move a terminal or a page."""
    return _NO_WORDS.sub(" ", said).strip()[:LONGEST_WORDS] if isinstance(said, str) else ""


def read_revocation(entry: object, *, source: str) -> Revocation:
    """Read one entry of a list.

    Args:
        entry: as `Revocation.to_mapping` gives it.
        source: names the list in errors.

    Raises:
        ManifestError: it means nothing that can be looked for.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("number"), int):
        raise ManifestError(f"{source} has an entry without a number")
    where = f"revocation {entry['number']} of {source}"
    plugin, distribution = entry.get("plugin", ""), entry.get("distribution", "")
    files, contents = (_hashes(entry.get(name, ()), where) for name in ("files", "contents"))
    if not isinstance(plugin, str) or not isinstance(distribution, str) or not (plugin or distribution or files):
        raise ManifestError(f"{where} names nothing")
    severity = entry.get("severity")
    return Revocation(
        number=entry["number"],
        plugin=_canonical(plugin) if plugin else "",
        distribution=normalised(distribution),
        versions=str(entry.get("versions", "*")),
        files=files,
        contents=contents,
        reason=one_line(entry.get("reason")) or "it does not say why",
        severity=next((one for one in SEVERITIES if one == severity), SEVERITIES[0]),
        advice=one_line(entry.get("advice")),
        revoked=one_line(entry.get("revoked")),
    )


def _hashes(found: object, where: str) -> frozenset[str]:
    if not isinstance(found, Iterable) or isinstance(found, str | bytes):
        raise ManifestError(f"{where} has no list of hashes")
    hashes = frozenset(str(one).lower() for one in found)
    wrong = next((one for one in sorted(hashes) if not _SHA256.fullmatch(one)), None)
    if wrong is not None:
        raise ManifestError(f"{where} names {wrong[:80]!r}, which is no sha256")
    return hashes


def _canonical(text: str) -> str:
    try:
        return canonical_id(text)
    except IdentityError:
        return text.lower()


@lru_cache(maxsize=1024)  # each survey holds every plugin against every entry
def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement.parse(text)
    except GrammarError:
        return None


@lru_cache(maxsize=1024)
def _version(text: str) -> Version | None:
    with contextlib.suppress(GrammarError):
        return Version.from_pep440(text, published=False)
    with contextlib.suppress(GrammarError):
        return Version.parse(text)
    return None
