"""Which of the plugins that are here were revoked, they themselves or a library that they run on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from jackfield.manifest import Candidate, Pin, canonical_id, normalised
from jackfield.revocation.kept import KeptList
from jackfield.revocation.verdict import Hit, Subject, hits


def revoked_plugins(
    lists: Sequence[KeptList],
    candidates: Iterable[Candidate],
    inline: Sequence[Pin],
    workers: Mapping[str, Sequence[Pin]],
    contents: Callable[[Pin], str] = lambda _pin: "",
) -> dict[str, tuple[Hit, ...]]:
    """Canonical id -> why, of the plugins that were revoked.

    A script is its user's own file and nobody's to revoke. Of what pip installed and of what connects by itself only
    id and version are known.

    Args:
        lists: what is known.
        candidates: the plugins that are here; of an id that several have, the first counts.
        inline: what the application's process holds of the store.
        workers: canonical id -> the plugin, then its own libraries, of each with a process of its own.
        contents: gives the fingerprint of the code of what is installed; asked only where a list has any.
    """
    if not any(one.list.revocations for one in lists):
        return {}
    by_contents = any(entry.contents for one in lists for entry in one.list.revocations)

    def subject(pin: Pin) -> Subject:
        return Subject.of(pin, contents(pin) if by_contents else "")

    stored = {canonical_id(pin.id): pin for pin in inline if pin.id is not None}
    stored |= {cid: own[0] for cid, own in workers.items()}
    shared = {pin.distribution: pin for pin in inline}
    found: dict[str, tuple[Hit, ...]] = {}
    for one in candidates:
        cid = one.canonical_id
        if cid in found or one.origin == "script":
            continue
        # One without a manifest has no id in its pin: its file is known by the name of its distribution.
        pin = stored.get(cid, shared.get(normalised(one.distribution))) if one.origin == "store" else None
        if pin is None:
            origin = "file" if one.origin == "store" else one.origin
            found[cid] = hits(lists, Subject(cid, one.distribution, one.version, source=origin))
            continue
        libraries = workers[cid][1:] if cid in workers else _reached(pin, shared)
        found[cid] = hits(lists, subject(pin)) + tuple(
            replace(hit, library=f"{library.distribution} {library.version}")
            for library in libraries
            for hit in hits(lists, subject(library))
        )
    return {cid: told for cid, told in found.items() if told}


def _reached(plugin: Pin, shared: Mapping[str, Pin]) -> list[Pin]:
    """The libraries that a plugin reaches in the application's process; other plugins are none."""
    reached: dict[str, Pin] = {}
    waiting = list(plugin.requires)
    while waiting:
        pin = shared.get(waiting.pop())
        if pin is not None and pin.id is None and pin.distribution not in reached:
            reached[pin.distribution] = pin
            waiting += pin.requires
    return list(reached.values())
