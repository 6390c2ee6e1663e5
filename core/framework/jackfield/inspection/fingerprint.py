"""What a wheel holds, whatever it is called: by this a file is known again that was given another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from jackfield.inspection.report import WheelReport

FEWEST_BYTES = 32
"""What is smaller is an empty `__init__.py` or as good as one, and says nothing of where it comes from."""

CODE = (".py", ".so", ".pyd", ".dll", ".dylib", ".exe", ".js", ".wasm", ".sh")
"""What does something; a readme or a picture is changed by a space."""


def payload(report: WheelReport) -> frozenset[str]:
    """The sha256 of each file of code, without its path: whoever gives a wheel another name need not change one.

    What is nearly empty is left out; of a wheel that holds nothing larger, nothing is left.

    Args:
        report: of the wheel's inspection; empty where it could not be read.
    """
    return frozenset(one.sha256 for one in report.files if one.size >= FEWEST_BYTES and one.path.endswith(CODE))


def fingerprint(parts: Iterable[str]) -> str:
    """One sha256 for a payload; empty for none, which is like nothing.

    Args:
        parts: what `payload` gave.
    """
    listed = sorted(set(parts))
    return hashlib.sha256("\n".join(listed).encode()).hexdigest() if listed else ""
