"""A lock file of a whole set, for one or several platforms: what `jackfield lock` writes and `sync` reads.

TOML. For each target the packages of the application's process, and of each plugin with a process of its own, each
as in PEP 751's `packages`, with its hash. One pylock file cannot hold them: there each name has one version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jackfield.errors import ManifestError, UsageError
from jackfield.manifest import File, Pin, canonical_id, distinct, parse_toml
from jackfield.store.pylock import package_of, pin_of

FORMAT = 1
MOST_LOCK_BYTES = 8 << 20
"""Of a lock file; a thousand plugins for five platforms have a fifth of it, and with signatures almost all."""

MOST_LOCK_PARTS = 800_000
"""Lines, values, lists and parts of names in a lock file: fifteen thousand files have as many. It is what reading one
costs, some microseconds each; without this bound eight mebibytes of the smallest take a quarter of a minute."""

_PARTS = (b"\n", b"=", b",", b"[", b".", b"\\")
_FEWER = "lock fewer platforms at once: jackfield lock --target"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}")


@dataclass(frozen=True, slots=True)
class LockedSet:
    """The set for one target.

    Args:
        target: its name: `linux-x86_64-cp311`.
        inline: what the application's process holds.
        workers: canonical id -> the plugin itself, then its own libraries.
        choices: canonical id -> where its user chose to run it.
        publishers: canonical id -> who published it, as its marketplace said.
        signatures: canonical id -> the publisher's signature on it (a DSSE envelope), for who verifies it.
        disabled: canonical ids of the plugins that were not enabled where it was made.
        missing: canonical id -> why, of the plugins that were installed there and are not to be had for this target.
    """

    target: str
    inline: tuple[Pin, ...]
    workers: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    publishers: Mapping[str, str] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)
    disabled: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Each wheel, once."""
        return distinct([*self.inline, *(pin for own in self.workers.values() for pin in own)])


@dataclass(frozen=True, slots=True)
class LockFile:
    """A whole lock file.

    Args:
        app: the application whose plugins they are.
        api_version: the one that it was made for; empty where nobody knows.
        sets: one for each target.
    """

    app: str
    api_version: str
    sets: tuple[LockedSet, ...]

    def for_target(self, target: str) -> LockedSet:
        """The set for a target.

        Raises:
            UsageError: it was not locked for this one.
        """
        found = next((one for one in self.sets if one.target == target), None)
        if found is None:
            names = ", ".join(one.target for one in self.sets) or "nothing"
            raise UsageError(
                f"the lock is for {names}, this is {target}",
                hint=f"where it was made: jackfield lock --target {target}",
            )
        return found

    def text(self) -> str:
        """The file.

        Raises:
            UsageError: it would be larger than any that is read.
        """
        import tomli_w

        targets = []
        for one in self.sets:
            target: dict[str, Any] = {"name": one.target}
            target |= {"choices": dict(one.choices)} if one.choices else {}
            target |= {"publishers": dict(one.publishers)} if one.publishers else {}
            target |= {"signatures": dict(one.signatures)} if one.signatures else {}
            target |= {"disabled": list(one.disabled)} if one.disabled else {}
            target |= {"missing": dict(one.missing)} if one.missing else {}
            target["packages"] = [package_of(pin) for pin in one.inline]
            target["workers"] = {
                cid: {"packages": [package_of(pin) for pin in own]} for cid, own in sorted(one.workers.items())
            }
            targets.append(target)
        head: dict[str, Any] = {"jackfield-lock": FORMAT, "app": self.app}
        head |= {"api-version": self.api_version} if self.api_version else {}
        text = tomli_w.dumps({**head, "targets": targets})
        if len(text) > MOST_LOCK_BYTES:
            raise UsageError(
                f"a lock of {len(self.sets)} platforms with {sum(len(one.pins) for one in self.sets)} files is larger "
                f"than the {MOST_LOCK_BYTES >> 20} MiB that are read of one",
                hint=_FEWER,
            )
        if _parts(text.encode()) > MOST_LOCK_PARTS:
            raise UsageError(
                f"a lock of {len(self.sets)} platforms with {sum(len(one.pins) for one in self.sets)} files has more "
                f"than the {MOST_LOCK_PARTS:,} parts that are read of one",
                hint=_FEWER,
            )
        return text


