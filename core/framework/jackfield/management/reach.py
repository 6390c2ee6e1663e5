"""Which versions an update would get to: the newest one is no update where nobody offers what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from packaging.version import Version as ReleaseVersion

from jackfield.errors import JackfieldError
from jackfield.management.reports import Update
from jackfield.manifest import Version
from jackfield.market import ChangelogEntry

Found = Update | JackfieldError | None
"""What was found of a plugin: an update, that it could not be looked up, nothing."""

Fits = Callable[[Version], bool]


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be had of a plugin of which the newest version cannot.

    Args:
        version: the newest that can; that which is installed where none does.
        beyond: the newest of all.
        why: it cannot be had, as the end of a sentence.
    """

    version: str
    beyond: str
    why: str

    @property
    def sentence(self) -> str:
        """`2.0.0 cannot be had: poll 2.0.0 needs jflib >=2, but only 1.0 of jflib can be had`."""
        return f"{self.beyond} {self.why}"

    def within(self, fits: Fits) -> Fits:
        """The same question of versions, held to those that can be had."""
        newest = Version.from_pep440(self.version, published=False)
        return lambda version: version <= newest and fits(version)


def news_until(version: str, news: Iterable[ChangelogEntry]) -> str:
    """What a changelog says of all that an update brings, and of nothing beyond it.

    Args:
        version: that it brings.
        news: the entries since the installed one.
    """
    said = (one for one in news if _is_within(one.version, ReleaseVersion(version)))
    return "\n\n".join(f"## {one.version}\n{one.text}".strip() for one in said)


def _is_within(said: str, version: ReleaseVersion) -> bool:
    try:
        return ReleaseVersion(said) <= version
    except ValueError:  # no version, or one of more digits than Python reads
        return True


Reaching = Callable[[Collection[str]], Awaitable[Mapping[str, Reach]]]
"""Of canonical ids, those whose newest version an update would not get to."""


async def within_reach(
    found: Mapping[str, Found], reaching: Reaching, again: Callable[[str, Reach], Awaitable[Found]]
) -> dict[str, Found]:
    """What was found, and looked up again where an update would not get to it.

    Args:
        found: canonical id -> what was found, each plugin looked at by itself.
        reaching: what an update of them all would get to.
        again: looks one of them up, held to what can be had.
    """
    new = {cid: one.new for cid, one in found.items() if isinstance(one, Update) and one.new and not one.problem}
    try:
        reached = await reaching(new) if new else {}
    except JackfieldError:
        return dict(found)  # nobody knows: an update will say so
    nearer = {cid: reach for cid, reach in reached.items() if reach.version != new[cid]}
    rows = await asyncio.gather(*(again(cid, reach) for cid, reach in nearer.items()))
    return {**found, **dict(zip(nearer, rows, strict=True))}
