"""What a wheel holds, whatever it is called: by this a file is known again that was given another name."""

from __future__ import annotations

from jackfield.inspection.report import WheelReport
from jackfield.manifest import tells_origin


def payload(report: WheelReport) -> frozenset[str]:
    """The sha256 of each file of code, without its path: whoever gives a wheel another name need not change one.

    What is nearly empty is left out; of a wheel that holds nothing larger, nothing is left.

    Args:
        report: of the wheel's inspection; empty where it could not be read.
    """
    return frozenset(one.sha256 for one in report.files if tells_origin(one.path, one.size))
