"""Giving up every capability, for good (capabilities(7)). The user stays who they are: the uid is not changed."""

import contextlib
import ctypes
import errno
import struct
from typing import Final

from jackfield.sandbox.kernel import (
    PR_CAP_AMBIENT,
    PR_CAPBSET_DROP,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_SECUREBITS,
    call,
    control,
)

_VERSION_3: Final = 0x20080522
_CLEAR_ALL: Final = 4  # PR_CAP_AMBIENT_CLEAR_ALL
_MOST: Final = 64
_Sets: Final = ctypes.c_char * 24  # made once: a type is much to make in each worker
_NO_RETURN: Final = 0x2F  # NOROOT and NO_SETUID_FIXUP, both locked, and KEEP_CAPS locked


def drop() -> None:
    """Take all capabilities from the calling process, and the ways to get some again.

    Raises:
        OSError: the kernel refused, or left one.
    """
    control(PR_SET_NO_NEW_PRIVS, 1)
    # An ordinary user has none and may not change the bounding set; without new privileges it gives nothing either.
    with contextlib.suppress(PermissionError):
        _drop_from_bounding_set()
        control(PR_SET_SECUREBITS, _NO_RETURN)
    control(PR_CAP_AMBIENT, _CLEAR_ALL)
    call("capset", struct.pack("=Ii", _VERSION_3, 0), bytes(24))
    if any(held()):
        raise PermissionError("capset: a capability was left")


def held() -> tuple[int, int, int]:
    """Return the calling process' effective, permitted and inheritable capabilities, each as 64 bits."""
    sets = _Sets()
    call("capget", struct.pack("=Ii", _VERSION_3, 0), sets)
    effective, permitted, inheritable, *upper = struct.unpack("=6I", sets.raw)
    return effective | upper[0] << 32, permitted | upper[1] << 32, inheritable | upper[2] << 32


def _drop_from_bounding_set() -> None:
    for capability in range(_MOST):
        try:
            control(PR_CAPBSET_DROP, capability)
        except OSError as exc:
            if exc.errno == errno.EINVAL:  # the kernel's last one is passed
                return
            raise
