"""Requirements on versions, and dependencies on plugins: one parser for three dialects.

MCDReforged's criteria (`>=1.0 <2.0`, `^1.2`, `1.0.*`; a space is AND; M16 to M25), Mirai's Ivy ranges (`[1.0, 2.0)`,
`1.0.+`; K11) and bare names (C12). A bare `abc` is a dependency and no requirement: two types (decision 3).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from jackfield.errors import IdentityError, RequirementError
from jackfield.manifest.criteria import Criterion, Interval, parse_criterion, parse_interval
from jackfield.manifest.identity import LONGEST_ID, canonical_id, parse_id
from jackfield.manifest.versions import Version

LONGEST_REQUIREMENT = 1024
"""Characters in a requirement; a longer text is refused before it is read."""

LONGEST_DEPENDENCY = LONGEST_ID + len(":") + LONGEST_REQUIREMENT + len("?")
"""Characters in a dependency, so that one read from a table can also be written as one text."""

_TOKEN = re.compile(r"[\[\](][^\[\]()]*[\[\])]?|[^ ]+")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What versions will do. All parts must hold; none at all accepts every version, also pre-releases.

    Pure precedence decides (decision 3): `<2.0` admits 2.0.0-alpha. Two requirements are equal when their parts mean
    the same; `str()` keeps the spelling.
    """

    text: str = field(compare=False)
    parts: tuple[Criterion | Interval, ...]

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        """Read a requirement: `>=1.2.3`, `>1`, `<=2`, `<2`, `=1.2`, `==1.2`, `1.2`, `^1.2`, `~1.2`, `*`, `1.0.*`,
        `[1.0,2.0)`, `]1.0,2.0[`, `[1.0,)`, `(,2.0]`, `1.0.+`, any of them joined by spaces, or nothing.

        Raises:
            RequirementError: it is none; `column` is where the mistake begins.
        """  # noqa: D205 (the forms are the summary)
        if len(text) > LONGEST_REQUIREMENT:
            raise RequirementError(
                f"a requirement of {len(text)} characters, at most {LONGEST_REQUIREMENT} are allowed",
                text=text,
                column=LONGEST_REQUIREMENT,
            )
        return _parsed(text)

    def accepts(self, version: Version) -> bool:
        """Tell whether `version` fulfils every part."""
        return all(part.accepts(version) for part in self.parts)

    @property
    def has_end(self) -> bool:
        """Whether there are versions above all that it accepts."""
        return any(part.has_end for part in self.parts)

    def is_below(self, version: Version) -> bool:
        """Tell whether it refuses `version` for being too new: it lies above what one of the parts accepts."""
        return any(part.is_below(version) for part in self.parts)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=512)  # the same few stand in most manifests
def _parsed(text: str) -> Requirement:
    parts = tuple(
        parse_interval(token, column, text) if token[0] in "[](" else parse_criterion(token, column, text)
        for token, column in _tokens(text)
    )
    return Requirement(text, parts)


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another plugin that this one works with.

    Optional means that it may be absent; one that is present in a wrong version blocks all the same, as in Mirai.
    """

    id: str
    requirement: Requirement
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> "Dependency":
        """Read `id`, `id?`, `id:[1.0, 2.0)` or `id:[1.0, 2.0)?` (K9 to K12); after the colon any requirement.

        Raises:
            RequirementError: it is none; `column` counts from the start of `text`.
            IdentityError: what stands before the colon is no id.
        """
        if len(text) > LONGEST_DEPENDENCY:
            raise RequirementError(
                f"a dependency of {len(text)} characters, at most {LONGEST_DEPENDENCY} are allowed",
                text=text,
                column=LONGEST_DEPENDENCY,
            )
        body = text.removesuffix("?")
        name, colon, requirement = body.partition(":")
        if colon and not requirement.strip(" "):
            raise RequirementError(
                f"{text!r} ends at the colon, no requirement follows", text=text, column=len(body), hint=f"write {name}"
            )
        return cls._of(name, requirement, text, len(name) + 1, optional=text != body)

    @classmethod
    def from_pair(cls, name: str, requirement: str) -> "Dependency":
        """Read one line of plugin.toml's `[requires]`: the id, and a requirement that a trailing `?` makes optional.

        Raises:
            IdentityError: `name` is no id.
            RequirementError: `requirement` is none.
        """
        return cls._of(name, requirement.removesuffix("?"), None, 0, optional=requirement.endswith("?"))

    @classmethod
    def _of(cls, name: str, requirement: str, whole: str | None, offset: int, *, optional: bool) -> "Dependency":
        try:
            parse_id(name)
        except IdentityError as error:
            if whole is None:
                raise
            raise IdentityError(error.message, text=whole, column=error.column, hint=error.hint) from error
        try:
            return cls(name, Requirement.parse(requirement), optional)
        except RequirementError as error:
            shown = requirement if whole is None else whole
            raise RequirementError(error.message, text=shown, column=error.column + offset, hint=error.hint) from error

    @property
    def canonical_id(self) -> str:
        """The id in the form in which ids are compared."""
        return canonical_id(self.id)

    def accepts(self, present: Version | None) -> bool:
        """Tell whether it is fulfilled by what is present; None means that the plugin is absent."""
        return self.optional if present is None else self.requirement.accepts(present)

    def problem(self, present: Version | None) -> str | None:
        """Return why it is not fulfilled, as the end of a sentence; None when it is."""
        if self.accepts(present):
            return None
        wanted = f"{self.id} {self.requirement}".rstrip()
        return f"needs {wanted}, which is missing" if present is None else f"needs {wanted}, but {present} is present"

    def __str__(self) -> str:
        mark = "?" if self.optional else ""
        return f"{self.id}:{self.requirement}{mark}" if self.requirement.parts else f"{self.id}{mark}"


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield each part and its column; a space inside brackets does not split."""
    position = 0
    while position < len(text):
        if text[position] == " ":
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None or (match.end() < len(text) and text[match.end()] != " "):
            column = match.end() if match else position
            raise RequirementError(
                f"{text!r} has {text[column]!r} at column {column + 1} where a space or the end should be",
                text=text,
                column=column,
            )
        yield match[0], position
        position = match.end()
