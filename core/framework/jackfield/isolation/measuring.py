"""What a process uses, read from Linux's /proc, and what its files take.

One look at a process is one short read of its `stat` (6 µs). Its PSS takes up to 0.2 ms to read, so the resident size,
which is never below it, is looked at first. What cannot be read is not known, and None.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from errno import ENOENT, ENOTDIR
from time import monotonic
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_GONE: Final = (ENOENT, ENOTDIR)
_BLOCK_BYTES: Final = 512  # st_blocks, whatever the file system's own are (stat(2))
# Positions in /proc/<pid>/stat after the name, which may hold spaces (proc_pid_stat(5), 3, 14, 15, 20, 22, 24, 52).
_STATE, _USER_TICKS, _SYSTEM_TICKS, _THREADS, _BEGAN, _RESIDENT, _EXIT = 0, 11, 12, 17, 19, 21, 49
_AT_WORK: Final = (b"R", b"D")  # runs, or waits for a processor; waits for a disk
_STOPPED: Final = b"T"  # by a signal
_ZOMBIE: Final = b"Z"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses now.

    Args:
        resident_bytes: memory in RAM, shared pages in full: an upper bound of PSS.
        threads: how many it has.
        cpu_seconds: processor time of all its threads since it was started.
    """

    resident_bytes: int
    threads: int
    cpu_seconds: float


def usage(pid: int) -> Usage | None:
    """Return what a process uses; None where there is no such process, or nothing to read."""
    fields = _stat(pid)
    if fields is None:
        return None
    ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return Usage(int(fields[_RESIDENT]) * _PAGE_BYTES, int(fields[_THREADS]), ticks / _TICKS)


def began_at(pid: int) -> int | None:
    """Return when a process was started, in clock ticks after the machine was; None where there is none."""
    fields = _stat(pid)
    return None if fields is None else int(fields[_BEGAN])


