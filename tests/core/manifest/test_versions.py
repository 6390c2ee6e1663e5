"""Versions: every spelling of the field, and semver's order over all of them."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import semantic_version
from hypothesis import assume, given
from hypothesis import strategies as st
from jackfield.errors import GrammarError, VersionError
from jackfield.manifest import Version
from jackfield.manifest.versions import LONGEST_VERSION, VERSION_PATTERN

numbers = st.integers(0, 30).map(str)
words = st.from_regex(r"[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3}", fullmatch=True)
identifiers = st.lists(st.one_of(numbers, words), min_size=1, max_size=3).map(".".join)
builds = st.lists(st.from_regex(r"[0-9A-Za-z-]{1,4}", fullmatch=True), min_size=1, max_size=2).map(".".join)


@st.composite
def strict_versions(draw: st.DrawFn) -> str:
    core = ".".join(draw(st.lists(numbers, min_size=3, max_size=3)))
    prerelease = draw(st.one_of(st.just(""), identifiers.map("-{}".format)))
    return core + prerelease + draw(st.one_of(st.just(""), builds.map("+{}".format)))


@st.composite
def versions(draw: st.DrawFn) -> str:
    """Every dialect: cores of any length, leading zeros, empty pre-releases and builds."""
    core = ".".join(draw(st.lists(st.one_of(numbers, st.just("007")), min_size=1, max_size=5)))
    prerelease = draw(st.one_of(st.just(""), st.just("-"), identifiers.map("-{}".format), st.just("-01")))
    return core + prerelease + draw(st.one_of(st.just(""), st.just("+"), builds.map("+{}".format), st.just("+a+b")))


@pytest.mark.feature("M10", "K7", "C44")
@pytest.mark.parametrize(
    "text",
    ["1.0.0", "2.0", "1.2.3-pre4", "1.8.9-rc.8", "1.14.1-beta.4+build.54", "1.0", "1.0-M1", "1.0-pre-1", "0.0.0", "1",
     "1.2.3-", "1.2.3+", "1.2.3-+", "1.2.3.4.5", "01.2"],
)  # fmt: skip
def test_every_spelling_of_the_field_is_read_and_kept(text: str) -> None:
    assert str(Version.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 0),
        ("abc", 0),
        ("-1", 0),
        ("1..2", 2),
        ("1.2.", 4),
        (".1", 0),
        ("1.x", 2),
        ("1.*", 2),
        ("v1.2", 0),
        (" 1.2", 0),
        ("1.2 ", 2),
        ("1_0.2", 0),
        ("1.2.3-a..b", 8),
        ("1.2.3-a.", 8),
        ("1.2.3-.a", 6),
        ("1.2.3-ä", 6),
        ("1.2.3-a_b", 7),
        ("1.2.3+a b", 7),
        ("1.2.3-rc.1+ü", 11),
        ("\u0661.\u0662", 0),
        ("1." + "9" * LONGEST_VERSION, LONGEST_VERSION),
    ],
)
def test_a_mistake_is_shown_by_its_column(text: str, column: int) -> None:
    with pytest.raises(VersionError) as caught:
        Version.parse(text)
    assert caught.value.column == column
    assert caught.value.text == text


def test_the_nearest_version_is_proposed() -> None:
    with pytest.raises(VersionError, match=r"perhaps 1\.2\.0"):
        Version.parse("v1.2")


@pytest.mark.parametrize("text", ["1.0.*", "1.0<2", "abc", "[1.0"])
def test_none_is_proposed_where_it_would_be_a_riddle(text: str) -> None:
    with pytest.raises(VersionError) as caught:
        Version.parse(text)
    assert caught.value.hint is None


def test_a_number_with_leading_zeros_comes_before_the_same_without() -> None:
    rising = ["1.0-000", "1.0-00", "1.0-0", "1.0-001", "1.0-01", "1.0-1", "1.0-a"]
    assert [str(one) for one in sorted(map(Version.parse, reversed(rising)))] == rising


@pytest.mark.feature("M10", "K7")
def test_precedence_rises_as_semver_says() -> None:
    rising = [
        "0.9", "1.0.0-", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
        "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.0.1", "1.2", "1.10", "2.0-M1", "2.0-pre-1", "2.0",
    ]  # fmt: skip
    assert [str(one) for one in sorted(map(Version.parse, reversed(rising)))] == rising
    for low, high in pairwise(map(Version.parse, rising)):
        assert low < high
        assert high > low
        assert low <= high
        assert high >= low
        assert low != high


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.2", "1.2.0"), ("1", "1.0.0.0"), ("1.2.0+a", "1.2+b"), ("1-rc.1", "1.0-rc.1+x"), ("01.2", "1.2")],
)
def test_missing_numbers_are_zero_and_build_is_ignored(one: str, other: str) -> None:
    assert Version.parse(one) == Version.parse(other)
    assert hash(Version.parse(one)) == hash(Version.parse(other))
    assert str(Version.parse(one)) == one


def test_a_version_is_no_text() -> None:
    assert Version.parse("1.0") != "1.0"
    with pytest.raises(TypeError, match="parse it first"):
        _ = Version.parse("1.0") < "2.0"  # type: ignore[operator]  # what is tested


@pytest.mark.parametrize(
    ("text", "prerelease"), [("1.0.0", False), ("1.0", False), ("1.0.0-rc.1", True), ("1.0.0-", True)]
)
def test_it_tells_what_it_is(text: str, prerelease: bool) -> None:
    assert Version.parse(text).is_prerelease is prerelease


@given(strict_versions(), strict_versions())
def test_the_order_agrees_with_semver_on_strict_versions(one: str, other: str) -> None:
    # its own key counts build metadata, which semver's clause 10 leaves out of precedence
    oracle = [semantic_version.Version(text).truncate("prerelease").precedence_key for text in (one, other)]
    mine = [Version.parse(text) for text in (one, other)]
    assert (mine[0] < mine[1]) is (oracle[0] < oracle[1])
    assert (mine[0] == mine[1]) is (oracle[0] == oracle[1])


@given(versions(), versions(), versions())
def test_the_order_is_a_total_preorder(one: str, two: str, three: str) -> None:
    a, b, c = map(Version.parse, (one, two, three))
    assert a <= b or b <= a
    assert (a == b) is (a <= b and b <= a)
    assert (a < b) is not (a >= b)
    if a <= b and b <= c:
        assert a <= c
    if a == b:
        assert hash(a) == hash(b)


@given(versions())
def test_parsing_what_was_written_gives_the_same(text: str) -> None:
    version = Version.parse(text)
    assert str(version) == text
    assert Version.parse(str(version)) == version


def refusal(read: Callable[[str], object], text: str) -> GrammarError | None:
    try:
        read(text)
    except GrammarError as error:
        return error
    return None


@given(st.one_of(st.text(max_size=40), st.text("0123456789.-+*xabrc ", max_size=20)))
def test_no_text_crashes_the_parser(text: str) -> None:
    for read in (Version.parse, Version.from_pep440):
        if error := refusal(read, text):
            assert 0 <= error.column <= len(text)


@given(st.from_regex(VERSION_PATTERN, fullmatch=True))
def test_the_schema_s_pattern_is_the_grammar(text: str) -> None:
    assume(len(text) <= LONGEST_VERSION)
    assert str(Version.parse(text)) == text
