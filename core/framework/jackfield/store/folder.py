"""The store of one profile: what is installed, and the one way to change it.

`commit` and `activate` are generators of step names: the caller runs them to the end, step by step. Killed or powered
off between any two, the profile holds the whole old or the whole new set, and the next installer clears the rest:

- before `pointer-replaced` nothing that a reader looks at has changed;
- from then on the journal holds all that is still to be done, and `settle` does it.
"""

from __future__ import annotations

import contextlib
import errno
import uuid
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from jackfield.errors import JackfieldError, StoreError
from jackfield.manifest import Pin, distinct
from jackfield.store.disk import apart, require_together
from jackfield.store.garbage import GENERATIONS_KEPT, Garbage, drafts, empty, remove_generations, remove_wheels
from jackfield.store.generations import Generation, same_wheels
from jackfield.store.journal import Activation
from jackfield.store.lock import WAIT_SECONDS, install_lock
from jackfield.store.reading import StoreReader
from jackfield.store.table import StoredFile, build_table
from jackfield.store.writing import write_generation

Record = Callable[[Activation], None]
"""Puts an activation's changes of the state on disk; called again for the same transaction after a crash."""

Check = Callable[[Mapping[str, StoredFile], str], None]
"""Looks at a table of files of a new generation, and raises where it cannot be used. With it comes the canonical id of
the plugin with a process of its own whose files these are; empty for the application's process."""


