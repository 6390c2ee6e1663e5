"""Wheels in the store, each unpacked in a folder named by its sha256: put there, looked at, mended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.errors import StoreError, WheelError
from jackfield.manifest import Pin
from jackfield.store.disk import Disk
from jackfield.store.generations import TREE
from jackfield.store.glances import Glance
from jackfield.store.integrity import STAMP, Damage, examine, wheel_damage, wheel_in, write_stamp

if TYPE_CHECKING:
    from jackfield.store.bytecode import Compiler

LEFT_OUT = "left-out.json"
"""Beside a tree: what of the wheel is not in it."""


class Entries:
    """The unpacked wheels of one profile.

    Args:
        folder: where they lie.
        unfinished: where they are made; the same file system.
        disk: where writes go.
        groups: the entry-point groups that make a wheel a plugin here; None for every group that ends in `.plugins`.
            A library may carry a plugin of another application, which is not held against it.
    """

    def __init__(self, folder: Path, unfinished: Path, disk: Disk, groups: Collection[str] | None = None) -> None:
        self._folder = folder
        self._unfinished = unfinished
        self._disk = disk
        self._groups = groups
        self._whole: dict[str, Glance] = {}
        self._compiler: Compiler | None = None

    @contextmanager
    def compiling(self) -> Iterator[Compiler]:
        """Have a compiler at work for all that is unpacked within: it starts while what it is for is on its way."""
        if self._compiler is not None:
            yield self._compiler
            return
        from jackfield.store.bytecode import Compiler  # reading the store does not need it

        with Compiler() as compiler:
            self._compiler = compiler
            try:
                yield compiler
            finally:
                self._compiler = None

    def names(self) -> tuple[str, ...]:
        """The sha256 of every wheel that is here."""
        try:
            return tuple(sorted(path.name for path in self._folder.iterdir() if len(path.name) == 64))
        except FileNotFoundError:
            return ()

    def tree(self, sha256: str) -> Path:
        """Where a wheel lies unpacked, also if it does not."""
        return self._folder / sha256 / TREE

    def holds(self, sha256: str) -> bool:
        """Whether the wheel of this hash is unpacked here, whatever became of its files."""
        return os.path.isdir(f"{self._folder}/{sha256}/{TREE}")  # noqa: PTH112 - asked of each wheel at each change

    def wheel(self, sha256: str) -> Path | None:
        """The stored wheel of this hash, as it was downloaded; None if it is not here."""
        return wheel_in(self._folder / sha256)

    def left_out(self, sha256: str) -> tuple[str, ...]:
        """What a wheel holds and its tree does not: scripts, data files, `.pth`."""
        try:
            return tuple(json.loads((self._folder / sha256 / LEFT_OUT).read_bytes()))
        except (FileNotFoundError, ValueError):
            return ()

    def damage(self, sha256: str, *, thorough: bool = False) -> tuple[Damage, ...]:
        """What of an entry is not as it was unpacked; see `examine`. What was found whole before is, if it looks so."""
        if not thorough and self._looks_whole(sha256):
            return ()
        found, glance = examine(self._folder / sha256, thorough=thorough)
        if glance is not None:
            self._whole[sha256] = glance
        else:
            self._whole.pop(sha256, None)
        return found

    def sound(self, sha256: str) -> bool:
        """Whether the wheel is unpacked here, and nothing of it is damaged as far as size and times tell."""
        return self._looks_whole(sha256) or (self.holds(sha256) and not self.damage(sha256))

    def all_sound(self, names: Collection[str]) -> frozenset[str]:
        """Those of some wheels that are sound."""
        before = [self._whole[sha256] for sha256 in names if sha256 in self._whole]
        if len(before) == len(names) and Glance.joined(before).holds():
            return frozenset(names)
        return frozenset(sha256 for sha256 in names if self.sound(sha256))

    def found_whole(self, names: Iterable[str]) -> list[Glance | None]:
        """How each of some wheels looked when it was found whole last; None where it was not, or is gone."""
        try:
            there = frozenset(os.listdir(self._folder))  # noqa: PTH208 - names alone, for each plan
        except OSError:
            there = frozenset()
        return [self._whole.get(sha256) if sha256 in there else None for sha256 in names]

    def lacks(self, sha256: str) -> bool:
        """Whether the wheel has to be fetched: it is not here, or damaged beyond what its stored copy can mend."""
        if not self.holds(sha256):
            return True
        return bool(self.damage(sha256)) and bool(wheel_damage(self._folder / sha256))

    def add(self, wheels: Mapping[str, Path]) -> Iterator[str]:
        """Unpack wheels that are not here; yields the names of the steps. What is in them is on disk then.

        That they have their names has to be waited for before anything that names them becomes visible.

        Args:
            wheels: sha256 -> file.

        Raises:
            WheelError: one has another hash, is refused by the inspection, or cannot be unpacked.
            OSError: the disk refused.
        """
        made: list[tuple[Path, Path]] = []
        new = {sha256: wheel for sha256, wheel in wheels.items() if not self.holds(sha256)}
        if not new:
            return
        with self.compiling() as compiler:
            for sha256, wheel in new.items():
                draft = self._unpack(wheel, sha256, compiler)
                made.append((draft, self._folder / sha256))
                yield "wheel-unpacked"
        self._disk.sync_filesystem(self._unfinished)
        yield "wheels-synced"
        self._folder.mkdir(exist_ok=True)
        for draft, target in made:
            self._disk.remove(target)  # an incomplete one, else `holds` had found it
            self._disk.rename(draft, target)
        yield "wheels-stored"

    def mend(self, pin: Pin, wheel: Path | None, *, thorough: bool = False) -> Iterator[str]:
        """Bring a damaged entry back to what its wheel holds; yields a step if there was anything to do.

        File by file, each replaced at once: whoever reads the tree meanwhile sees the old or the right bytes, and
        killed at any moment the entry is no worse than before.

        Args:
            pin: names it, and the plugin.
            wheel: a copy that was fetched; the stored one where None.
            thorough: hash every file, instead of those only whose size or times changed.

        Raises:
            StoreError: the stored wheel is damaged too, and there is no other.
            WheelError: the wheel has another hash, or cannot be unpacked.
            OSError: the disk refused.
        """
        sha256 = pin.file.sha256
        entry = self._folder / sha256
        found = tuple(one for one in self.damage(sha256, thorough=thorough) if not one.path.endswith(".whl"))
        spoilt = wheel_damage(entry) if found or thorough else ()
        if not found and not spoilt:
            return
        source = self.wheel(sha256) if not spoilt else wheel
        if source is None:
            raise damaged(pin, found or spoilt)
        if not entry.is_dir():
            self._disk.remove(entry)  # a file in its place
        with self.compiling() as compiler:
            draft = self._unpack(source, sha256, compiler)
        self._disk.sync_filesystem(draft)
        wrong = {damage.path for damage in found}
        everything = wrong == {STAMP}  # no stamp to tell by: every file is replaced, and what is none of its own goes
        fresh = {path.relative_to(draft).as_posix() for path in draft.rglob("*") if not path.is_dir()}
        if everything:
            wrong = fresh | {path.relative_to(entry).as_posix() for path in entry.rglob("*") if not path.is_dir()}
        wrong |= {damage.path for damage in spoilt}
        for path in sorted(wrong - fresh, reverse=True):  # first what is in the way, the innermost before its folder
            if "*" not in path:
                self._disk.remove(entry / path)
        for path in sorted(wrong & fresh):
            target = entry / path
            if target.is_dir() and not target.is_symlink():
                self._disk.remove(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._disk.replace(draft / path, target)
        if spoilt and (draft / source.name).exists():
            self._disk.replace(draft / source.name, entry / source.name)
        write_stamp(entry)
        self._disk.sync_filesystem(entry)
        self._disk.remove(draft)
        yield "wheel-mended"

    def _looks_whole(self, sha256: str) -> bool:
        before = self._whole.get(sha256)
        return before is not None and before.holds()

    def _unpack(self, wheel: Path, sha256: str, compiler: Compiler) -> Path:
        """Unpack a wheel below `unfinished`; returns the draft of its entry."""
        from jackfield.store.wheels import unpack  # reading the store does not need it

        draft = self._unfinished / f"wheel-{sha256}"
        self._disk.remove(draft)
        draft.mkdir(parents=True)
        copy = draft / wheel.name
        shutil.copyfile(wheel, copy)  # first: what is hashed and inspected is what is unpacked
        try:
            self._judge(copy, sha256)
        except WheelError:
            self._disk.remove(draft)
            raise
        unpacked = unpack(copy, draft / TREE, final=self._folder / sha256 / TREE, compiler=compiler)
        if unpacked.left_out:
            (draft / LEFT_OUT).write_text(json.dumps(unpacked.left_out), encoding="utf-8")
        write_stamp(draft)
        return draft

    def _judge(self, wheel: Path, sha256: str) -> None:
        """Refuse a wheel that is another one than was promised, or that the inspection refuses."""
        from jackfield.inspection import inspect_wheel
        from jackfield.store.wheels import file_sha256

        found = file_sha256(wheel)
        if found != sha256:
            raise WheelError(f"{wheel.name} has the hash {found}, not {sha256} as was promised")
        try:
            report = inspect_wheel(wheel, groups=self._groups)
        except WheelError as exc:
            raise WheelError(f"{wheel.name}: {exc.message}", plugin=exc.plugin, hint=exc.hint) from exc
        refusals = [finding for finding in report.findings if finding.severity == "refuse"]
        if refusals:
            raise WheelError(f"{wheel.name} is refused: {refusals[0].message}", plugin=report.plugin_id)


def damaged(pin: Pin, found: tuple[Damage, ...]) -> StoreError:
    """The error that names what of a distribution is damaged."""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return StoreError(
        f"{pin.distribution} {pin.version} is damaged in the store: {found[0]}{more}",
        plugin=pin.id,
        hint="jackfield store verify --repair",
    )
