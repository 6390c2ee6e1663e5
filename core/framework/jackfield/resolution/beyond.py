"""Why the newest version of a plugin is not in a set, where it is nothing about the version itself.

A search tries it first and goes back to an older one: what it stumbled over then is forgotten. So it is asked for once
more: that very version by itself, else with what the others have in the set, and the conflict is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version as ReleaseVersion
from resolvelib import ResolutionImpossible, ResolutionTooDeep

from jackfield.errors import JackfieldError, ResolutionError
from jackfield.resolution.knowledge import Knowledge, Missing
from jackfield.resolution.model import Ask, Candidate, Solution
from jackfield.resolution.provider import TOGETHER, OutOfTime, Provider
from jackfield.resolution.searching import search

MOST_EXPLAINED = 16
"""Plugins of which the reason is looked for; of the others it stays `TOGETHER`."""

MOST_SECONDS = 5.0
"""For all of them; what has no answer by then stays `TOGETHER`."""

MOST_ROUNDS = 2000

Conflict = Callable[["ResolutionImpossible[Ask, Candidate]"], ResolutionError]
"""Makes of a search without an end the error that explains it."""


async def explained(
    solution: Solution, asks: Sequence[Ask], provider: Provider, known: Knowledge, conflict: Conflict
) -> Solution:
    """The same set, with the reasons for what is passed over in it.

    Args:
        solution: the set.
        asks: what the user wants.
        provider: the rules of choice.
        known: what was fetched; what is missing for an answer is fetched as well.
        conflict: explains a search that failed.
    """
    unclear = [name for name, over in solution.passed_over.items() if over is not None and over[1] == TOGETHER]
    versions = {
        pin.distribution: pin.version for pin in (*solution.pins, *(own[0] for own in solution.workers.values()))
    }
    found: dict[str, tuple[str, str]] = {}
    before = provider.until
    until = time.monotonic() + MOST_SECONDS
    for name in unclear[:MOST_EXPLAINED]:
        version, why = solution.passed_over[name] or ("", "")
        exactly = Ask(name, exact=ReleaseVersion(version))
        others = [ask for ask in asks if ask.name != name and ask.name in versions]
        still = [Ask(ask.name, exact=ReleaseVersion(versions[ask.name]), plugin=ask.plugin) for ask in others]
        asking = _Asking(provider, known, conflict, until)
        alone = await asking.reason([exactly])
        if alone is None and await asking.reason([*asks, exactly]) is not None:
            alone = await asking.reason([*still, exactly])
        found[name] = version, alone or why
    provider.until = before  # whoever goes on with the set asks it too
    merged: Mapping[str, tuple[str, str] | None] = {**solution.passed_over, **found}
    return replace(solution, passed_over=merged) if found else solution


@dataclass(frozen=True, slots=True)
class _Asking:
    """Searches that nobody waits for long."""

    provider: Provider
    known: Knowledge
    conflict: Conflict
    until: float

    async def reason(self, asks: Sequence[Ask]) -> str | None:
        """Why no set fulfils these asks, as the end of a sentence; None where one does, or nobody knows."""
        while time.monotonic() < self.until:
            self.provider.until = self.until
            try:
                try:
                    await asyncio.to_thread(search, asks, self.provider, MOST_ROUNDS)
                except Missing as missing:
                    async with asyncio.timeout(self.until - time.monotonic()):
                        await self.known.learn(missing)
                    continue
            except ResolutionImpossible as error:
                return f"cannot be had: {self.conflict(error).message}"
            except (ResolutionTooDeep, OutOfTime, TimeoutError, JackfieldError):
                return None  # the set holds all the same
            return None
        return None
