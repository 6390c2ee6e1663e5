"""Confinement of the calling process: private root, Landlock, seccomp, limits; it knows nothing of plugins.

`probe()` says what the machine offers, `grade_of` what that is worth, and `confine(policy)` does it, for good.
`self_test()` tries whether it holds; it is loaded when it is first used, so that a worker stays light.
"""

from typing import TYPE_CHECKING, Any

from jackfield.sandbox.confine import Policy, confine, end_with_parent, separate
from jackfield.sandbox.grades import Grade, Machine, grade_of, probe, sentences
from jackfield.sandbox.kernel import architecture, plain_fork, share_arenas
from jackfield.sandbox.private_root import remember as remember_paths
from jackfield.sandbox.seccomp import Filters
from jackfield.sandbox.shims import install as install_shims

if TYPE_CHECKING:
    from jackfield.sandbox.selftest import Trial, self_test

__all__ = [
    "Filters",
    "Grade",
    "Machine",
    "Policy",
    "Trial",
    "architecture",
    "confine",
    "end_with_parent",
    "grade_of",
    "install_shims",
    "plain_fork",
    "probe",
    "remember_paths",
    "self_test",
    "sentences",
    "separate",
    "share_arenas",
]


def __getattr__(name: str) -> Any:
    if name in {"Trial", "self_test"}:
        from importlib import import_module

        return getattr(import_module("jackfield.sandbox.selftest"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
