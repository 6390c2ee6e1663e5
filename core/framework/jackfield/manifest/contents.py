"""What code a wheel holds, whatever it is called: by this a file is known again that was given another name."""

import hashlib
from collections.abc import Iterable

FEWEST_BYTES = 32
"""What is smaller is an empty `__init__.py` or as good as one, and says nothing of where it comes from."""

CODE = (".py", ".so", ".pyd", ".dll", ".dylib", ".exe", ".js", ".wasm", ".sh")
"""What does something; a readme or a picture is changed by a space."""


def tells_origin(path: str, size: int) -> bool:
    """Whether a file is code, and enough of it to be known again.

    Args:
        path: in the wheel.
        size: in bytes.
    """
    return size >= FEWEST_BYTES and path.endswith(CODE)


def fingerprint(parts: Iterable[str]) -> str:
    """One sha256 for a payload; empty for none, which is like nothing.

    Args:
        parts: the sha256 of each file that tells its origin, in hexadecimal digits.
    """
    listed = sorted(set(parts))
    return hashlib.sha256("\n".join(listed).encode()).hexdigest() if listed else ""
