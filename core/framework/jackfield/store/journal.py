"""The activation history: what was active, in which order, and what was undone.

Each line is one of three records: `begin` carries everything that an activation will change and is on disk before the
pointer is replaced; `done` and `abandoned` close it. An installer that dies in between leaves a `begin` open; the next
one compares it with the pointer and either completes or abandons it. A torn last line counts as never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError
from jackfield.places import read_kept
from jackfield.store.disk import Disk
from jackfield.store.glances import Stamp, stamp_of


@dataclass(frozen=True, slots=True)
class Activation:
    """One switch of the pointer.

    Args:
        transaction: its id, shared with the state log.
        previous: the generation that was active before; 0 is the empty one.
        generation: the generation that it makes active.
        at: when, ISO 8601 in UTC.
        by: who asked for it.
        what: a few words for people, e.g. "install poll".
        changes: the keys of the state that change with it, None for a key that goes.
        undoes: the transactions that it takes back; empty but for a rollback. One that goes on from there to a set
            that was made otherwise has changes as well.
        why: what made somebody do it, as a sentence; empty where nobody said.
        since: how many entries the state log had when the changes were worked out: what is set there after them stays.
            None in records of earlier releases, which did not say.
        redoes: the transactions that it makes again after they were taken back; empty in records of earlier releases.
    """

    transaction: str
    previous: int
    generation: int
    at: str
    by: str
    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    undoes: tuple[str, ...] = ()
    why: str = ""
    since: int | None = None
    redoes: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """What JSON carries of it."""
        return {
            "transaction": self.transaction,
            "previous": self.previous,
            "generation": self.generation,
            "at": self.at,
            "by": self.by,
            "what": self.what,
            "changes": dict(self.changes),
            "undoes": list(self.undoes),
            "why": self.why,
            "since": self.since,
            "redoes": list(self.redoes),
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Activation:
        """The activation that `to_mapping` described.

        Raises:
            KeyError, TypeError, ValueError: the mapping is not one.
        """
        return cls(
            transaction=str(mapping["transaction"]),
            previous=int(mapping["previous"]),
            generation=int(mapping["generation"]),
            at=str(mapping["at"]),
            by=str(mapping["by"]),
            what=str(mapping["what"]),
            changes=dict(mapping["changes"]),
            undoes=tuple(str(one) for one in mapping["undoes"]),
            why=str(mapping.get("why", "")),
            since=None if mapping.get("since") is None else int(mapping["since"]),
            redoes=tuple(str(one) for one in mapping.get("redoes", ())),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a journal.

    Args:
        stamp: how the file looked before it was read; None for one that was not.
        done: the completed activations.
        begun: the open one.
        records: every whole record, as it was read.
    """

    stamp: Stamp | None = None
    done: tuple[Activation, ...] = ()
    begun: Activation | None = None
    records: bytes = b""


class Journal:
    """The journal file; write to it under the install lock only.

    Args:
        path: the file; made at the first record.
        disk: where writes go.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._known = _Known()

    def begin(self, activation: Activation, *, wait: bool = True) -> None:
        """Put on disk what the activation is about to change.

        Args:
            activation: what.
            wait: False where the caller waits for it, with all else that must be on disk before the pointer is
                replaced.
        """
        self._append({"record": "begin", **activation.to_mapping()}, wait=wait)

    def finish(self, transaction: str) -> None:
        """Close an activation whose changes are all on disk.

        Nobody waits for this record: where the power is cut before it is on disk, the activation is found open, all its
        changes are found done, and it is closed again.
        """
        self._append({"record": "done", "transaction": transaction}, wait=False)

    def abandon(self, transaction: str) -> None:
        """Close an activation whose pointer was never replaced; nobody waits, as for `finish`."""
        self._append({"record": "abandoned", "transaction": transaction}, wait=False)

    def pending(self) -> Activation | None:
        """The activation that was begun and not closed, if an installer died within it or is at work."""
        return self._read()[1]

    def activations(self) -> tuple[Activation, ...]:
        """Every activation that was completed, oldest first."""
        return self._read()[0]

    def standing(self) -> tuple[Activation, ...]:
        """The completed activations that were not undone, oldest first: rollback takes from the end of it.

        So a second rollback in a row goes one further back, instead of returning to what the first one undid.
        """
        return self._walk()[1]

    def made(self) -> tuple[Activation, ...]:
        """Every change, whether it stands or was undone, oldest first; who only went back made none.

        One that went back and from there to what was made otherwise counts from where it had gone back to.
        """
        return self._walk()[0]

    def _walk(self) -> tuple[tuple[Activation, ...], tuple[Activation, ...]]:
        made: list[Activation] = []
        standing: list[Activation] = []
        for activation in self.activations():
            step = activation
            if activation.undoes:
                undone = [one for one in standing if one.transaction in activation.undoes]
                standing = [one for one in standing if one.transaction not in activation.undoes]
                turned = undone[0].previous if undone else activation.generation
                if activation.generation == turned:
                    continue
                step = replace(activation, previous=turned, undoes=())
            made.append(step)
            standing.append(step)
        return tuple(made), tuple(standing)

    def _read(self) -> tuple[tuple[Activation, ...], Activation | None, int]:
        """The completed activations, the open one, and where the next record goes; one change asks a dozen times.

        Records are only ever added: those that were understood once are not again, however long the history became.
        """
        try:
            stamp = stamp_of(self._path)
            known = self._known
            if known.stamp == stamp:
                return known.done, known.begun, len(known.records)
            text = read_kept(self._path)
        except FileNotFoundError:
            return (), None, 0
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}") from error
        before = known if text.startswith(known.records) else _Known()
        known = self._known = _parse(text, before, stamp, self._path)
        return known.done, known.begun, len(known.records)

    def _append(self, record: Mapping[str, Any], *, wait: bool = True) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        offset = self._read()[2]
        try:
            self._disk.append(self._path, line, offset=offset, wait=wait)
            if not offset and wait:
                self._disk.sync_folder(self._path.parent)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error


def _parse(text: bytes, known: _Known, stamp: Stamp, path: Path) -> _Known:
    """What is known with the records that came since."""
    done: list[Activation] = []
    begun, offset = known.begun, len(known.records)
    lines = text[offset:].split(b"\n")
    for number, line in enumerate(lines[:-1]):
        try:
            read = json.loads(line)
            record = read["record"]
            closing = record != "begin" and str(read["transaction"])
            begun_now = Activation.from_mapping(read) if record == "begin" else None
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines) - 2 and not lines[-1]:
                break  # torn: as if it was never written
            raise StoreError(
                f"{path} is damaged at byte {offset}",
                hint="move it away: the active generation stays, its history is lost",
            ) from error
        if record == "done" and begun and begun.transaction == closing:
            done.append(begun)
        begun = begun_now
        offset += len(line) + 1
    return _Known(stamp, (*known.done, *done), begun, text[:offset])
