"""The filter on system calls: made from the lists in `allowed`, given to the kernel for good (seccomp(2))."""

import ctypes
import errno
import struct
from typing import Final

from jackfield.sandbox import bpf
from jackfield.sandbox.allowed import ALLOWED, ANSWERED, conditional
from jackfield.sandbox.bpf import Instruction
from jackfield.sandbox.calls import Architecture
from jackfield.sandbox.kernel import call

_SET_MODE_FILTER: Final = 1
_GET_ACTION_AVAILABLE: Final = 2
_ALL_THREADS: Final = 1  # SECCOMP_FILTER_FLAG_TSYNC
_INSTRUCTION_BYTES: Final = 8
_VALUE_AT: Final = 4  # of `struct sock_filter`


class _Program(ctypes.Structure):
    """`struct sock_fprog`: how many instructions, and where they lie."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def program(architecture: Architecture, pid: int) -> tuple[Instruction, ...]:
    """Return the program that answers every system call of a confined process.

    A call of a foreign architecture or ABI kills: numbers there mean other things, so nothing can be said of them. A
    number above the table is ENOSYS, what an older kernel would say; the rest that is not allowed is EPERM.

    Args:
        architecture: whose numbers.
        pid: the process to confine.
    """
    numbers = architecture.calls
    conditions = conditional(pid)
    lines = [
        bpf.load(bpf.ARCHITECTURE_AT),
        Instruction(bpf.IF_EQUAL, 1, 0, architecture.audit),
        bpf.answer(bpf.KILL),
        bpf.load(bpf.NUMBER_AT),
    ]
    if architecture.foreign_from is not None:
        lines += [Instruction(bpf.IF_AT_LEAST, 0, 1, architecture.foreign_from), bpf.answer(bpf.KILL)]
    for name, (required, otherwise) in conditions.items():
        if name in numbers:
            lines += bpf.only(numbers[name], bpf.guarded(required, bpf.error(otherwise)))
    for number in sorted(numbers[name] for name in ALLOWED if name in numbers):
        lines += bpf.only(number, [bpf.answer(bpf.ALLOW)])
    for name, otherwise in ANSWERED.items():
        if name in numbers:
            lines += bpf.only(numbers[name], [bpf.answer(bpf.error(otherwise))])
    lines += [
        Instruction(bpf.IF_AT_LEAST, 0, 1, architecture.unknown_from),
        bpf.answer(bpf.error(errno.ENOSYS)),
        bpf.answer(bpf.error(errno.EPERM)),
    ]
    return tuple(lines)


def packed(lines: tuple[Instruction, ...]) -> bytes:
    """Return a program as the kernel reads it."""
    return b"".join(line.packed() for line in lines)


class Filters:
    """The programs for many processes, made once: they differ in nothing but the number of the process.

    To make one takes two milliseconds, to complete one a few microseconds.

    Args:
        architecture: whose numbers.
    """

    def __init__(self, architecture: Architecture) -> None:
        lines, other = (program(architecture, pid) for pid in (1, 2))
        self._code = packed(lines)
        self._places = tuple(place for place, (one, two) in enumerate(zip(lines, other, strict=True)) if one != two)

    def of(self, pid: int) -> bytes:
        """Return the packed program for one process."""
        completed = bytearray(self._code)
        for place in self._places:
            struct.pack_into("=I", completed, place * _INSTRUCTION_BYTES + _VALUE_AT, pid)
        return bytes(completed)


def install(code: bytes) -> None:
    """Bind the calling process, all its threads and all its children to a packed program; nothing takes it off.

    Raises:
        OSError: the kernel has no seccomp filters, or `no_new_privs` is not set.
    """
    packed_program = _Program(len(code) // _INSTRUCTION_BYTES, code)
    call("seccomp", _SET_MODE_FILTER, _ALL_THREADS, ctypes.addressof(packed_program))


def available() -> bool:
    """Whether this kernel takes filters that kill a process (Linux 4.14 and newer)."""
    try:
        call("seccomp", _GET_ACTION_AVAILABLE, 0, struct.pack("I", bpf.KILL))
    except OSError:
        return False
    return True
