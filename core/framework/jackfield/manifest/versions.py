"""Versions: semver's order over every spelling that the field uses.

Sources: semver 2.0 clauses 9 to 11; features.md, decision 3, M10, K7. A core of any length (`1.2`), an empty
pre-release (`1.2.3-`) and build metadata are read as MCDReforged reads them; where its order departs from semver's,
semver's rules.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from jackfield.errors import VersionError
from jackfield.manifest import pep440

LONGEST_VERSION = 256
"""Characters in a version; a longer text is refused before it is read."""

VERSION_PATTERN = r"[0-9]+(\.[0-9]+)*(-([-0-9A-Za-z]+(\.[-0-9A-Za-z]+)*)?)?(\+([-+0-9A-Za-z]+(\.[-+0-9A-Za-z]+)*)?)?"
"""The grammar of a version as a regular expression, for the JSON schema."""

_TOO_LONG = "a version of {} characters, at most " + f"{LONGEST_VERSION} are allowed"
_NUMBER = re.compile(r"\d+", re.ASCII)
_GUESSABLE = re.compile(r"\s*[vV]?\d+[.\w+-]*\s*")  # of anything else the guess would be odd: 1.0.* as 1.0.0+-

_Identifier = tuple[int, int, str]
_Key = tuple[tuple[int, ...], int, tuple[_Identifier, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One version: a total preorder, and the text it was written as.

    `1.2`, `1.2.0` and `1.2.0+build` are equal (and hash alike), and each keeps its spelling in `str()`. Made by
    `parse` or `from_pep440`.
    """

    text: str
    release: tuple[int, ...]
    prerelease: tuple[str, ...] | None = None
    build: str | None = None
    _key: _Key = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", _key(self.release, self.prerelease))

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read a version: `1.0.0`, `2.0`, `1.2.3-pre4`, `1.14.1-beta.4+build.54`, `1.0-M1`, `1.2.3-`.

        Raises:
            VersionError: it is none; `column` is where the mistake begins.
        """
        return _parsed(text)

    @classmethod
    def from_pep440(cls, text: str, *, published: bool = True) -> "Version":
        """Read a distribution's version: `1.2.3rc4` is 1.2.3-rc.4.

        Args:
            text: a PEP 440 version in any spelling.
            published: refuse what may not be published. False also reads what pip installed from elsewhere: a dev
                release comes before alpha, and post, epoch and local parts become build metadata.

        Raises:
            VersionError: it is not PEP 440, or it may not be published; the message says why.
        """
        if len(text) > LONGEST_VERSION:
            raise VersionError(_TOO_LONG.format(len(text)), text=text, column=LONGEST_VERSION)
        return cls.parse(pep440.from_published(text) if published else pep440.from_installed(text))

    def to_pep440(self) -> str:
        """Return the version as a published distribution carries it: `N(.N)*[(a|b|rc)N]`.

        alpha becomes a, beta b, pre and rc become rc. Compare published versions as `from_pep440` reads them: there
        `pre4` is rc.4, and both orders agree.

        Raises:
            VersionError: it cannot be published (a milestone, a numeric pre-release, build metadata …); the message
                says why.
        """
        return pep440.to_published(self.text, self.release, self.prerelease, self.build)

    def publishable(self) -> bool:
        """Tell whether `to_pep440` will answer; it says why not."""
        try:
            self.to_pep440()
        except VersionError:
            return False
        return True

    def agrees_with(self, distribution: str) -> bool:
        """Tell whether the distribution's version is this one: `1.2.3-pre4` agrees with 1.2.3rc4, `1.2` with 1.2.0.

        Args:
            distribution: a PEP 440 version, also one that may not be published.

        Raises:
            VersionError: `distribution` is not PEP 440.
        """
        theirs = Version.from_pep440(distribution, published=False)
        return self == theirs or (self.publishable() and Version.from_pep440(self.to_pep440()) == theirs)

    @property
    def is_prerelease(self) -> bool:
        """Whether it comes before its release: `1.0.0-rc.1`, also `1.0.0-`."""
        return self.prerelease is not None

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __lt__(self, other: "Version") -> bool:
        return self._key < _key_of(other)

    def __le__(self, other: "Version") -> bool:
        return self._key <= _key_of(other)

    def __gt__(self, other: "Version") -> bool:
        return self._key > _key_of(other)

    def __ge__(self, other: "Version") -> bool:
        return self._key >= _key_of(other)


@lru_cache(maxsize=1024)  # the same few stand in most manifests
def _parsed(text: str) -> Version:
    release, prerelease, build = split_version(text, wildcards=False)
    return Version(text, tuple(part for part in release if part is not None), prerelease, build)


def prerelease_key(prerelease: tuple[str, ...]) -> tuple[_Identifier, ...]:
    """Return what orders two pre-releases of one core (semver clause 11.4): numbers by value and before words.

    Numbers with leading zeros, which semver does not know, come before the same number without.
    """
    # The '~' comes after every digit, so that "00" stands before "0" as "01" does before "1".
    return tuple((0, int(part), part + "~") if part.isdigit() else (1, 0, part) for part in prerelease)


def split_version(
    text: str, *, wildcards: bool, offset: int = 0, whole: str | None = None
) -> tuple[tuple[int | None, ...], tuple[str, ...] | None, str | None]:
    """Take a version's text apart: release numbers (None for a wildcard), pre-release identifiers, build.

    Args:
        text: the version alone.
        wildcards: whether `*`, `x` and `X` may stand for a number.
        offset: where `text` begins in `whole`, for the column of an error.
        whole: the text that the error shows; `text` by default.

    Raises:
        VersionError: it is no version.
    """
    shown = text if whole is None else whole

    def wrong(message: str, column: int) -> VersionError:
        return VersionError(message, text=shown, column=offset + column, hint=_nearest(text))

    if len(text) > LONGEST_VERSION:
        raise VersionError(_TOO_LONG.format(len(text)), text=shown, column=offset + LONGEST_VERSION)
    if not text:
        raise wrong("a version is empty", 0)
    rest, plus, build = text.partition("+")
    core, dash, extra = rest.partition("-")
    release: list[int | None] = []
    column = 0
    for part in core.split("."):
        if wildcards and part in {"*", "x", "X"}:
            release.append(None)
        elif _NUMBER.fullmatch(part):
            release.append(int(part))
        elif not part:
            raise wrong(f"{text!r} is no version: a number is missing at column {offset + column + 1}", column)
        else:
            raise wrong(f"{text!r} is no version: {part!r} at column {offset + column + 1} is no number", column)
        column += len(part) + 1
    for label, present, value, allowed, start in (
        ("pre-release", dash, extra, "-", len(core) + 1),
        ("build", plus, build, "-+", len(rest) + 1),
    ):
        bad = _first_wrong(value, allowed) if present else None
        if bad is not None:
            at = start + bad
            found = repr(text[at]) if at < len(text) else "the end"
            raise wrong(f"{text!r} is no version: {found} at column {offset + at + 1} in its {label}", at)
    prerelease = (tuple(extra.split(".")) if extra else ()) if dash else None
    return tuple(release), prerelease, build if plus else None


def _first_wrong(value: str, allowed: str) -> int | None:
    """Return where dot-separated parts of letters, digits and `allowed` break off; nothing at all is fine."""
    if not value:
        return None
    previous = "."
    for index, character in enumerate(value):
        if character == ".":
            if previous == ".":
                return index
        elif not (character.isascii() and character.isalnum()) and character not in allowed:
            return index
        previous = character
    return len(value) if previous == "." else None


def _key(release: tuple[int, ...], prerelease: tuple[str, ...] | None) -> _Key:
    last = len(release)
    while last and release[last - 1] == 0:
        last -= 1  # 1.2 and 1.2.0 are one version
    return release[:last], prerelease is None, prerelease_key(prerelease or ())


def _key_of(other: object) -> _Key:
    if isinstance(other, Version):
        return other._key
    raise TypeError(f"a Version is compared with a Version, not with {type(other).__name__}: parse it first")


def _nearest(text: str) -> str | None:
    """Return a sentence with the closest strict version, where semantic_version can guess one."""
    if not _GUESSABLE.fullmatch(text):
        return None
    import semantic_version  # only on the way to an error: it loads importlib.metadata

    try:
        return f"perhaps {semantic_version.Version.coerce(text.strip().lstrip('vV'))}"
    except ValueError:
        return None
