"""Ivy ranges, and operators against the order that they stand on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import RequirementError
from jackfield.manifest import Requirement, Version

versions = st.from_regex(r"[0-3](\.[0-3]){0,2}(-(alpha|rc\.[0-9]{1,2}|[0-9]))?", fullmatch=True)


def accepted(requirement: str, candidates: str) -> str:
    read = Requirement.parse(requirement)
    return " ".join(text for text in candidates.split() if read.accepts(Version.parse(text)))


@pytest.mark.feature("K11", "K12")
@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("[1.0,2.0]", "1.0 1.5 2.0-rc.1 2.0"),
        ("[1.0, 2.0)", "1.0 1.5 2.0-rc.1"),
        ("[1.0,2.0[", "1.0 1.5 2.0-rc.1"),
        ("]1.0,2.0]", "1.5 2.0-rc.1 2.0"),
        ("]1.0,2.0[", "1.5 2.0-rc.1"),
        ("(1.0,2.0)", "1.5 2.0-rc.1"),
        ("[1.0,)", "1.0 1.5 2.0-rc.1 2.0 3.0"),
        ("]1.0,)", "1.5 2.0-rc.1 2.0 3.0"),
        ("(,2.0]", "0.9 1.0-rc.1 1.0 1.5 2.0-rc.1 2.0"),
        ("(,2.0[", "0.9 1.0-rc.1 1.0 1.5 2.0-rc.1"),
        ("[1.5,1.5]", "1.5"),
        ("1.+", "1.0-rc.1 1.0 1.5"),
        ("[1.0,2.0) <1.5", "1.0"),
        ("[ 1.0 , 2.0 )", "1.0 1.5 2.0-rc.1"),
    ],
)
def test_ivy_ranges_hold_by_precedence(requirement: str, expected: str) -> None:
    assert accepted(requirement, "0.9 1.0-rc.1 1.0 1.5 2.0-rc.1 2.0 3.0") == expected


@pytest.mark.feature("K11")
def test_a_plus_at_the_end_is_ivy_s_wildcard() -> None:
    assert accepted("1.0.+", "0.9 1.0 1.0.7 1.1") == "1.0 1.0.7"


@pytest.mark.feature("K11")
@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("[2.0,1.0)", 1, "swapped"),
        ("[1.0,1.0)", 0, "leaves nothing"),
        ("]1.0,1.0[", 0, "leaves nothing"),
        ("(1.0,1.0)", 0, "leaves nothing"),
        ("[1.0]", 0, "write =1.0"),
        ("(,)", 0, "no bound"),
        ("[,2.0]", 0, "without a bound"),
        ("[1.0,]", 5, "without a bound"),
        ("[1.0,2.0", 0, "no range"),
        ("1.0,2.0)", 3, "operator"),
        ("[1.0,2.0)x", 9, "a space or the end"),
        ("[1.0,2.0)[3.0,4.0)", 9, "a space or the end"),
        ("[a,2.0)", 1, "'a' at column 2"),
        ("[1.0, 2.*)", 8, r"'\*' at column 9"),
        ("[1.0,2.0,3.0]", 0, "no range"),
        (">=[1.0,2.0)", 6, "operator"),
        ("[]", 0, "no range"),
        ("[", 0, "no range"),
        (")", 0, "column 1"),
    ],
)
def test_a_wrong_range_is_shown_by_its_column(text: str, column: int, sentence: str) -> None:
    with pytest.raises(RequirementError, match=sentence) as caught:
        Requirement.parse(text)
    assert caught.value.column == column


def test_swapped_bounds_are_shown_the_right_way_round() -> None:
    with pytest.raises(RequirementError) as caught:
        Requirement.parse("[2.0,1.0)")
    assert caught.value.hint == "write [1.0,2.0)"


@given(versions, versions)
def test_operators_agree_with_the_order(base: str, text: str) -> None:
    version, bound = Version.parse(text), Version.parse(base)
    expected = {
        "<": version < bound, "<=": version <= bound, ">": version > bound, ">=": version >= bound,
        "=": version == bound, "==": version == bound, "": version == bound,
    }  # fmt: skip
    assert {one: Requirement.parse(one + base).accepts(version) for one in expected} == expected


@given(versions, versions)
def test_tilde_is_narrower_than_caret_and_caret_than_at_least(base: str, text: str) -> None:
    version = Version.parse(text)
    tilde, caret, least = (Requirement.parse(operator + base).accepts(version) for operator in ("~", "^", ">="))
    assert tilde <= caret <= least


@given(versions, versions, versions)
def test_a_range_is_its_two_criteria(low: str, high: str, text: str) -> None:
    if Version.parse(low) >= Version.parse(high):
        low, high = high, low
    if Version.parse(low) == Version.parse(high):
        return
    version = Version.parse(text)
    for opening, closing, criteria in (("[", "]", ">={} <={}"), ("[", ")", ">={} <{}"), ("]", "[", ">{} <{}")):
        as_range = Requirement.parse(f"{opening}{low},{high}{closing}").accepts(version)
        assert as_range is Requirement.parse(criteria.format(low, high)).accepts(version)
