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


def program(architecture: Architecture, pid: int, *, private_root: bool) -> tuple[Instruction, ...]:
    """Return the program that answers every system call of a confined process.

    A call of a foreign architecture or ABI kills: numbers there mean other things, so nothing can be said of them. A
    number above the table is ENOSYS, what an older kernel would say; the rest that is not allowed is EPERM.

    Args:
        architecture: whose numbers.
        pid: the process to confine.
        private_root: whether it lives below one; then it may change modes and times through descriptors.
    """
    numbers = architecture.calls
    conditions = conditional(pid, private_root=private_root)
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


def install(lines: tuple[Instruction, ...]) -> None:
    """Bind the calling process, all its threads and all its children to the program; nothing takes it off.

    Raises:
        OSError: the kernel has no seccomp filters, or `no_new_privs` is not set.
    """
    code = ctypes.create_string_buffer(b"".join(line.packed() for line in lines))
    header = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code))
    call("seccomp", _SET_MODE_FILTER, _ALL_THREADS, header)


def available() -> bool:
    """Whether this kernel takes filters that kill a process (Linux 4.14 and newer)."""
    try:
        call("seccomp", _GET_ACTION_AVAILABLE, 0, struct.pack("I", bpf.KILL))
    except OSError:
        return False
    return True
