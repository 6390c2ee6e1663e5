"""The store of one profile: what is installed, and the one way to change it.

`commit` and `activate` are generators of step names: the caller runs them to the end, step by step. Killed or powered
off between any two, the profile holds the whole old or the whole new set, and the next installer clears the rest:

- before `pointer-replaced` nothing that a reader looks at has changed;
- from then on the journal holds all that is still to be done, and `settle` does it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from jackfield.errors import JackfieldError, StoreError, WheelError
from jackfield.manifest import Pin
from jackfield.store.disk import Disk
from jackfield.store.generations import TREE, Generation, read_generation, write_generation
from jackfield.store.journal import Activation, Journal
from jackfield.store.layout import Layout
from jackfield.store.lock import WAIT_SECONDS, install_lock
from jackfield.store.table import StoredFile, build_table

LEFT_OUT = "left-out.json"
"""Beside a tree: what of the wheel is not in it."""

Record = Callable[[Activation], None]
"""Puts an activation's changes of the state on disk; called again for the same transaction after a crash."""

Check = Callable[[Mapping[str, StoredFile]], None]
"""Looks at a new generation's table of files and raises where it cannot be used."""


class Store:
    """The installed sets of one profile.

    Reading needs no lock. Every method that writes must be called under `lock`.

    Args:
        layout: where the profile lies; its folders are made by the first write.
        disk: where writes go.
    """

    def __init__(self, layout: Layout, *, disk: Disk | None = None) -> None:
        self.layout = layout
        self.journal = Journal(layout.journal, disk or Disk())
        self._disk = disk or Disk()

    def active(self) -> Generation:
        """The active generation; number 0, the empty one, before the first install.

        Raises:
            StoreError: the pointer or the generation is damaged.
        """
        return self.generation(self.active_number())

    def active_number(self) -> int:
        """The number that the pointer holds, 0 without a pointer.

        Raises:
            StoreError: the pointer is damaged.
        """
        try:
            return int(self.layout.current.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{self.layout.current} is damaged", hint="go back to a generation: jackfield rollback"
            ) from error

    def generation(self, number: int) -> Generation:
        """One generation by its number.

        Raises:
            StoreError: there is none of that number, or it is damaged.
        """
        if number == 0:
            return Generation(0)
        return read_generation(self.layout.generations / str(number), number, self.layout.store)

    def numbers(self) -> tuple[int, ...]:
        """The numbers of the generations that can be activated, without 0."""
        try:
            found = [path.name for path in self.layout.generations.iterdir()]
        except FileNotFoundError:
            return ()
        return tuple(sorted(int(name) for name in found if name.isdigit()))

    def settled(self) -> bool:
        """False while an activation is on its way: the pointer may have changed and the state not yet.

        A watcher of the pointer waits for it; an installer that died in between is completed by `settle`.
        """
        return self.journal.pending() is None

    def lock(self, *, by: str, timeout_seconds: float = WAIT_SECONDS) -> AbstractContextManager[None]:
        """Hold the profile against other installers; see `install_lock`."""
        return install_lock(self.layout, by=by, timeout_seconds=timeout_seconds)

    def holds(self, sha256: str) -> bool:
        """Whether the wheel of this hash is unpacked here."""
        return (self.layout.store / sha256 / TREE).is_dir()

    def wheel(self, sha256: str) -> Path | None:
        """The stored wheel of this hash, as it was downloaded; None if it is not here."""
        return next((self.layout.store / sha256).glob("*.whl"), None)

    def left_out(self, sha256: str) -> tuple[str, ...]:
        """What a stored wheel holds and its tree does not: scripts, data files, `.pth`."""
        try:
            return tuple(json.loads((self.layout.store / sha256 / LEFT_OUT).read_bytes()))
        except (FileNotFoundError, ValueError):
            return ()

    def settle(self, record: Record) -> str | None:
        """Complete or abandon what an installer that died left open, and clear its leftovers.

        Args:
            record: puts the state's part on disk.

        Returns:
            The words of the activation that was completed, or None.
        """
        self._clear()
        pending = self.journal.pending()
        if pending is None:
            return None
        if self.active_number() != pending.generation:
            self.journal.abandon(pending.transaction)
            return None
        self._disk.sync_folder(self.layout.root)
        record(pending)
        self.journal.finish(pending.transaction)
        return pending.what

    def add_wheel(self, path: Path, *, sha256: str) -> Path:
        """Put one wheel into the store, unpacked; returns its tree, also if it was there.

        Raises:
            WheelError: the file has another hash, is refused by the inspection, or cannot be unpacked.
            StoreError: the store cannot be written.
        """
        for _step in self._add({sha256: path}):
            pass
        return self.layout.store / sha256 / TREE

    def commit(
        self,
        pins: Sequence[Pin],
        wheels: Mapping[str, Path],
        *,
        activation: Activation,
        record: Record,
        check: Check | None = None,
    ) -> Generator[str]:
        """Make a generation of `pins` and activate it; yields the names of the steps as they are done.

        Args:
            pins: the complete set.
            wheels: sha256 -> file, for at least those wheels that the store does not hold.
            activation: its words and changes; its generation number is chosen here.
            record: puts the state's part on disk.
            check: looks at the table of files before anything becomes visible.

        Raises:
            WheelError: a wheel is not what it should be.
            StoreError: two wheels collide, a wheel is missing, or the disk refused; nothing has changed.
        """
        number = max([*self.numbers(), self.active_number(), *self._journalled()], default=0) + 1
        target = self.layout.generations / str(number)
        try:
            self._clear()
            yield "leftovers-cleared"
            wanted = {pin.file.sha256 for pin in pins if not self.holds(pin.file.sha256)}
            yield from self._add({sha256: path for sha256, path in wheels.items() if sha256 in wanted})
            self._refuse_missing(pins)
            table = build_table(pins, {pin.file.sha256: self.layout.store / pin.file.sha256 / TREE for pin in pins})
            if check is not None:
                check(table)
            draft = self.layout.unfinished / f"generation-{number}"
            about = {"created": activation.at, "by": activation.by, "what": activation.what}
            write_generation(draft, pins, table, about={**about, "parent": activation.previous})
            yield "generation-built"
            self._disk.sync_filesystem(draft)
            yield "generation-synced"
            self.layout.generations.mkdir(exist_ok=True)
            self._disk.rename(draft, target)
            yield "generation-renamed"
            self._disk.sync_folder(self.layout.generations)
            yield "generations-synced"
            self._clear()
        except OSError as error:
            self._clear()
            raise StoreError(f"{self.layout.root} cannot be written: {error.strerror or error}") from error
        except (JackfieldError, GeneratorExit):
            self._clear()
            raise
        yield from self.activate(replace(activation, generation=number), record=record)

    def activate(self, activation: Activation, *, record: Record) -> Generator[str]:
        """Switch the pointer to a generation that exists; yields the names of the steps as they are done.

        Args:
            activation: where to, its words and its changes of the state.
            record: puts the state's part on disk.

        Raises:
            StoreError: the generation is damaged, or the disk refused.
        """
        self._refuse_missing(self.generation(activation.generation).pins)
        pointer = self.layout.current
        draft = pointer.with_name(f"current.{uuid.uuid4().hex}.new")
        try:
            self.layout.root.mkdir(parents=True, exist_ok=True)
            self.journal.begin(activation)
            yield "journal-begun"
            self._disk.write(draft, str(activation.generation).encode())
            yield "pointer-written"
            self._disk.replace(draft, pointer)
            yield "pointer-replaced"
            self._disk.sync_folder(self.layout.root)
            yield "pointer-synced"
        except OSError as error:
            self._abandon(activation)
            raise StoreError(f"{self.layout.root} cannot be written: {error.strerror or error}") from error
        record(activation)
        yield "state-recorded"
        self.journal.finish(activation.transaction)
        yield "journal-finished"

    def _abandon(self, activation: Activation) -> None:
        """Close an activation that the disk refused, if it still takes that line; else the next installer does."""
        with contextlib.suppress(StoreError):
            if self.active_number() != activation.generation:
                self.journal.abandon(activation.transaction)

    def _add(self, wheels: Mapping[str, Path]) -> Iterator[str]:
        made: list[tuple[Path, Path]] = []
        for sha256, wheel in wheels.items():
            if self.holds(sha256):
                continue
            draft = self.layout.unfinished / f"wheel-{sha256}"
            self._unpack(wheel, draft, sha256)
            made.append((draft, self.layout.store / sha256))
            yield "wheel-unpacked"
        if not made:
            return
        self._disk.sync_filesystem(self.layout.unfinished)
        yield "wheels-synced"
        self.layout.store.mkdir(exist_ok=True)
        for draft, target in made:
            self._disk.remove(target)  # an incomplete one, else `holds` had found it
            self._disk.rename(draft, target)
        yield "wheels-stored"
        self._disk.sync_folder(self.layout.store)
        yield "store-synced"

    def _unpack(self, wheel: Path, draft: Path, sha256: str) -> None:
        from jackfield.inspection import inspect_wheel  # reading the store needs neither of these
        from jackfield.store.wheels import file_sha256, unpack

        found = file_sha256(wheel)
        if found != sha256:
            raise WheelError(f"{wheel.name} has the hash {found}, not {sha256} as was promised")
        report = inspect_wheel(wheel)
        refusals = [finding for finding in report.findings if finding.severity == "refuse"]
        if refusals:
            raise WheelError(f"{wheel.name} is refused: {refusals[0].message}", plugin=report.plugin_id)
        self._disk.remove(draft)
        draft.mkdir(parents=True)
        copy = draft / wheel.name
        shutil.copyfile(wheel, copy)
        unpacked = unpack(copy, draft / TREE, final=self.layout.store / sha256 / TREE)
        if unpacked.left_out:
            (draft / LEFT_OUT).write_text(json.dumps(unpacked.left_out), encoding="utf-8")

    def _refuse_missing(self, pins: Sequence[Pin]) -> None:
        for pin in pins:
            if not self.holds(pin.file.sha256):
                raise StoreError(
                    f"{pin.distribution} {pin.version} is not in the store ({pin.file.sha256[:12]}…)",
                    plugin=pin.id,
                    hint="install it again",
                )

    def _journalled(self) -> list[int]:
        return [activation.generation for activation in self.journal.activations()]

    def _clear(self) -> None:
        """Remove what a dead installer left; only called under the lock."""
        try:
            self._disk.remove(self.layout.unfinished)
            for draft in self.layout.root.glob("current.*.new"):
                self._disk.remove(draft)
        except OSError as error:
            raise StoreError(f"{self.layout.root} cannot be written: {error.strerror or error}") from error


def now() -> str:
    """The time as the journal writes it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
