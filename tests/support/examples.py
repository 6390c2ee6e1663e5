"""How many examples Hypothesis tries where a test says a number of its own."""

from __future__ import annotations

from hypothesis import settings

_USUALLY = 100
"""What Hypothesis tries where nothing is said: the number that `make test` has."""


def examples(number: int) -> int:
    """This many in `make test`, and as much less in a run with fewer of all, as `make check` is one."""
    return max(1, number * settings().max_examples // _USUALLY)
