"""How an inspection refuses a wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import WheelError
from jackfield.inspection import WheelReport, inspect_wheel


def codes(report: WheelReport) -> set[str]:
    return {finding.code for finding in report.refusals}


def refused(path: Path, code: str, culprit: str, **options: Any) -> None:
    """The wheel is refused with this code, and a message that names the culprit."""
    report = inspect_wheel(path, **options)
    assert code in codes(report), report.findings
    assert any(culprit in finding.message for finding in report.refusals if finding.code == code), report.refusals
    with pytest.raises(WheelError):
        report.require_acceptable()
