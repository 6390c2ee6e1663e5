"""A search by resolvelib, and of what it fixed only what somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resolvelib import BaseReporter
from resolvelib.resolvers import Resolution

from jackfield.resolution.model import Ask, Candidate
from jackfield.resolution.provider import Identifier, Provider


def search(asks: Sequence[Ask], provider: Provider, most_rounds: int) -> dict[Identifier, Candidate]:
    """Return a set that fulfils every ask, with all that it needs and nothing else.

    resolvelib's own `Resolver` leaves out what nobody needs any more by a recursion that never ends where that is a
    circle (1.2.1): two plugins that need each other, and whoever needed them went back to a version without.

    Raises:
        ResolutionImpossible, ResolutionTooDeep: there is none, or none within so many rounds.
        Missing, OutOfTime: see `Provider`.
    """
    reporter = BaseReporter[Ask, Candidate, Identifier]()
    fixed = Resolution(provider, reporter).resolve(asks, max_rounds=most_rounds).mapping
    return _needed(asks, fixed, provider)


def _needed(
    asks: Sequence[Ask], fixed: Mapping[Identifier, Candidate], provider: Provider
) -> dict[Identifier, Candidate]:
    needed: dict[Identifier, Candidate] = {}
    waiting = list(asks)
    while waiting:
        identifier = provider.identify(waiting.pop())
        candidate = fixed.get(identifier)
        if candidate is not None and identifier not in needed:
            needed[identifier] = candidate
            waiting += provider.get_dependencies(candidate)
    return {identifier: candidate for identifier, candidate in fixed.items() if identifier in needed}
