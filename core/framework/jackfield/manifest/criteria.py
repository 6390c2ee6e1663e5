"""The parts of a requirement: an operator with a version or wildcard pattern, and an Ivy range.

The operators mean what MCDReforged's mean (its documentation and code, read at e28a039): a missing number is 0, build
metadata is ignored, a wildcard takes any number, and a pattern with a wildcard takes pre-releases too. Order between
pre-releases is semver's.
"""

import re
from dataclasses import dataclass

from jackfield.errors import RequirementError, VersionError
from jackfield.manifest.versions import Version, prerelease_key, split_version

_OPERATOR = re.compile(r"<=|>=|==|<|>|=|\^|~|")
_FOREIGN = re.compile(r"!=|~=|~>|=>|=<|===|&&|\|\||\||,")
_INTERVAL = re.compile(r"([\[\](])([^,\[\]()]*)(,?)([^,\[\]()]*)([\[\])])")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A version in which any number may be a wildcard (None)."""

    release: tuple[int | None, ...]
    prerelease: tuple[str, ...] | None

    @property
    def is_exact(self) -> bool:
        """Whether there is no wildcard in it."""
        return None not in self.release

    def segment(self, index: int) -> int | None:
        """Return the number at `index`; beyond the end 0, or a wildcard where the pattern ends in one."""
        if index < len(self.release):
            return self.release[index]
        return None if self.release[-1] is None else 0

    def compare(self, version: Version) -> int:
        """Return -1, 0 or 1 where `version` is below, within or above the pattern."""
        for index in range(max(len(self.release), len(version.release))):
            mine = self.segment(index)
            theirs = version.release[index] if index < len(version.release) else 0
            if mine is not None and mine != theirs:
                return -1 if theirs < mine else 1
        if self.prerelease is not None and version.prerelease is not None:
            wanted, found = prerelease_key(self.prerelease), prerelease_key(version.prerelease)
            return (found > wanted) - (found < wanted)
        if version.prerelease is not None:
            return -1 if self.is_exact else 0
        return 0 if self.prerelease is None else 1


@dataclass(frozen=True, slots=True)
class Criterion:
    """One operator and what it is held against: `>=1.2.3`, `1.0.*`. No operator is `=`."""

    operator: str
    pattern: Pattern

    def accepts(self, version: Version) -> bool:
        """Tell whether `version` fulfils the criterion."""
        order = self.pattern.compare(version)
        match self.operator:
            case "=":
                return order == 0
            case "<":
                return order < 0
            case "<=":
                return order <= 0
            case ">":
                return order > 0
            case ">=":
                return order >= 0
        same = 1 if self.operator == "^" else 2  # how many leading numbers `^` and `~` hold fast
        release = (*version.release, 0, 0)
        return order >= 0 and all(self.pattern.segment(index) == release[index] for index in range(same))

    @property
    def has_end(self) -> bool:
        """Whether there are versions above all that it accepts."""
        return self.operator not in {">", ">="} and self.pattern.segment(0) is not None

    def is_below(self, version: Version) -> bool:
        """Tell whether `version` lies above all that it accepts."""
        return self.has_end and not self.accepts(version) and self.pattern.compare(version) >= 0


@dataclass(frozen=True, slots=True)
class Interval:
    """An Ivy range: bounds may be open, and either end may be missing (K11)."""

    low: Version | None
    low_inclusive: bool
    high: Version | None
    high_inclusive: bool

    def accepts(self, version: Version) -> bool:
        """Tell whether `version` lies in the range, by precedence alone."""
        if self.low is not None and (version < self.low or (version == self.low and not self.low_inclusive)):
            return False
        return not self.is_below(version)

    @property
    def has_end(self) -> bool:
        """Whether there are versions above all that it accepts."""
        return self.high is not None

    def is_below(self, version: Version) -> bool:
        """Tell whether `version` lies above the range."""
        return self.high is not None and (version > self.high or (version == self.high and not self.high_inclusive))


def parse_criterion(token: str, column: int, whole: str) -> Criterion:
    """Read one criterion of a requirement.

    Args:
        token: the criterion, without spaces.
        column: where it begins in `whole`, for errors.
        whole: the requirement that an error shows.

    Raises:
        RequirementError: it is none, or it could never hold.
    """
    if ":" in token:
        raise RequirementError(
            f"{token!r} is a dependency; a requirement is what follows the colon", text=whole, column=column
        )
    foreign = _FOREIGN.search(token)
    if foreign:
        raise RequirementError(
            f"{whole!r} has {foreign[0]!r} at column {column + foreign.start() + 1}, which is no operator here",
            text=whole,
            column=column + foreign.start(),
            hint="operators are >= > <= < = == ^ ~, and a space means 'and'",
        )
    if token.startswith("latest."):
        raise RequirementError(
            f"{token!r} names no versions: what is latest changes with the marketplace, so it cannot be required",
            text=whole,
            column=column,
            hint="write '*', or the lowest version that works: '>=1.0'",
        )
    match = _OPERATOR.match(token)
    written = match[0] if match else ""
    text = token[len(written) :]
    start = column + len(written)
    if not text:
        raise RequirementError(
            f"no version follows {written!r} at column {column + 1}; between the two there is no space",
            text=whole,
            column=start,
            hint=f"write {written}1.0",
        )
    if text.endswith(".+") and not written:
        text = text[:-1] + "*"  # Ivy's spelling of the wildcard
    try:
        release, prerelease, _ = split_version(text, wildcards=True, offset=start, whole=whole)
    except VersionError as error:
        raise RequirementError(error.message, text=whole, column=error.column, hint=error.hint) from error
    pattern = Pattern(release, prerelease)
    operator = "=" if written in {"", "=="} else written
    if operator in {"^", "~"} and any(pattern.segment(index) is None for index in range(1 if operator == "^" else 2)):
        raise RequirementError(
            f"{token!r} can never hold: {operator} needs a number where it has a wildcard",
            text=whole,
            column=start,
            hint=f"write {text}",
        )
    return Criterion(operator, pattern)


def parse_interval(token: str, column: int, whole: str) -> Interval:
    """Read an Ivy range; `(` and `]` open an exclusive end, `)` and `[` close one. Arguments as `parse_criterion`.

    Raises:
        RequirementError: it is none, it has no bound at all, or its bounds are swapped or leave nothing between them.
    """
    match = _INTERVAL.fullmatch(token)
    if not match or not match[3]:
        raise RequirementError(
            f"{token!r} is no range: it is written [1.0,2.0), [1.0,) or (,2.0]",
            text=whole,
            column=column,
            hint=f"for exactly this version write ={match[2].strip()}" if match and match[2].strip() else None,
        )
    low = _bound(match[2], column + match.start(2), whole)
    high = _bound(match[4], column + match.start(4), whole)
    low_inclusive, high_inclusive = match[1] == "[", match[5] == "]"
    if low is None and high is None:
        raise RequirementError(f"{token!r} has no bound", text=whole, column=column, hint="write '*'")
    if (low is None and match[1] != "(") or (high is None and match[5] != ")"):
        at = column if low is None and match[1] != "(" else column + match.start(5)
        raise RequirementError(
            f"{token!r}: an end without a bound is written '(' or ')'",
            text=whole,
            column=at,
            hint="as in (,2.0] or [1.0,)",
        )
    if low is not None and high is not None:
        if low > high:
            raise RequirementError(
                f"{token!r} has its bounds swapped: {low} is above {high}",
                text=whole,
                column=column + match.start(2),
                hint=f"write {match[1]}{high},{low}{match[5]}",
            )
        if low == high and not (low_inclusive and high_inclusive):
            raise RequirementError(f"{token!r} leaves nothing between its bounds", text=whole, column=column)
    return Interval(low, low_inclusive, high, high_inclusive)


def _bound(text: str, column: int, whole: str) -> Version | None:
    stripped = text.strip(" ")
    if not stripped:
        return None
    start = column + len(text) - len(text.lstrip(" "))
    try:
        release, prerelease, build = split_version(stripped, wildcards=False, offset=start, whole=whole)
    except VersionError as error:
        raise RequirementError(error.message, text=whole, column=error.column, hint=error.hint) from error
    return Version(stripped, tuple(part for part in release if part is not None), prerelease, build)
