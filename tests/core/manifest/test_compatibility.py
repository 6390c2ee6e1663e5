"""What a plugin says of hosts: ranges, their ends, and the record of what it was tested with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest import (
    Manifest,
    Requirement,
    Version,
    framework_version,
    host_problem,
    outgrown_by,
    read_manifest,
    record_of_tests,
    vouches_for,
    was_tested_with,
)

pytestmark = pytest.mark.feature("K36")


def manifest(text: str = "") -> Manifest:
    return read_manifest(f'schema = 1\nid = "poll"\n{text}', source="plugin.toml", strict=True)


def v(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.parametrize(
    ("requirement", "too_new", "fits_or_too_old"),
    [
        (">=1.0 <2.0", ["2.0", "2.1", "3"], ["1.0", "1.9", "0.9", "2.0-rc.1"]),
        ("<=2.0", ["2.0.1", "3"], ["2.0", "1.0"]),
        ("^1.2", ["2.0", "3.1"], ["1.2", "1.9", "1.0"]),
        ("~1.2", ["1.3", "2.0"], ["1.2.9", "1.1"]),
        ("1.2.*", ["1.3", "2.0"], ["1.2.7", "1.1"]),
        ("=1.2", ["1.2.1", "2"], ["1.2.0", "1.1"]),
        ("[1.0,2.0)", ["2.0", "2.4"], ["1.0", "1.9", "0.4"]),
        ("(,2.0]", ["2.0.1"], ["2.0", "0.1"]),
    ],
)
def test_a_requirement_with_an_end_tells_what_lies_beyond_it(requirement, too_new, fits_or_too_old):
    read = Requirement.parse(requirement)
    assert read.has_end
    assert [read.is_below(v(one)) for one in too_new] == [True] * len(too_new)
    assert [read.is_below(v(one)) for one in fits_or_too_old] == [False] * len(fits_or_too_old)


@pytest.mark.parametrize("requirement", ["", "*", ">=1.0", ">1", "[1.0,)", "]1.0,)"])
def test_a_requirement_without_an_end_takes_whatever_comes(requirement):
    read = Requirement.parse(requirement)
    assert not read.has_end
    assert not read.is_below(v("999.0"))


RELEASES = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
PARTS = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "=", "^", "~"]), RELEASES).map("".join)


@given(st.lists(PARTS, min_size=1, max_size=3).map(" ".join), RELEASES.map(v), RELEASES.map(v))
def test_what_lies_beyond_an_end_is_refused_and_so_is_all_that_comes_later(text, version, later):
    read = Requirement.parse(text)
    if not read.is_below(version):
        return
    assert read.has_end
    assert not read.accepts(version)
    if later >= version:
        assert read.is_below(later)


def test_a_host_is_refused_by_name_and_range():
    made = manifest('[host]\nchat = ">=1.0 <2.0"\n')
    assert host_problem(made, "chat", v("1.4")) is None
    assert host_problem(made, "chat", v("2.0")) == "needs chat >=1.0 <2.0, this is chat 2.0"
    assert host_problem(made, "chat", None) is None
    assert host_problem(made, "game", v("1.0")) == "is made for chat, not for game"
    assert host_problem(manifest(), "chat", v("9")) is None
    assert outgrown_by(made, "chat", v("2.0")) == ("chat", v("2.0"))
    assert outgrown_by(made, "chat", v("0.9")) is None
    assert outgrown_by(made, "chat", None) is None


def test_the_framework_counts_as_a_host_too():
    """The installer decided otherwise than the application once: it knew the application's own name alone."""
    made = manifest(f'[host]\njackfield = ">={framework_version()}"\n')
    assert host_problem(made, "chat", v("1.0")) is None
    ahead = manifest('[host]\njackfield = ">=99"\n')
    assert host_problem(ahead, "chat", v("1.0")) == f"needs jackfield >=99, this is jackfield {framework_version()}"
    assert host_problem(ahead, "chat", v("1.0"), framework=v("99.1")) is None
    behind = manifest('[host]\njackfield = "<99"\n')
    assert outgrown_by(behind, "chat", v("1.0"), framework=v("99.1")) == ("jackfield", v("99.1"))


def test_a_record_of_tests_counts_by_its_first_two_numbers():
    made = manifest('[tested]\nchat = ["1.5", "1.4.1"]\n')
    assert made.tested == {"chat": (v("1.5"), v("1.4.1"))}
    assert manifest('[tested]\nchat = "1.4"\n').tested == {"chat": (v("1.4"),)}
    assert was_tested_with(made, "chat", v("1.4"))
    assert was_tested_with(made, "chat", v("1.5.9"))
    assert not was_tested_with(made, "chat", v("2.0"))
    assert not was_tested_with(made, "game", v("1.4"))
    assert record_of_tests(made, "chat", "Chat", v("1.4")) is None
    assert record_of_tests(made, "chat", "Chat", v("2.0")) == "tested with Chat 1.4.1 and 1.5; this is 2.0"
    assert record_of_tests(manifest(), "chat", "Chat", v("2.0")) is None
    assert Manifest.from_mapping(made.to_mapping(), source="it") == made


def test_an_author_vouches_for_a_host_by_an_end_or_by_a_test():
    assert vouches_for(manifest('[host]\nchat = ">=1.0 <3.0"\n'), "chat", v("2.0"))
    assert vouches_for(manifest('[host]\nchat = ">=1.0"\n[tested]\nchat = "2.0"\n'), "chat", v("2.0.3"))
    assert not vouches_for(manifest('[host]\nchat = ">=1.0"\n'), "chat", v("2.0"))
    assert not vouches_for(manifest(), "chat", v("2.0"))


@pytest.mark.parametrize("text", ["[tested]\nchat = 1\n", '[tested]\nchat = "new"\n', 'tested = "1.0"\n'])
def test_a_record_that_is_none_is_refused(text):
    with pytest.raises(ManifestError, match="tested"):
        manifest(text)
