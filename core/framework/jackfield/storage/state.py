"""The state log: what the user wished, granted, set and pinned, as keyed changes that can be taken back.

Each line of `log.jsonl` is one entry: a transaction's changes, each with the value before and after, when, by whom and
why. Rules that the module keeps:

- An entry is whole or absent: it is one write followed by fsync, and a last line that is torn (the machine stopped
  within the write) counts as never written; the next writer cuts it off. A line that was changed otherwise is damage.
- Taking a transaction back touches only keys that nobody has changed since. A key that is set again to the value it has
  counts as changed: whoever set it meant it. So a grant that the user revoked never comes back by a rollback.
- Readers take no lock: they see a prefix of the log. Nor do those of this process wait for one of its threads that
  waits for another process, or for the disk: among them may be an event loop's.
"""

from __future__ import annotations

import copy
import os
import threading
import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple

from jackfield.errors import StoreError, StoreLocked
from jackfield.locks import Lock
from jackfield.places import sync_folder, waiting_for_nobody
from jackfield.storage.entry import JSON, Change, Entry, entry_of, is_torn, line_of
from jackfield.storage.folders import make_private, write_all

LOCK_SECONDS = 10.0
"""How long a writer waits for another one; a write takes milliseconds."""

_LOST = "look at jackfield permissions then: it may have taken one back"


class Reverted(NamedTuple):
    """What taking back did: keys that have their old value again, and keys kept because they changed since."""

    restored: tuple[str, ...]
    kept: tuple[str, ...]


