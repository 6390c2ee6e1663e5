"""Limits of one process that the kernel keeps (setrlimit(2)); hard ones, so that they can only sink."""

import sys
from typing import Final

if sys.platform != "win32":
    import resource  # here and not where it is used: below a private root nothing more can be imported

_NOTHING: Final = 0
_NO_CORE: Final = 1
"""Byte. A core file, which holds what the process knew, is not made below a page. With 0 there is none either, but a
program for cores (systemd-coredump, apport), where the system has one, is run, as root, with all of the memory: for it
the limit does not count (core(5)). At 1 the kernel runs none."""

_WAITING_SIGNALS: Final = 64
"""The queue of real-time signals and timers is one for all processes of a user: who fills it takes it from them."""


def apply(*, address_space_bytes: int, file_bytes: int, descriptors: int, threads: int | None) -> None:
    """Set them for the calling process.

    `RLIMIT_AS` is a backstop: it counts what is mapped and not what is used. The memory that a plugin uses is measured
    from outside. A limit that is lower already stays.

    Args:
        address_space_bytes: of all mappings together.
        file_bytes: the size that one file can be given.
        descriptors: open at one time.
        threads: at one time; None sets no limit, for the kernel counts all processes of the user. Below a private root
            it counts what runs in there, except for root, for whom it does not count.

    Raises:
        OSError: a limit was refused.
    """
    wanted = {
        resource.RLIMIT_AS: address_space_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: descriptors,
        resource.RLIMIT_CORE: _NO_CORE,
        resource.RLIMIT_MEMLOCK: _NOTHING,
        resource.RLIMIT_MSGQUEUE: _NOTHING,
        resource.RLIMIT_SIGPENDING: _WAITING_SIGNALS,
    }
    if threads is not None:
        wanted[resource.RLIMIT_NPROC] = threads
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        lowered = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lowered, lowered))
