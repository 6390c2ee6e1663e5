"""The list of what a marketplace revoked: read so that nothing slips past it by spelling, range or a strange value."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest import (
    SEVERITIES,
    Requirement,
    Revocation,
    RevocationList,
    Version,
    canonical_id,
    means,
    one_line,
    read_revocations,
)

pytestmark = pytest.mark.feature("K6")

HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
IDS = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,20}", fullmatch=True)
NUMBERS = st.tuples(*[st.integers(0, 30)] * 3)
RANGES = st.one_of(
    st.just("*"),
    NUMBERS.map(lambda one: f"=={one[0]}.{one[1]}.{one[2]}"),
    NUMBERS.map(lambda one: f"<{one[0]}.{one[1]}"),
    NUMBERS.map(lambda one: f"^{one[0]}.{one[1]}.{one[2]}"),
    st.tuples(st.integers(0, 20), st.integers(1, 10)).map(lambda two: f"[{two[0]}.0, {two[0] + two[1]}.0)"),
)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f"), max_size=80).map(
    one_line
)


@st.composite
def revocations(draw: st.DrawFn) -> Revocation:
    named = draw(st.booleans())
    plugin = draw(IDS) if named else ""
    return Revocation(
        number=draw(st.integers(1, 10_000)),
        plugin=plugin,
        distribution=f"chat-{plugin}" if named else "",
        versions=draw(RANGES) if named else "*",
        files=frozenset(draw(st.sets(HASHES, min_size=0 if named else 1, max_size=3))),
        contents=frozenset(draw(st.sets(HASHES, max_size=3))),
        reason=draw(WORDS) or "why",
        severity=draw(st.sampled_from(SEVERITIES)),
        advice=draw(WORDS),
        revoked="2026-05-03T10:00:00Z",
    )


@given(st.lists(revocations(), max_size=5).map(tuple), WORDS)
def test_what_is_written_is_read_and_the_same_list_gives_the_same_bytes(entries, appeal):
    document = RevocationList(entries, appeal).to_bytes()
    assert read_revocations(document, source="the list") == RevocationList(entries, appeal)
    assert read_revocations(document, source="the list").to_bytes() == document


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A canonical id, and another spelling of it."""
    plugin = draw(IDS)
    separators = st.text("-_.", min_size=1, max_size=2)
    other = "".join(draw(separators) if one == "-" else draw(st.sampled_from([one, one.upper()])) for one in plugin)
    return plugin, draw(st.text("-_.", max_size=1)) + other + draw(st.text("-_.", max_size=1))


@given(spellings())
def test_no_spelling_of_an_id_slips_past(pair):
    plugin, other = pair
    assert canonical_id(other) == plugin
    assert Revocation(1, plugin=plugin).names(other, "", "1.0.0")


@given(RANGES, NUMBERS)
def test_a_range_means_what_it_means_in_a_manifest(text, number):
    version = ".".join(map(str, number))
    assert means(text, version) == Requirement.parse(text).accepts(Version.parse(version))


@given(st.text(max_size=30), NUMBERS)
@example("not a range", (1, 0, 0))
@example(">", (1, 0, 0))
def test_a_range_that_cannot_be_read_means_every_version(text, number):
    try:
        Requirement.parse(text)
    except ManifestError:
        assert means(text, ".".join(map(str, number)))


@pytest.mark.parametrize(
    ("versions", "version", "meant"),
    [
        ("<1.2", "1.2.0rc1", True),  # before 1.2, as precedence has it
        ("<1.2", "1.2", False),
        ("==1.2", "1.2.post1", True),  # a later build of the same
        ("<2", "1!1.0", True),
        ("*", "what is this", True),
        ("<2", "what is this", False),  # its file is known by its hash
        ("", "7", True),
    ],
)
def test_versions_at_the_edges(versions, version, meant):
    assert means(versions, version) is meant


def document(**entry: object) -> bytes:
    return json.dumps({"schema": 1, "revocations": [{"number": 1, "plugin": "poll", **entry}]}).encode()


def test_what_is_not_known_is_taken_for_the_worst():
    (one,) = read_revocations(document(severity="apocalyptic", tomorrow="more"), source="x").revocations
    assert (one.severity, one.versions, one.stops) == ("critical", "*", True)
    assert one.reason == "it does not say why"


def test_nothing_of_it_moves_a_terminal_and_nothing_is_endless():
    (one,) = read_revocations(document(reason="a\x1b[2J\nb\u202ec\ud800" + "x" * 9000), source="x").revocations
    assert one.reason.startswith("a [2J b c x")
    assert len(one.reason) == 500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"<html>", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no list of revocations"),
        (document().decode().encode("utf-16"), "no JSON"),
        (b'{"revocations": []}', "no list of revocations"),
        (b'{"schema": 1, "revocations": [{}]}', "an entry without a number"),
        (b'{"schema": 1, "revocations": [{"number": 1}]}', "names nothing"),
        (document(files="abc"), "has no list of hashes"),
        (document(files=["abc"]), "is no sha256"),
        (document(plugin=7), "names nothing"),
    ],
)
def test_an_entry_that_means_nothing_is_an_error_and_never_passed_over(text, said):
    with pytest.raises(ManifestError, match=said):
        read_revocations(text, source="the list")


@pytest.mark.slow
@given(revocations(), HASHES)
def test_a_file_is_known_by_its_bytes_alone(one, other):
    for sha256 in one.files:
        assert one.holds(sha256)
    assert one.holds(other) == (other in one.files)
    assert not one.holds("", "")