class State:
    """The keyed state of one profile, shared by every process that opens the same folder.

    Values are JSON; `None` stands for an absent key. Safe to use from several threads.

    Args:
        folder: where the log lies; made at the first change.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "log.jsonl"
        self._place = str(self._path)
        self._guard = threading.RLock()  # of what is known of the log, and held for as long as that takes alone
        self._writers = threading.Lock()  # one of this process at a time
        # The names of the keys in order, from when somebody asks for some until one changes.
        self._order: list[str] | None = None
        self._forget()

    def get(self, key: str, default: JSON = None) -> JSON:
        """The value of `key` now, also when another process set it; `default` if it has none."""
        with self._guard:
            self._refresh()
            return _own(self._values[key]) if key in self._values else default

    def items(self, prefix: str = "") -> dict[str, JSON]:
        """Every key that starts with `prefix`, with its value, in order of names."""
        with self._guard:
            self._refresh()
            if self._order is None:
                self._order = sorted(self._values)
            named = islice(self._order, bisect_left(self._order, prefix), None)
            return {key: _own(self._values[key]) for key in takewhile(lambda key: key.startswith(prefix), named)}

    def change(
        self,
        changes: Mapping[str, JSON],
        *,
        by: str,
        why: str = "",
        transaction: str | None = None,
        expecting: Mapping[str, JSON] = MappingProxyType({}),
        since: int | None = None,
        wait_seconds: float = LOCK_SECONDS,
    ) -> tuple[str, ...]:
        """Set and remove keys, all or none; returns once the entry is on disk.

        Args:
            changes: key -> new value; None removes the key.
            by: who asked for it.
            why: a few words for people.
            transaction: the id under which `revert` finds it.
            expecting: key -> the value that it must still have: what was worked out from it would else undo what
                somebody else has just said.
            since: the `version` from which it was worked out, for what cannot be refused any more: a key that somebody
                else has set after it stays as it is, unless it is to be removed. None: no key does.
            wait_seconds: how long to wait for others who write.

        Returns:
            the keys that stayed.

        Raises:
            StoreLocked: others have been writing for more than `wait_seconds`.
            StoreError: the folder cannot be written, the log is damaged, or a key has another value by now.
        """
        if not changes:
            return ()
        with self._locked(wait_seconds):
            with self._guard:
                self._refresh()
                if any(self._values.get(key) != value for key, value in expecting.items()):
                    told = "somebody else has changed the same meanwhile; nothing was changed"
                    raise StoreError(told, hint="try again")
                later = () if since is None else self._entries[since:]
                others = (entry for entry in later if entry.transaction != transaction)
                set_since = {change.key for entry in others for change in entry.changes}
                kept = tuple(key for key in sorted(changes) if key in set_since and changes[key] is not None)
                keys = sorted({*changes}.difference(kept))
                made = tuple(Change(key, self._values.get(key), changes[key]) for key in keys)
                end = self._offset
            if made:
                self._append(Entry(transaction or uuid.uuid4().hex, _now(), by, why, made), end)
            return kept

    def revert(
        self, transactions: str | Sequence[str], *, by: str, why: str = "", transaction: str | None = None
    ) -> Reverted:
        """Take back what transactions changed, except keys that anyone has changed since.

        Args:
            transactions: one id, or several that are undone together; their order does not matter.
            by: who asked for it.
            why: a few words for people.
            transaction: the id of the taking back itself.

        Returns:
            Reverted: the keys that have their former value again, and those kept as they are.

        Raises:
            StoreLocked: another process has been writing for more than `LOCK_SECONDS`.
            StoreError: the folder cannot be written, or the log is damaged.
        """
        undone = {transactions} if isinstance(transactions, str) else set(transactions)
        with self._locked(LOCK_SECONDS):
            made, kept = [], []
            with self._guard:
                self._refresh()
                for key, stack in sorted(self._stacks.items()):
                    touched = any(owner in undone for owner, _ in stack)
                    depth = len(stack)
                    while depth and stack[depth - 1][0] in undone:
                        depth -= 1
                    if depth < len(stack):
                        made.append(Change(key, self._values.get(key), stack[depth][1]))
                    if touched and any(owner in undone for owner, _ in stack[:depth]):
                        kept.append(key)
                end = self._offset
            if made:
                entry = Entry(transaction or uuid.uuid4().hex, _now(), by, why, tuple(made), tuple(sorted(undone)))
                self._append(entry, end)
            return Reverted(tuple(change.key for change in made), tuple(kept))

    def require(self) -> None:
        """See to it that a change could be kept now, before something else is done that needs one.

        Raises:
            StoreLocked: another process has been writing for more than `LOCK_SECONDS`.
            StoreError: the folder cannot be written, or the log is damaged.
        """
        with self._locked(LOCK_SECONDS):
            with self._guard:
                self._refresh()
            try:
                os.close(os.open(self._path, os.O_WRONLY))
            except FileNotFoundError:
                pass  # the lock was made beside it, so it can be as well
            except OSError as error:
                raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error

    def seen(self, transaction: str, *, reverting: bool = False) -> bool:
        """Whether the log holds an entry of this transaction: a recovery asks before it writes one again.

        Args:
            transaction: its id.
            reverting: ask for the entry that takes others back, else for the one that sets keys: one may have both.
        """
        with self._guard:
            self._refresh()
            return any(entry.transaction == transaction and bool(entry.reverts) is reverting for entry in self._entries)

    def history(self) -> tuple[Entry, ...]:
        """Every entry, oldest first."""
        with self._guard:
            self._refresh()
            return tuple(self._entries)

    def version(self) -> int:
        """The number of entries: grows with each change, by whomever."""
        with self._guard:
            self._refresh()
            return len(self._entries)

    def stamp(self) -> tuple[int, int, int]:
        """A value that differs after every change, at the price of one `stat`: for watchers."""
        try:
            status = os.stat(self._place)  # noqa: PTH116 - at each question
        except OSError as error:  # -1: as a file where the folder was; whoever reads is told
            return (0 if isinstance(error, FileNotFoundError) else -1, 0, 0)
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    def _forget(self) -> None:
        self._entries: list[Entry] = []
        self._values: dict[str, JSON] = {}
        self._order = None
        # key -> the changes still in force, oldest first: (transaction, value before it)
        self._stacks: dict[str, list[tuple[str, JSON]]] = {}
        self._offset = 0
        self._last = b""  # the line before the offset: its transaction and time are in no other log
        self._stamp = (0, 0, 0)

    def _refresh(self) -> None:
        stamp = self.stamp()
        if stamp == self._stamp:
            return
        if stamp[0] != self._stamp[0] or stamp[1] < self._offset:
            self._forget()
        if stamp[0]:
            try:
                with open(self._path, "rb", opener=waiting_for_nobody) as log:
                    log.seek(self._offset - len(self._last))
                    text = log.read()
                    if not text.startswith(self._last):  # restored in place: another log, and all of it is new
                        self._forget()
                        log.seek(0)
                        text = log.read()
            except OSError as error:
                hint = "give it back to yourself, or restore it"
                if isinstance(error, NotADirectoryError):
                    hint = f"restore the folder {self.folder}, or move that file away to start with no plugins enabled"
                raise StoreError(f"{self._path} cannot be read: {error.strerror}", hint=hint) from error
            self._take(text[len(self._last) :])
        self._stamp = stamp

    def _take(self, text: bytes) -> None:
        lines = text.split(b"\n")
        for number, line in enumerate(lines[:-1]):
            entry = entry_of(line)
            if entry is None:
                last = number == len(lines) - 2 and not lines[-1]
                if last and is_torn(line):
                    return
                hint = "restore it from a backup, or move it away to start with no plugins enabled"
                if last:
                    hint = f"restore it from a backup, or delete its last line to forget what was changed last; {_LOST}"
                raise StoreError(f"{self._path} is damaged at byte {self._offset}", hint=hint)
            self._offset += len(line) + 1
            self._last = line + b"\n"
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._order = None
        for change in entry.changes:
            stack = self._stacks.setdefault(change.key, [])
            if entry.reverts:
                while stack and stack[-1][0] in entry.reverts:
                    stack.pop()
            else:
                stack.append((entry.transaction, change.before))
            if change.after is None:
                self._values.pop(change.key, None)
            else:
                self._values[change.key] = change.after

    def _append(self, entry: Entry, end: int) -> None:
        """Write an entry behind the last whole one, which ends there; readers may see it before it is on disk."""
        line = line_of(entry)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                new = os.fstat(descriptor).st_size == 0
                os.ftruncate(descriptor, end)  # cuts off a torn last line
                os.lseek(descriptor, end, os.SEEK_SET)
                try:
                    write_all(descriptor, line)
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, end)
                    raise
            finally:
                os.close(descriptor)
            if new:
                sync_folder(self._path.parent)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error
        with self._guard:
            self._refresh()

    @contextmanager
    def _locked(self, seconds: float) -> Iterator[None]:
        """Be the one that writes, of all processes; who waits for other threads first has as much less for others."""
        until = monotonic() + seconds
        lock = Lock(self._path.parent / "lock")
        if not self._writers.acquire(timeout=seconds):
            raise self._busy(seconds)
        try:
            try:
                make_private(self._path.parent)
                lock.take(max(until - monotonic(), 0.0))
            except TimeoutError as error:
                raise self._busy(seconds) from error
            except OSError as error:
                raise StoreError(f"{self._path.parent} cannot be written: {error.strerror}") from error
            try:
                yield
            finally:
                lock.release()
        finally:
            self._writers.release()

    def _busy(self, seconds: float) -> StoreLocked:
        return StoreLocked(f"another process has been writing {self._path} for {seconds:.0f} s")


def _own(value: JSON) -> JSON:
    """A value that its receiver may change; most are texts, of which no copy is needed."""
    return copy.deepcopy(value) if isinstance(value, (dict, list)) else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
