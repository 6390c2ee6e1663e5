"""Attacks as data: what each is called, whether it succeeds without a sandbox, and where it is let through and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jackfield.sandbox import Grade

from tests.scenarios.attacks.scene import Scene

COLUMNS = {
    "base": (Grade.BASE, None),
    "base, ABI 3": (Grade.BASE, 3),
    "root alone": (Grade.BASE, 0),
    "full": (Grade.FULL, None),
}
"""The ways to be confined: a grade, and the version of Landlock that is not passed. `root alone` is a private root and
seccomp without Landlock, which is grade base as well."""

WITHOUT_PRIVATE_ROOT = ("base", "base, ABI 3")
EVERYWHERE = tuple(COLUMNS)

Unconfined = Literal["everybody", "root", "harmless", "if there"]


@dataclass(frozen=True)
class Attack:
    """One attack.

    Args:
        name: the function's.
        group: what it goes for, the heading in security's list.
        function: does it; it has succeeded if it returns, and raises OSError if it was held.
        unconfined: who succeeds without a sandbox: `everybody`, or `root` only. `harmless`: the call is made in a form
            that the kernel refuses with another errno than EPERM, since success would harm the machine; only who may do
            it sees that. `if there`: some kernels have not got what is attacked.
        passes: the columns in which it succeeds all the same, each with the reason; `full (root)` is for root only.
    """

    name: str
    group: str
    function: Callable[[Scene], Any]
    unconfined: Unconfined = "everybody"
    passes: Mapping[str, str] = field(default_factory=dict)

    def passes_in(self, column: str, user: str) -> bool:
        """Whether it is let through there, and that is known."""
        return column in self.passes or f"{column} ({user})" in self.passes


ATTACKS: dict[str, Attack] = {}


def attack(
    group: str,
    *,
    unconfined: Unconfined = "everybody",
    passes: tuple[str, ...] = (),
    because: str = "",
) -> Callable[[Callable[[Scene], Any]], Callable[[Scene], Any]]:
    """Enter a function into the catalogue."""

    def enter(function: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
        name = function.__name__
        assert name not in ATTACKS, name
        assert bool(passes) == bool(because), f"{name} needs a reason to pass"
        ATTACKS[name] = Attack(name, group, function, unconfined, dict.fromkeys(passes, because))
        return function

    return enter