def read_lockfile(content: bytes, *, source: str) -> LockFile:
    """Read what `LockFile.text` wrote.

    Args:
        content: the file.
        source: its name, for the sentence.

    Raises:
        UsageError: it is none, is damaged or too large, or is of a newer format.
    """
    if len(content) > MOST_LOCK_BYTES:
        raise UsageError(f"{source} is too large for a lock file", hint="jackfield lock writes one")
    if _parts(content) > MOST_LOCK_PARTS:
        raise UsageError(
            f"{source} has more than {MOST_LOCK_PARTS:,} lines, values and lists, too many for a lock file", hint=_FEWER
        )
    try:
        read = parse_toml(content.decode(), source, largest=MOST_LOCK_BYTES)
        form = _whole(read["jackfield-lock"])
        if form > FORMAT:
            raise UsageError(f"{source} is of format {form}", hint="it needs a newer jackfield")
        return LockFile(str(read["app"]), str(read.get("api-version", "")), tuple(map(_set, read["targets"])))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ManifestError) as error:
        raise UsageError(f"{source} is no lock file, or is damaged", hint="jackfield lock writes one") from error


def _parts(content: bytes) -> int:
    """How much there is to read, at most: what is written within a text counts, too."""
    return sum(map(content.count, _PARTS))


def _set(target: Mapping[str, Any]) -> LockedSet:
    workers = {str(cid): tuple(map(_pin, one["packages"])) for cid, one in target.get("workers", {}).items()}
    if any(not own or own[0].id is None or canonical_id(own[0].id) != cid for cid, own in workers.items()):
        raise ValueError("a process without its plugin")
    inline = tuple(map(_pin, target["packages"]))
    _require_once(inline, workers)
    return LockedSet(
        str(target["name"]),
        inline,
        workers,
        {str(cid): str(choice) for cid, choice in target.get("choices", {}).items()},
        {str(cid): str(name) for cid, name in target.get("publishers", {}).items()},
        {str(cid): str(text) for cid, text in target.get("signatures", {}).items()},
        tuple(map(str, target.get("disabled", ()))),
        {str(cid): str(why) for cid, why in target.get("missing", {}).items()},
    )


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:  # a bool is one by its class
        raise ValueError("no whole number of anything")
    return value


def _require_once(inline: tuple[Pin, ...], workers: Mapping[str, tuple[Pin, ...]]) -> None:
    """Each distribution has one file in a process, and each plugin is in one: a second would come unseen."""
    plugins = [own[0] for own in workers.values()]
    for place in ((*inline, *plugins), *workers.values()):
        if len({pin.distribution for pin in place}) < len(place):
            raise ValueError("a distribution that is there twice")
    ids = [canonical_id(pin.id) for pin in (*inline, *plugins) if pin.id is not None]
    if len({*ids}) < len(ids):
        raise ValueError("a plugin that is there twice")
    if any(pin.id is not None for own in workers.values() for pin in own[1:]):
        raise ValueError("a plugin among the libraries of another")


def _pin(package: Mapping[str, Any]) -> Pin:
    """A pin of a stranger's lock: its hash and its name become parts of paths, so they can be nothing else."""
    pin = pin_of(package)
    File.from_mapping(pin.file.to_mapping())  # each value of the kind that it has to be
    texts = (pin.distribution, pin.version, pin.source, *pin.requires)
    if not all(isinstance(text, str) for text in texts) or not isinstance(pin.id, str | None):
        raise TypeError("a name that is none")
    if pin.file.size is not None:
        _whole(pin.file.size)
    if not _SHA256.fullmatch(pin.file.sha256) or not _FILE_NAME.fullmatch(pin.file.filename):
        raise ValueError("a file without a hash, or without a name")
    return pin
