"""Published versions in two spellings, and a sentence for each that cannot be published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import VersionError
from jackfield.manifest import Version
from packaging.version import Version as PackagingVersion

published = st.from_regex(r"(0|[1-9][0-9]?)(\.(0|[1-9][0-9]?)){0,3}((a|b|rc)(0|[1-9][0-9]?))?", fullmatch=True)


@pytest.mark.feature("M10", "K7")
@pytest.mark.parametrize(
    ("text", "pep440"),
    [
        ("1.0.0", "1.0.0"),
        ("2.0", "2.0"),
        ("1.2.3-pre4", "1.2.3rc4"),
        ("1.8.9-rc.8", "1.8.9rc8"),
        ("1.0-alpha", "1.0a0"),
        ("1.0-alpha.1", "1.0a1"),
        ("1.0-beta4", "1.0b4"),
        ("1.0-pre-1", "1.0rc1"),
        ("1.0-RC1", "1.0rc1"),
        ("1.0-a1", "1.0a1"),
        ("01.2", "1.2"),
    ],
)
def test_a_version_is_published_as_pep440_spells_it(text: str, pep440: str) -> None:
    assert Version.parse(text).to_pep440() == pep440
    assert Version.parse(text).publishable()
    assert str(PackagingVersion(pep440)) == pep440


@pytest.mark.parametrize(
    ("pep440", "text"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3rc4", "1.2.3-rc.4"),
        ("1.2.3a1", "1.2.3-alpha.1"),
        ("1.2b0", "1.2-beta.0"),
        ("1.2.3-pre4", "1.2.3-rc.4"),
        ("v1.0.ALPHA.2", "1.0-alpha.2"),
    ],
)
def test_a_distribution_s_version_is_read_back(pep440: str, text: str) -> None:
    assert str(Version.from_pep440(pep440)) == text


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ("1.0-M1", "a milestone", 3),
        ("1.0.0-10", "begins with a number", 5),
        ("1.0.0-0.3.7", "begins with a number", 5),
        ("1.0.0-dev.1", "PEP 440 sorts dev releases before alpha", 5),
        ("1.0.0-post1", "post releases after the release", 5),
        ("1.0.0-", "has no name", 5),
        ("1.0.0-alpha.1.2", "knows no pre-release 'alpha.1.2'", 5),
        ("1.0.0-alpha-beta", "knows no pre-release", 5),
        ("1.14.1-beta.4+build.54", "build metadata", 13),
        ("1.0+x", "build metadata", 3),
    ],
)
def test_what_cannot_be_published_is_refused_with_a_sentence(text: str, reason: str, column: int) -> None:
    version = Version.parse(text)
    assert not version.publishable()
    with pytest.raises(VersionError, match=reason) as caught:
        version.to_pep440()
    assert caught.value.column == column
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.0.dev3", "a dev release"),
        ("1.0a1.dev3", "a dev release"),
        ("1.0.post1", "a post release"),
        ("1.0-1", "a post release"),
        ("1!1.0", "has an epoch"),
        ("1.0+local", "a local version"),
        ("1.0-M1", "no version as PEP 440 writes them"),
        ("", "no version as PEP 440 writes them"),
        ("1" * 300, "at most 256"),
    ],
)
def test_distributions_that_may_not_be_published_are_refused(text: str, reason: str) -> None:
    with pytest.raises(VersionError, match=reason):
        Version.from_pep440(text)


@pytest.mark.parametrize(
    ("pep440", "text"),
    [
        ("1.0.dev3", "1.0-0.dev.3"),
        ("1.0.post1", "1.0+post.1"),
        ("1!1.0+local.2", "1.0+epoch.1.local.2"),
        ("1.0rc1", "1.0-rc.1"),
        ("1.0b2.dev1", "1.0-beta.1.dev.1"),
    ],
)
def test_what_pip_installed_is_read_all_the_same(pep440: str, text: str) -> None:
    assert str(Version.from_pep440(pep440, published=False)) == text


def test_a_development_install_keeps_its_place_in_the_order() -> None:
    order = ["0.9", "1.0.dev3", "1.0a1", "1.0b1.dev1", "1.0b1", "1.0b2.dev1", "1.0b2", "1.0rc1", "1.0"]
    versions = [Version.from_pep440(text, published=False) for text in order]
    assert sorted(versions) == versions
    assert len(set(versions)) == len(order)


@pytest.mark.parametrize(
    "order",
    [
        ["1.0.dev9", "1.0a0.dev1", "1.0a0.dev2", "1.0a0", "1.0b0.dev1", "1.0b0", "1.0b1.dev0", "1.0rc0.dev1"],
        ["1.0a1", "1.0a1.post1.dev2", "1.0a2"],
        ["1.0rc1", "1.0", "1.0.post1.dev3", "1.0.post1", "1.1.dev0"],
    ],
    ids=["before the first of a kind", "after a pre-release", "after the release"],
)
def test_no_development_install_falls_behind_what_it_follows(order: list[str]) -> None:
    assert sorted(order, key=PackagingVersion) == order
    versions = [Version.from_pep440(text, published=False) for text in order]
    assert sorted(versions) == versions


@pytest.mark.parametrize(
    ("text", "distribution", "agrees"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2", "1.2.0", True),
        ("1.2.3-pre4", "1.2.3rc4", True),
        ("1.2.3-beta", "1.2.3b0", True),
        ("1.2.3-rc.4", "1.2.3-RC.4", True),
        ("1.2.3-pre4", "1.2.3rc5", False),
        ("1.2.3", "1.2.4", False),
        ("1.0-0.dev.3", "1.0.dev3", True),
        ("1.0-M1", "1.0rc1", False),
        ("1.0", "1.0.post1", True),
    ],
)
def test_the_manifest_s_version_agrees_with_the_distribution_s_or_not(
    text: str, distribution: str, agrees: bool
) -> None:
    assert Version.parse(text).agrees_with(distribution) is agrees


@given(published)
def test_published_versions_survive_both_ways(text: str) -> None:
    assert Version.from_pep440(text).to_pep440() == text


@given(published, published)
def test_both_orders_agree_on_published_versions(one: str, other: str) -> None:
    mine = Version.from_pep440(one), Version.from_pep440(other)
    theirs = PackagingVersion(one), PackagingVersion(other)
    assert (mine[0] < mine[1]) is (theirs[0] < theirs[1])
    assert (mine[0] == mine[1]) is (theirs[0] == theirs[1])
