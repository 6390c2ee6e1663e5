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
        (SettingContribution("a", "list", maximum=1), ["x", "y"], "2 entries are above 1"),
        (SettingContribution("a", "list"), "x", "expected a list of texts, found 'x'"),
        (SettingContribution("a", "list"), ["x", 1], "expected a list of texts, found ['x', 1]"),
        (SettingContribution("a", minimum=2), "x", "1 characters are below 2"),
        (SettingContribution("a", "secret"), "xyz", None),
        (SettingContribution("a", "secret"), 12345, "expected text, found something else"),
        (SettingContribution("a", "path"), "/srv/music", None),
        (SettingContribution("a", "path"), "~/music", None),
        (SettingContribution("a", "path"), "", None),
        (SettingContribution("a", "path"), 1, "expected a path, found 1"),
        (SettingContribution("a", "path"), "/srv\0", "a path holds no NUL character"),
        (
            SettingContribution("a", "path"),
            "music",
            "'music' begins nowhere; write it from the root (/) or from the home folder (~) on",
        ),
        (SettingContribution("a", "choice", choices=("x",)), ["x"], "expected one of 'x', found ['x']"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_value_fits_its_setting_or_says_why_not(
    setting: SettingContribution, value: Any, problem: str | None
) -> None:
    assert setting.problem(value) == problem


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (SettingContribution("a", "integer", minimum=1, maximum=10), "a whole number from 1 to 10"),
        (SettingContribution("a", "number", minimum=0.5), "a number from 0.5 on"),
        (SettingContribution("a", "list", maximum=3), "a list of texts of up to 3 entries"),
        (SettingContribution("a", "text", minimum=2, maximum=9), "text of 2 to 9 characters"),
        (SettingContribution("a", "choice", choices=("x", "y")), "one of 'x', 'y'"),
        (SettingContribution("a", "path", exists="folder"), "the path of a folder"),
        (SettingContribution("a", "boolean"), "true or false"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_what_fits(setting: SettingContribution, expected: str) -> None:
    assert setting.expected == expected