class Store(StoreReader):
    """The installed sets of one profile.

    Reading needs no lock. Every method that writes must be called under `lock`.

    Args:
        layout: where the profile lies; its folders are made by the first write.
        disk: where writes go.
        groups: the entry-point groups of the application's plugins.
    """

    def lock(self, *, by: str, timeout_seconds: float = WAIT_SECONDS) -> AbstractContextManager[None]:
        """Hold the profile against other installers; see `install_lock`."""
        return install_lock(self.layout, by=by, timeout_seconds=timeout_seconds)

    @contextlib.contextmanager
    def fetching(self) -> Iterator[Path]:
        """An empty folder for wheels that are to come into the store, on the same file system; gone with the block.

        Raises:
            StoreError: it cannot be made.
        """
        folder = self.layout.fetched / uuid.uuid4().hex  # a download that was given up may still write into another
        try:
            self._disk.remove(self.layout.fetched)
            folder.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            with self.entries.compiling():
                yield folder
        finally:
            with contextlib.suppress(OSError):
                self._disk.remove(self.layout.fetched)

    def settle(self, record: Record) -> str | None:
        """Complete or abandon what an installer that died left open, and clear its leftovers.

        Args:
            record: puts the state's part on disk.

        Returns:
            The words of the activation that was completed, or None.

        Raises:
            StoreError: the disk refused; it can be asked again.
        """
        self._clear(fetched=True)
        pending = self.journal.pending()
        if pending is None:
            return None
        if self.active_number() != pending.generation:
            self.journal.abandon(pending.transaction)
            self._clear()  # now its wheels can go, before anybody counts on them
            return None
        try:
            self._disk.sync_folder(self.layout.root)
        except OSError as error:
            raise self._unwritable(error) from error
        record(pending)
        self.journal.finish(pending.transaction)
        return pending.what

    def commit(
        self,
        pins: Sequence[Pin],
        wheels: Mapping[str, Path],
        *,
        activation: Activation,
        record: Record,
        workers: Mapping[str, Sequence[Pin]] = MappingProxyType({}),
        check: Check | None = None,
        sound: Collection[str] = (),
        cleared: bool = False,
        confirm: Callable[[], None] | None = None,
    ) -> Generator[str]:
        """Make a generation of `pins` and activate it; yields the names of the steps as they are done.

        Args:
            pins: all that the application's process holds.
            wheels: sha256 -> file, for at least those wheels that the store does not hold.
            activation: its words and changes; its generation number is chosen here.
            record: puts the state's part on disk.
            workers: canonical id -> the plugin itself, then its own libraries, of each with a process of its own.
            check: looks at each table of files that is new before anything becomes visible.
            sound: sha256 of wheels that the caller has just found sound, under this lock; they are not looked at again.
            cleared: whether `settle` has just cleared what others left, under this lock, and had nothing to complete.
            confirm: called once all is written and before anything of it becomes visible; raises where it must not.

        Raises:
            WheelError: a wheel is not what it should be.
            StoreError: two wheels collide, a wheel is missing, or the disk refused; nothing has changed.
        """
        number = max([*self.numbers(), self.active_number(), *self.journalled()], default=0) + 1
        target = self.layout.generations / str(number)
        try:
            if not cleared:
                self._clear()
            yield "leftovers-cleared"
            every = distinct([*pins, *(pin for own in workers.values() for pin in own)])
            wanted = {pin.file.sha256 for pin in every}
            yield from self.entries.add({sha256: path for sha256, path in wheels.items() if sha256 in wanted})
            yield from self._mend([pin for pin in every if pin.file.sha256 not in sound], wheels)
            table = build_table(pins, self.entries.tree)
            if check is not None:
                check(table, "")
            before = self._before()
            for cid, own in workers.items():
                if same_wheels(own, before.workers.get(cid, ())):
                    continue  # they were looked at when they came
                files = build_table(own, self.entries.tree)
                if check is not None:
                    check(files, cid)
            draft = self.layout.draft(number)
            about = {"created": activation.at, "by": activation.by, "what": activation.what}
            write_generation(
                draft, pins, table, workers=workers, before=before, about={**about, "parent": activation.previous}
            )
            require_together(self.layout.generations, self.layout.root)
            yield "generation-built"
            if confirm is not None:
                confirm()
            self._disk.rename(draft, target)
            yield "generation-renamed"
            self._disk.remove(self.layout.unfinished)
        except OSError as error:
            self._clear_if_possible()
            raise self._unwritable(error) from error
        except (JackfieldError, GeneratorExit):
            self._clear_if_possible()
            raise
        yield from self._switch(replace(activation, generation=number), record, fresh=target)

    def activate(self, activation: Activation, *, record: Record) -> Generator[str]:
        """Switch the pointer to a generation that exists; yields the names of the steps as they are done.

        Args:
            activation: where to, its words and its changes of the state.
            record: puts the state's part on disk.

        Raises:
            StoreError: the generation or one of its wheels is damaged, or the disk refused.
        """
        pins = self.generation(activation.generation).pins
        try:
            sound = self.entries.all_sound({pin.file.sha256 for pin in pins})
            yield from self._mend([pin for pin in pins if pin.file.sha256 not in sound], {})
            self._clear()
        except OSError as error:
            raise self._unwritable(error) from error
        yield from self._switch(activation, record)

    def collect(self, *, keep: int = GENERATIONS_KEPT) -> Generator[str, None, Garbage]:
        """Remove what nothing can reach any more; yields the names of the steps, returns what is gone.

        Interrupted anywhere, every generation that is still there has all its wheels.

        Args:
            keep: as for `garbage`.

        Raises:
            StoreError: as for `garbage`, or the disk refused.
        """
        self._clear(fetched=True)  # first: what a dead installer left needs no other way to go
        found = self.garbage(keep=keep)
        try:
            gone = yield from remove_generations(self.layout, self._disk, found.generations)
            names = self.unnamed(set(self.numbers()))
            yield from remove_wheels(self.layout, self._disk, names)
            empty(self.layout, self._disk)
            self._disk.remove(self.layout.downloads)
            yield "garbage-removed"
        except OSError as error:
            raise self._unwritable(error) from error
        return replace(found, generations=gone, wheels={one: (found.wheels or {}).get(one, one) for one in names})

    def repair(self, pin: Pin, wheel: Path | None = None) -> None:
        """Bring a damaged wheel's files back to what was installed.

        Args:
            pin: which.
            wheel: a copy that was fetched; without it the stored one is used.

        Raises:
            StoreError: the stored wheel is damaged too and there is no other, or the disk refused.
            WheelError: the fetched wheel is not the one of the pin.
        """
        try:
            for _step in self.entries.mend(pin, wheel, thorough=True):
                pass
        except OSError as error:
            raise self._unwritable(error) from error

    def _switch(self, activation: Activation, record: Record, fresh: Path | None = None) -> Generator[str]:
        """Replace the pointer, between the journal's two records.

        Args:
            activation: where to, and what changes with it.
            record: puts the state's part on disk.
            fresh: the generation's folder where it was just made: nothing of it is on disk yet. One barrier is waited
                for then, for its files and names, the new wheels' names, the journal's record and the pointer's draft.
        """
        pointer = self.layout.current
        draft = pointer.with_name(f"current.{uuid.uuid4().hex}.new")
        try:
            self.layout.make_root()
            self.journal.begin(activation, wait=fresh is None or apart(self.layout.journal, self.layout.root))
            yield "journal-begun"
            self._disk.write(draft, str(activation.generation).encode(), wait=fresh is None)
            yield "pointer-written"
            if fresh is not None:
                layout = self.layout
                names = (fresh, layout.generations, layout.store, layout.journal, draft, layout.root)
                self._disk.sync_filesystem(layout.root, above_all=chain(fresh.rglob("*"), names))
                yield "change-synced"
            self._disk.replace(draft, pointer)
        except OSError as error:
            self._abandon(activation, draft)
            self._clear_if_possible()
            raise self._unwritable(error) from error
        try:
            yield "pointer-replaced"
            self._disk.sync_folder(self.layout.root)
            yield "pointer-synced"
            record(activation)
            yield "state-recorded"
            self.journal.finish(activation.transaction)
        except (StoreError, OSError) as error:
            # The journal holds what is missing; saying "nothing changed" would be a lie, going back could fail as well.
            cause = error if isinstance(error, StoreError) else self._unwritable(error)
            hint = "the next jackfield command completes it as soon as the disk can be written"
            if cause is error and cause.hint:
                hint = f"{cause.hint}; the next jackfield command completes it then"
            raise StoreError(f"{activation.what} is done but for its last step: {cause.message}", hint=hint) from error
        yield "journal-finished"

    def _before(self) -> Generation:
        """The active generation; the empty one where it is damaged, so that nothing is taken over from it."""
        try:
            return self.active()
        except StoreError:
            return Generation(0)

    def _abandon(self, activation: Activation, draft: Path) -> None:
        """Close an activation that the disk refused, if it still takes that line; else the next installer does."""
        with contextlib.suppress(StoreError, OSError):
            self._disk.remove(draft)
            self.journal.abandon(activation.transaction)

    def _mend(self, pins: Sequence[Pin], wheels: Mapping[str, Path]) -> Iterator[str]:
        """See to it that every wheel of a set is here and is what was installed."""
        for pin in pins:
            sha256 = pin.file.sha256
            if self.entries.sound(sha256):
                continue
            if not self.holds(sha256):
                raise StoreError(
                    f"{pin.distribution} {pin.version} is not in the store ({sha256[:12]}…)",
                    plugin=pin.id,
                    hint="install it again",
                )
            yield from self.entries.mend(pin, wheels.get(sha256))

    def _clear(self, *, fetched: bool = False) -> None:
        """Remove what a dead installer left, with what it fetched where none can be fetching; only under the lock."""
        try:
            self._sweep()
            if fetched:
                self._disk.remove(self.layout.fetched)
            self._disk.remove(self.layout.unfinished)
            for draft in drafts(self.layout):
                self._disk.remove(draft)
        except OSError as error:
            raise self._unwritable(error) from error

    def _clear_if_possible(self) -> None:
        """The same on the way out of an error, which is the one to tell; the next installer clears again."""
        with contextlib.suppress(StoreError):
            self._clear()

    def _sweep(self) -> None:
        """Remove the generation that an installer made and did not live to activate, and the wheels it brought."""
        try:
            kept = {self.active_number(), *self.journalled()}
            pending = self.journal.pending()
            if pending is not None:
                return
            orphans = [number for number in self.numbers() if number not in kept]
            if orphans or self.layout.unfinished.exists():
                for _step in remove_generations(self.layout, self._disk, orphans):
                    pass
                for _step in remove_wheels(self.layout, self._disk, self.unnamed(set(self.numbers()))):
                    pass
                empty(self.layout, self._disk)
        except StoreError:
            return  # a damaged pointer, journal or generation: what is needed cannot be told, so all of it stays

    def _unwritable(self, error: OSError) -> StoreError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "make room; jackfield store gc removes what no rollback can reach" if full else None
        if error.errno == errno.EXDEV:
            hint = "store, generations and unfinished in it lie on one file system: link the whole folder instead"
        return StoreError(f"{self.layout.root} cannot be written: {error.strerror or error}", hint=hint)


def now() -> str:
    """The time as the journal writes it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
