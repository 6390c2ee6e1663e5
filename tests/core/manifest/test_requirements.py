"""Requirements and dependencies: one parser for MCDReforged's, Mirai's and the bare names."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import GrammarError, IdentityError, RequirementError
from jackfield.manifest import Dependency, Requirement, Version
from jackfield.manifest.requirements import LONGEST_DEPENDENCY, LONGEST_REQUIREMENT

pytestmark = pytest.mark.slow


def accepts(requirement: str, version: str) -> bool:
    return Requirement.parse(requirement).accepts(Version.parse(version))


# Every row of the field's own documentation (M16 to M25) and of the conformance table of the feature checklist.
ACCEPTED = [
    (">=1.2.3", "1.2.3", True), (">=1.2.3", "1.3.0", True), (">=1.2.3", "1.2.0", False),
    (">1.2.3", "1.2.4", True), (">1.2.3", "1.3.0", True), (">1.2.3", "1.2.0", False), (">1.2.3", "1.2.3", False),
    ("<=1.2.3", "1.2.3", True), ("<=1.2.3", "1.1.0", True), ("<=1.2.3", "1.2.4", False), ("<=1.2.3", "2.0.0", False),
    ("<1.2.3", "1.1.0", True), ("<1.2.3", "1.2.3", False), ("<1.2.3", "1.5", False),
    ("=1.2.3", "1.2.3", True), ("=1.2.3", "1.2", False), ("=1.2.3", "1.2.4", False),
    ("==1.2.3", "1.2.3", True), ("==1.2.3", "1.2", False), ("==1.2.3", "1.2.4", False),
    ("1.2.3", "1.2.3", True), ("1.2.3", "1.2", False), ("1.2.3", "1.2.4", False),
    ("^1.2.3", "1.2.3", True), ("^1.2.3", "1.2.4", True), ("^1.2.3", "1.4.4", True), ("^1.2.3", "1.0.0", False),
    ("^1.2.3", "2.0.0", False),
    ("~1.2.3", "1.2.3", True), ("~1.2.3", "1.2.4", True), ("~1.2.3", "1.0.0", False), ("~1.2.3", "1.4.4", False),
    ("~1.2.3", "2.0.0", False),
    ("*", "0.1", True), ("1.0.*", "1.0.7", True), (">=1.0.0 <2.0", "1.5", True), (">=1.0.0 <2.0", "2.0", False),
    (">=1.0.0 <2.0", "0.9", False),
    # the conformance table
    ("=1.2", "1.2.0", True), ("=1.2.3", "1.2.3.0", True),
    ("<1.2.3", "1.2", True),
    ("*", "1.0-pre1", True), ("", "1.0-pre1", True), ("", "3", True), ("  ", "3", True),
    ("1.0.*", "1.0", True), ("1.0.*", "1.0.5", True), ("2.7.x", "2.7.9", True), ("1.0.*", "1.1", False),
    ("^0.2", "0.9", True),
    ("~1", "1.0.5", True), ("~1", "1.3", False),
    ("^1.2.3", "1.2.4-rc.1", True), (">=1.2.3", "1.2.3-rc.1", False),
    ("<2.0", "2.0.0-alpha", True), ("<2.0", "2.0-pre1", True), (">=1.0.0 <2.0", "2.0.0-alpha", True),
    (">=1.0.0 <2.0", "2.0-pre1", True),
    (">1.2.3", "1.2.3+build.1", False),
    # MCDReforged's wildcards behind an operator, and in the middle
    (">=1.0.x", "1.0.0", True), (">=1.0.x", "1.0-rc.1", True), (">=1.0.x", "0.9", False), (">1.0.*", "1.0.9", False),
    (">1.0.*", "1.1", True), ("<=1.0.*", "1.0.9", True), ("<1.0.*", "1.0.9", False), ("1.*.3", "1.7.3", True),
    ("1.*.3", "1.7.4", False), ("~1.2.*", "1.2.9", True), ("^1.*", "1.0", True), ("X", "4", True),
    ("1.0.*", "1.0.5-rc.1", True), ("=1.*-rc.1", "1.5-rc.1", True), ("=1.*-rc.1", "1.5", False),
    # semver wins where MCDReforged departs from it on strict versions
    (">1.0.0-2", "1.0.0-10", True), ("<1.0.0-2", "1.0.0-10", False),
    ("=1.2.3-", "1.2.3-", True), (">1.2.3-", "1.2.3-alpha", True), ("<1.2.3", "1.2.3-", True),
]  # fmt: skip


@pytest.mark.feature("M15", "M16", "M17", "M18", "M19", "M20", "M21", "M22", "M23", "M24", "M25", "U2")
@pytest.mark.parametrize(
    ("requirement", "version", "expected"),
    ACCEPTED,
    ids=[
        f"{requirement!r} {'takes' if expected else 'refuses'} {version}" for requirement, version, expected in ACCEPTED
    ],
)
def test_operators_mean_what_mcdreforged_means(requirement: str, version: str, expected: bool) -> None:
    assert accepts(requirement, version) is expected


@pytest.mark.feature("M16")
@pytest.mark.parametrize(
    ("text", "column"),
    [
        (">= 1.0", 2), (">=", 2), ("abc", 0), ("1..2", 2), ("-1", 0), ("=", 1), (">=1.0 <", 7), (">=1.0 <x.y", 9),
        ("1.0\t2.0", 2), (">=1.0,<2.0", 5), ("!=1.0", 0), (">=1.0 || <3", 6), ("~=1.0", 0), ("=>1", 0), ("===1", 0),
        (">>1.0", 1), ("id:[1.0,2.0)", 0), ("1.0?", 2), ("latest.integration", 0), (">=1 latest.release", 4),
        ("^*", 1), ("~1.*", 1), ("+", 0), (">=1.0.+", 6),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_by_its_column(text: str, column: int) -> None:
    with pytest.raises(RequirementError) as caught:
        Requirement.parse(text)
    assert caught.value.column == column
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("latest.integration", "what is latest changes with the marketplace"),
        ("[2.0,1.0)", "bounds swapped: 2.0 is above 1.0"),
        (">= 1.0", "no version follows '>='"),
        ("~1.*", "can never hold"),
        (">=1.0,<2.0", "a space means 'and'"),
        ("1" * (LONGEST_REQUIREMENT + 1), "at most 1024"),
    ],
)
def test_a_refusal_gives_its_reason(text: str, sentence: str) -> None:
    with pytest.raises(RequirementError, match=sentence):
        Requirement.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.2", "=1.2"), ("==1.2", "=1.2.0"), ("1.0.+", "1.0.*"), ("[1.0,2.0)", "[1.0, 2.0)"), (">=1  <2", ">=1 <2")],
)
def test_requirements_that_mean_the_same_are_equal_and_keep_their_spelling(one: str, other: str) -> None:
    assert Requirement.parse(one).accepts(Version.parse("1.0")) is Requirement.parse(other).accepts(
        Version.parse("1.0")
    )
    assert str(Requirement.parse(one)) == one


@pytest.mark.feature("K8", "K9", "K10", "K11", "K12", "C12", "M15")
@pytest.mark.parametrize(
    ("text", "plugin", "requirement", "optional"),
    [
        ("id", "id", "", False),
        ("id?", "id", "", True),
        ("id:[1.0, 2.0)", "id", "[1.0, 2.0)", False),
        ("id:[1.0, 2.0)?", "id", "[1.0, 2.0)", True),
        ("org.example.chat-command:^1.2", "org.example.chat-command", "^1.2", False),
        ("a_b:>=1.0 <2.0?", "a_b", ">=1.0 <2.0", True),
        ("id: >=1.0", "id", " >=1.0", False),
    ],
)
def test_a_dependency_is_read_in_each_form(text: str, plugin: str, requirement: str, optional: bool) -> None:
    dependency = Dependency.parse(text)
    assert (dependency.id, str(dependency.requirement), dependency.optional) == (plugin, requirement, optional)
    assert str(dependency) == text


@pytest.mark.feature("K12")
def test_a_line_of_plugin_toml_is_the_same_dependency() -> None:
    assert Dependency.from_pair("chat-command", "[1.0, 2.0)?") == Dependency.parse("chat-command:[1.0, 2.0)?")
    assert Dependency.from_pair("geocoder", "*").requirement.accepts(Version.parse("0.1-alpha"))


@pytest.mark.parametrize("requirement", ["", "  ", "?", " ?"])
def test_a_line_without_a_requirement_takes_every_version_and_is_written_as_the_bare_name(requirement: str) -> None:
    dependency = Dependency.from_pair("geocoder", requirement)
    assert dependency.requirement.accepts(Version.parse("0.1-alpha"))
    assert str(dependency) == ("geocoder?" if dependency.optional else "geocoder")
    assert Dependency.parse(str(dependency)) == dependency


@pytest.mark.parametrize(
    ("text", "kind", "column"),
    [
        ("", IdentityError, 0),
        ("?", IdentityError, 0),
        ("My Plugin", IdentityError, 0),
        ("a b:1.0", IdentityError, 1),
        ("id:", RequirementError, 3),
        ("id:?", RequirementError, 3),
        ("id:abc", RequirementError, 3),
        ("id:>=1.0 <y", RequirementError, 10),
        ("id:[1.0,]", RequirementError, 8),
        ("id??", IdentityError, 2),
        ("id" * 600, RequirementError, LONGEST_DEPENDENCY),
    ],
)
def test_a_mistake_in_a_dependency_counts_from_its_start(text: str, kind: type[GrammarError], column: int) -> None:
    with pytest.raises(kind) as caught:
        Dependency.parse(text)
    assert caught.value.column == column
    assert caught.value.text == text


@pytest.mark.feature("M26", "K10", "K12")
@pytest.mark.parametrize(
    ("text", "present", "problem"),
    [
        ("id:^1.0", "1.2", None),
        ("id:^1.0", "2.0", "needs id ^1.0, but 2.0 is present"),
        ("id:^1.0", None, "needs id ^1.0, which is missing"),
        ("id", None, "needs id, which is missing"),
        ("id?", None, None),
        ("id:^1.0?", None, None),
        ("id:^1.0?", "2.0", "needs id ^1.0, but 2.0 is present"),
    ],
)
def test_an_optional_dependency_may_be_absent_and_never_wrong(
    text: str, present: str | None, problem: str | None
) -> None:
    version = None if present is None else Version.parse(present)
    assert Dependency.parse(text).problem(version) == problem
    assert Dependency.parse(text).accepts(version) is (problem is None)


def test_dependencies_are_compared_by_canonical_id() -> None:
    assert Dependency.parse("__a_b").canonical_id == Dependency.parse("a.b?").canonical_id == "a-b"


scraps = st.one_of(st.text(max_size=40), st.text("0123456789.,-+*x<>=^~[]() ?:ab", max_size=24))


def refusal(read: Callable[[str], object], text: str) -> GrammarError | None:
    try:
        read(text)
    except GrammarError as error:
        return error
    return None


@given(scraps)
def test_no_text_crashes_the_parsers_and_what_is_read_reads_again(text: str) -> None:
    for parse in (Requirement.parse, Dependency.parse):
        if error := refusal(parse, text):
            assert 0 <= error.column <= len(text)
            assert error.text == text
        else:
            read = parse(text)
            assert parse(str(read)) == read
            assert hash(parse(str(read))) == hash(read)
            assert str(parse(str(read))) == str(read)


@st.composite
def requirement_texts(draw: st.DrawFn) -> str:
    operators = st.sampled_from(["", "=", "==", ">", ">=", "<", "<=", "^", "~"])
    versions = st.from_regex(r"[0-3](\.[0-3]){0,3}(-(alpha|rc\.[0-9]|1))?", fullmatch=True)
    return " ".join(
        operator + version for operator, version in draw(st.lists(st.tuples(operators, versions), max_size=3))
    )


@given(requirement_texts(), st.from_regex(r"[0-3](\.[0-3]){0,3}(-(alpha|rc\.[0-9]|1))?", fullmatch=True))
def test_a_space_is_and(text: str, version: str) -> None:
    assert accepts(text, version) is all(accepts(part, version) for part in text.split())


@given(requirement_texts(), st.booleans())
def test_canonical_texts_parse_to_the_same(text: str, optional: bool) -> None:
    dependency = Dependency("some-plugin", Requirement.parse(text), optional)
    assert Dependency.parse(str(dependency)) == dependency


def test_the_longest_dependency_of_a_table_can_be_written_as_one_text() -> None:
    longest = Dependency.from_pair("a" * 64, "1 " * (LONGEST_REQUIREMENT // 2 - 1) + "11?")
    assert Dependency.parse(str(longest)) == longest
