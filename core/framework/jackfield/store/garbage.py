"""What nothing can reach any more: generations out of the way of every rollback, wheels that no generation names.

Kept are the active generation, one that an installer was switching to, as many as asked for of those that a rollback
can go back to, and every one that a running program holds (`Hold`). Removal is by renaming out of sight first,
generations before wheels, so that at any moment each generation that can be seen has all its wheels.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jackfield.store.disk import Disk
from jackfield.store.generations import Generation
from jackfield.store.layout import Layout

GENERATIONS_KEPT = 10
"""How many generations of the way back `jackfield store gc` keeps by default."""

HANDLE = "generation.json"
"""The file of a generation that its readers hold."""

_GONE = "gone-"


@dataclass(frozen=True, slots=True)
class Garbage:
    """What a collection removes, or has removed.

    Args:
        generations: their numbers.
        held: numbers of those that would go if no running program held them.
        wheels: sha256 -> the wheel's file name, of the wheels that no generation names then.
        size: of those wheels with their trees, and of the downloads, in bytes.
        downloads: how many pieces of wheels wait for a download that nobody has gone on with.
    """

    generations: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    wheels: Mapping[str, str] | None = None
    size: int = 0
    downloads: int = 0


class Hold:
    """Keeps a generation and its wheels from being collected until it is released, or the process ends.

    Args:
        folder: the generation's folder.

    Raises:
        FileNotFoundError: it is not there any more.
    """

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / HANDLE, os.O_RDONLY)
        try:
            _flock(descriptor, shared=True)
            if os.fstat(descriptor).st_ino != (folder / HANDLE).stat().st_ino:
                raise FileNotFoundError(folder)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let it be collected; again is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Holds:
    """What one long-running reader holds: the generation that it uses, and older ones while it still needs them."""

    def __init__(self) -> None:
        self._taken: dict[int, Generation] = {}
        self._held: dict[int, Hold] = {}

    def take(self, generation: Generation) -> bool:
        """Hold a generation; False when it was collected already, and there is a newer one to read."""
        if generation.folder is not None and generation.number not in self._held:
            try:
                self._held[generation.number] = Hold(generation.folder)
            except FileNotFoundError:
                return False
            except OSError:
                pass  # a file system without locks: it goes on as before there were any
        self._taken[generation.number] = generation
        return True

    def release(self, *, keep: int | None = None) -> None:
        """Let all go but one."""
        for number in [number for number in self._taken if number != keep]:
            del self._taken[number]
            if number in self._held:
                self._held.pop(number).release()

    def of_worker(self, cid: str, tree: Path) -> Generation:
        """Return the newest of these generations in which a plugin has this tree, and a process of its own.

        The active one may be newer than what its reader has looked at, and name another version of the plugin.

        Args:
            cid: the plugin's canonical id.
            tree: its own, without its libraries.

        Returns:
            An empty generation where there is none.
        """
        for number in sorted(self._taken, reverse=True):
            if self._taken[number].worker_paths(cid)[:1] == (tree,):
                return self._taken[number]
        return Generation(0)


@contextmanager
def seized(folder: Path) -> Iterator[bool]:
    """Hold a generation against new readers; False when one holds it already."""
    try:
        descriptor = os.open(folder / HANDLE, os.O_RDONLY)
    except FileNotFoundError:
        yield True  # never complete: nobody can hold it
        return
    try:
        yield _flock(descriptor, shared=False)
    finally:
        os.close(descriptor)


def remove_generations(layout: Layout, disk: Disk, numbers: Collection[int]) -> Generator[str, None, tuple[int, ...]]:
    """Remove generations that nobody holds; yields the steps and returns the numbers that are gone.

    Raises:
        OSError: the disk refused.
    """
    gone = []
    for number in sorted(numbers):
        folder = layout.generations / str(number)
        with seized(folder) as free:
            if free:
                _set_aside(layout, disk, folder, f"gone-generation-{number}")
                gone.append(number)
    if gone:
        yield "generations-set-aside"
        disk.sync_folder(layout.generations)
        yield "set-aside-synced"
    return tuple(gone)


def remove_wheels(layout: Layout, disk: Disk, names: Collection[str]) -> Generator[str]:
    """Remove wheels that no generation names; yields the steps.

    Raises:
        OSError: the disk refused.
    """
    for sha256 in sorted(names):
        _set_aside(layout, disk, layout.store / sha256, f"gone-wheel-{sha256}")
    if names:
        yield "wheels-set-aside"


def pieces(layout: Layout) -> tuple[Path, ...]:
    """What interrupted downloads left; with the install lock held nobody goes on with them meanwhile."""
    return tuple(layout.downloads.glob("*.part"))


def drafts(layout: Layout) -> list[Path]:
    """Pointers and generations that did not come to their names; with the install lock held nobody makes one."""
    found = []
    for folder, begin, end in ((layout.root, "current.", ".new"), (layout.generations, layout.draft("").name, "")):
        with suppress(FileNotFoundError):
            names = os.listdir(folder)  # noqa: PTH208 - names alone, twice in each change
            found += [folder / name for name in names if name.startswith(begin) and name.endswith(end)]
    return found


def empty(layout: Layout, disk: Disk) -> None:
    """Delete what was set aside, also by one that died before it came to this.

    Raises:
        OSError: the disk refused.
    """
    disk.remove(layout.unfinished)
    for folder in (layout.generations, layout.store):
        for path in folder.glob(f"{_GONE}*"):
            disk.remove(path)


def tree_size(folder: Path) -> int:
    """The bytes of all files below a folder, or of a file."""
    files = folder.rglob("*") if folder.is_dir() else (folder,)
    return sum(path.lstat().st_size for path in files if not path.is_dir())


def _set_aside(layout: Layout, disk: Disk, folder: Path, name: str) -> None:
    try:
        layout.unfinished.mkdir(parents=True, exist_ok=True)
        target = layout.unfinished / name
    except OSError:  # a disk that is full to the last block takes not even an empty folder; another name, it does
        target = folder.with_name(f"{_GONE}{folder.name}")
    disk.rename(folder, target)


def _flock(descriptor: int, *, shared: bool) -> bool:
    """Lock an open file, shared or, without waiting, alone; False when others hold it."""
    try:
        import fcntl
    except ImportError:  # Windows: a file that is open there cannot be renamed, which says the same
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
