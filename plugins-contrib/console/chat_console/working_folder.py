"""The working directory of scripts: they name their files relative to the folder that the console runs in.

On Linux a thread, and each that it starts, can have one of its own; elsewhere the application's stays as it is.
"""

import ctypes
import os
from pathlib import Path

_CLONE_FS = 0x00000200  # linux/sched.h: whether threads share the working directory


def move_to(folder: Path) -> bool:
    """Give this thread a working directory of its own; False where the system does not know such a thing."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (AttributeError, OSError, TypeError):
        return False
    if unshare(_CLONE_FS) != 0:
        return False
    os.chdir(folder)
    return True
