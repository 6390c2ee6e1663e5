"""Landlock: which folders a process reads and writes, from now on and for good (landlock(7)).

It binds the calling thread and what that starts, so it is applied before any other thread exists. It is no wall around
the network and does not see stat, chmod, times, or extended attributes: seccomp and the private root do the rest.
"""

import functools
import os
import stat
import struct
from collections.abc import Sequence
from typing import Final

from jackfield.sandbox.kernel import call

LEAST_ABI: Final = 3
"""From Linux 6.2 on: before, a file that may not be written could still be truncated."""

_VERSION: Final = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH: Final = 1
_RIGHTS: Final = (
    "execute", "write_file", "read_file", "read_dir", "remove_dir", "remove_file", "make_char", "make_dir", "make_reg",
    "make_sock", "make_fifo", "make_block", "make_sym", "refer", "truncate", "ioctl_dev",
)  # fmt: skip
_BIT: Final = {name: 1 << place for place, name in enumerate(_RIGHTS)}
_KNOWN_BY_ABI: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights each version knows; later ones have added none."""

_NETWORK_FROM: Final = 4
_SCOPES_FROM: Final = 6
_BIND_AND_CONNECT: Final = 3
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 3


def _rights(*names: str) -> int:
    return sum(_BIT[name] for name in names)


# No execute anywhere: that governs execve alone, and libraries are still mapped.
_READ: Final = _rights("read_file", "read_dir")
_WRITE: Final = _READ | _rights("write_file", "remove_dir", "remove_file", "make_dir", "make_reg", "refer", "truncate")
_OF_FILES: Final = _rights("execute", "write_file", "read_file", "truncate", "ioctl_dev")


def abi() -> int:
    """Return the kernel's Landlock version; 0 where it has none, or it is switched off."""
    try:
        return call("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0


def restrict(read: Sequence[str], write: Sequence[str], version: int, hidden: tuple[str, ...] = ()) -> None:
    """Let the calling thread read and write below these folders only, and reach no TCP port.

    Args:
        read: folders and files to read. One that does not exist is left out.
        write: folders and files to read, write, make and remove.
        version: the rules to use, 1 up to what `abi` says.
        hidden: real paths below some of those to read that are not. Rules only ever add, so the folders above one can
            not be listed either: all else that lies in them has a rule of its own.

    Raises:
        OSError: the kernel refused; nothing is restricted then.
    """
    ruleset = _ruleset(read, write, version, hidden)
    try:
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def rehearse(read: Sequence[str], write: Sequence[str], version: int, hidden: tuple[str, ...] = ()) -> None:
    """Do what `restrict` does up to its last step; what lies beside what is hidden is not looked up again later."""
    os.close(_ruleset(read, write, version, hidden))


def _ruleset(read: Sequence[str], write: Sequence[str], version: int, hidden: tuple[str, ...]) -> int:
    """Return a descriptor of the rules, which bind nobody yet."""
    handled = (1 << _KNOWN_BY_ABI[min(version, max(_KNOWN_BY_ABI))]) - 1
    attributes = [handled]
    if version >= _NETWORK_FROM:
        attributes.append(_BIND_AND_CONNECT)
    if version >= _SCOPES_FROM:
        attributes.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    packed = struct.pack(f"{len(attributes)}Q", *attributes)
    ruleset = call("landlock_create_ruleset", packed, len(packed), 0)
    try:
        for path in read:
            for shown in _without(path, hidden) if hidden else (path,):
                _allow(ruleset, shown, _READ & handled, os.O_NOFOLLOW if shown != path else 0)
        for path in write:
            _allow(ruleset, path, _WRITE & handled)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


@functools.lru_cache(maxsize=1024)
def _without(path: str, hidden: tuple[str, ...]) -> tuple[str, ...]:
    """A path, or where something below it is hidden, all else that lies there; no link, which might lead into it."""
    real = os.path.realpath(path)
    below = {one for one in hidden if one.startswith(f"{real}/")}
    if not below:
        return (path,)
    shown: list[str] = []
    try:
        entries = list(os.scandir(real))
    except OSError:
        return ()  # who runs the host cannot list it: there is what is named in it
    for entry in entries:
        if not entry.is_symlink() and entry.path not in below:
            shown += _without(entry.path, hidden) if entry.is_dir() else (entry.path,)
    return tuple(shown)


def _allow(ruleset: int, path: str, rights: int, flags: int = 0) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | flags)
    except FileNotFoundError:
        return
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISLNK(mode):
            return  # it was none when it was looked up, and might lead into what is hidden
        if not stat.S_ISDIR(mode):
            rights &= _OF_FILES
        call("landlock_add_rule", ruleset, _PATH_BENEATH, struct.pack("<Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)
