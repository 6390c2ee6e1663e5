"""Settings know which values are theirs (C22)."""

from typing import Any

import pytest
from jackfield.manifest import SettingContribution


@pytest.mark.feature("C22")
@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        (SettingContribution("a"), "x", None),
        (SettingContribution("a"), 1, "expected text, found 1"),
        (SettingContribution("a", "boolean"), True, None),
        (SettingContribution("a", "boolean"), 1, "expected true or false, found 1"),
        (SettingContribution("a", "integer"), 3, None),
        (SettingContribution("a", "integer"), 3.5, "expected a whole number, found 3.5"),
        (SettingContribution("a", "integer"), True, "expected a whole number, found True"),
        (SettingContribution("a", "integer", minimum=4), 3, "3 is below 4"),
        (SettingContribution("a", "number", maximum=1.5), 1.6, "1.6 is above 1.5"),
        (SettingContribution("a", "number"), float("nan"), "expected a number, found nan"),
        (SettingContribution("a", "choice", choices=("x", "y")), "y", None),
        (SettingContribution("a", "choice", choices=("x", "y")), "z", "expected one of 'x', 'y', found 'z'"),
        (SettingContribution("a", "list"), ["x"], None),
        (SettingContribution("a", "list", maximum=1), ["x", "y"], "2 is above 1"),
        (SettingContribution("a", "list"), "x", "expected a list, found 'x'"),
        (SettingContribution("a", "choice", choices=("x",)), ["x"], "expected one of 'x', found ['x']"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_value_fits_its_setting_or_says_why_not(
    setting: SettingContribution, value: Any, problem: str | None
) -> None:
    assert setting.problem(value) == problem
