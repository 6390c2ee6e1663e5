"""System calls that `os` does not offer, through libc; a refusal becomes an OSError with the call's name."""

import ctypes
import functools
import os
import platform
import sys
from contextlib import suppress
from typing import Any, Final

from jackfield.errors import SandboxError
from jackfield.sandbox.calls import ARCHITECTURES, Architecture

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_CAPBSET_DROP: Final = 24
PR_SET_SECUREBITS: Final = 28
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


@functools.cache
def architecture() -> Architecture | None:
    """Return this machine's table of system calls; None where nothing can be confined.

    A 32-bit interpreter on a 64-bit kernel enters it by another way and other numbers: None too.
    """
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    return ARCHITECTURES.get(platform.machine())


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Do a system call by its name and return its answer.

    Args:
        name: as in the kernel's table, e.g. `landlock_create_ruleset`.
        arguments: whole numbers, or bytes whose address is passed; a buffer of ctypes where the kernel writes.

    Raises:
        OSError: the kernel refused; its `strerror` begins with the name.
        SandboxError: the processor's numbers are not known.
    """
    machine = architecture()
    if machine is None:
        raise SandboxError(f"system calls of {sys.platform} on {platform.machine()} are not known")
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(int(_libc().syscall(ctypes.c_long(machine.calls[name]), *passed)), name)


@functools.cache
def _interpreters_libc() -> Any:
    return ctypes.PyDLL(None, use_errno=True)


def plain_fork() -> int:
    """Fork without what Python does in the child after `os.fork`; for a process of one thread, and for nobody else.

    That work (fresh locks for `threading`, `logging` and others, in case another thread held them) touches 180 pages of
    memory, which the child then has of its own, and where there never was another thread it changes nothing. Only the
    state of `random` would be the same in all children: they seed it anew. Handlers of `pthread_atfork` run as always.

    Returns:
        int: the child's number; 0 in the child.

    Raises:
        OSError: as `os.fork`.
    """
    # The interpreter's own lock is held meanwhile, so that the child has it as well: that is what PyDLL means.
    return _checked(int(_interpreters_libc().fork()), "fork")


def share_arenas() -> None:
    """Have the threads of this process, and of those that it forks, allocate from two arenas and not one each.

    glibc maps 64 MiB for each arena, used or not, so that under a limit on what is mapped a dozen threads would take
    all of it and the next one would not start. Where libc is another one there is nothing to do.
    """
    with suppress(AttributeError):
        _libc().mallopt(_M_ARENA_MAX, _ARENAS)


def control(option: int, *arguments: int) -> int:
    """Do `prctl(2)`.

    Raises:
        OSError: as `call`.
    """
    four = (*arguments, 0, 0, 0, 0)[:4]
    return call("prctl", option, *four)


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Do `mount(2)`.

    Raises:
        OSError: as `call`.
    """
    texts = [None if one is None else one.encode() + b"\0" for one in (source, target, kind, data)]
    call("mount", texts[0], texts[1], texts[2], flags, texts[3])


def _checked(answer: int, name: str) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return answer