def is_at_work(pid: int) -> bool:
    """Whether a process runs, or waits for a processor or a disk; one that is stopped, sleeps or has ended does not."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] in _AT_WORK


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal (SIGSTOP), and does nothing until another one lets it go on."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] == _STOPPED


def how_it_ended(pid: int, descriptor: int) -> int | None:
    """Return how a process ended that need not be a child of this one: its exit code, or minus its signal's number.

    None while it lives; once it was reaped; or where the system tells this one nothing of it.

    Args:
        pid: its number, as long as nobody has reaped it.
        descriptor: of the process (pidfd_open(2)).
    """
    try:  # it may be one whose parent died: a host that is the first process of a container inherits it
        if (own := os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)) is not None:
            return own.si_status if own.si_code == os.CLD_EXITED else -own.si_status
    except OSError:
        pass  # somebody else's child: that one reaps it, and until then it is in the table
    fields = _stat(pid)
    if fields is None or fields[_STATE] != _ZOMBIE:
        return None
    try:
        os.readlink(f"/proc/{pid}/ns/user")  # noqa: PTH115  # who may not look at it reads 0 above, whatever is true
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as told:  # noqa: PTH123  # as `_read`
            if b"Pid:\t%d\n" % pid not in told.read():
                return None  # reaped meanwhile: what was read may be another's
    except OSError:
        return None
    return os.waitstatus_to_exitcode(int(fields[_EXIT]))


def pss_bytes(pid: int) -> int | None:
    """Return the memory of a process, a page that n processes share counted as one n-th; what is swapped out counts."""
    text = _read(f"/proc/{pid}/smaps_rollup")
    if text is None:
        return None
    kibibytes = [int(line.split()[1]) for line in text.splitlines() if line.startswith((b"Pss:", b"SwapPss:"))]
    return sum(kibibytes) * 1024 if kibibytes else None


def descriptors(pid: int) -> int | None:
    """Return how many descriptors a process has open."""
    try:
        return os.stat(f"/proc/{pid}/fd").st_size or len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH116, PTH208  # thrice as fast, four times a second; the size is the count from Linux 6.2 on
    except OSError:
        return None


def written_bytes(pid: int) -> int | None:
    """Return what a process has written to files and pipes since it was started; not what it wrote into mappings."""
    text = _read(f"/proc/{pid}/io")
    if text is None:
        return None
    return next((int(line[7:]) for line in text.splitlines() if line.startswith(b"wchar: ")), None)


def deleted_bytes(pid: int) -> int:
    """Return what files take that a process has open and that no folder holds any more; 0 where it is not known."""
    return sum(
        getattr(found, "st_blocks", 0) * _BLOCK_BYTES
        for found in _opened(pid)
        if stat.S_ISREG(found.st_mode) and not found.st_nlink
    )


def hidden_files(pid: int, folders: Sequence[str]) -> int:
    """Return how many files a process holds where their size cannot be seen; 0 where that is not known.

    They are in no folder any more, and it has no descriptor of them: a mapping holds them. A library that was loaded
    and deleted is such a one, too. The queue of a socket would hold them as well, but no worker can send descriptors.

    Args:
        pid: the process.
        folders: absolute paths of what it can write.
    """
    opened = {found.st_ino for found in _opened(pid) if stat.S_ISREG(found.st_mode)}
    return len(_deleted_mappings(pid, folders) - opened)


def _opened(pid: int) -> Iterator[os.stat_result]:
    """Yield what each descriptor of a process leads to; nothing where that is not known."""
    try:
        entries = os.scandir(f"/proc/{pid}/fd")
    except OSError:
        return
    with entries:
        for entry in entries:
            try:
                found = entry.stat()
            except OSError:
                continue  # closed meanwhile
            yield found


def _deleted_mappings(pid: int, folders: Sequence[str]) -> set[int]:
    """The inodes of deleted files below folders that a process has mapped (proc_pid_maps(5))."""
    beginnings = tuple(os.fsencode(folder) + b"/" for folder in folders)
    found = set()
    try:
        with open(f"/proc/{pid}/maps", "rb") as lines:  # noqa: PTH123  # as `_read`
            for line in lines:
                if line.endswith(b" (deleted)\n"):
                    *_, inode, path = line.split(maxsplit=5)
                    if path.startswith(beginnings):
                        found.add(int(inode))
    except OSError:
        return found
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in folders.

    Args:
        size_bytes: of all files, holes counted, and never less than they take on the disk.
        files: how many files, folders and links.
        seconds: how long it took to count them.
    """

    size_bytes: int
    files: int
    seconds: float


def kept(folders: Sequence[str], *, most_bytes: int, most_files: int) -> Kept:
    """Return what lies in folders and below. Links are not followed; counting ends where one of both bounds is passed.

    Who makes its folders one by one from within comes deeper than any path, and whose they are can forbid to look. What
    cannot be counted counts as more files than there may be.

    Args:
        folders: absolute paths; one that is not there holds nothing.
        most_bytes: beyond it the exact size does not matter any more.
        most_files: beyond it the exact number does not matter any more.
    """
    began, size, count = monotonic(), 0, 0
    waiting = list(folders)
    while waiting and size <= most_bytes and count <= most_files:
        try:
            entries = os.scandir(waiting.pop())
        except OSError as error:
            if error.errno not in _GONE:
                count = most_files + 1
            continue  # not there, or gone meanwhile
        with entries:
            for entry in entries:
                count += 1
                try:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        found = entry.stat(follow_symlinks=False)
                        size += max(found.st_size, getattr(found, "st_blocks", 0) * _BLOCK_BYTES)
                except OSError as error:
                    if error.errno in _GONE:
                        continue  # gone meanwhile
                    count = most_files + 1
                if size > most_bytes or count > most_files:
                    break
    return Kept(size, count, monotonic() - began)


def _stat(pid: int) -> list[bytes] | None:
    text = _read(f"/proc/{pid}/stat")
    return None if text is None else text[text.rindex(b")") + 2 :].split()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # read for each worker four times a second
            return file.read(65536)
    except OSError:
        return None
