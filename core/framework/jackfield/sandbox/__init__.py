"""Confinement of the calling process: private root, Landlock, seccomp, limits; it knows nothing of plugins.

`probe()` says what the machine offers, `grade_of` what that is worth, and `confine(policy)` does it, for good.
`self_test()` tries whether it holds. Each is loaded when it is first used: a worker stays light, who only names grades
confines nothing, and the process in which a private root is tried needs nothing but that.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from typing import Any

    from jackfield.sandbox.confining import Policy, confine, end_with_parent, remember, separate
    from jackfield.sandbox.grades import Grade, Machine, grade_of, probe, sentences
    from jackfield.sandbox.kernel import architecture, plain_fork, share_arenas
    from jackfield.sandbox.seccomp import Filters
    from jackfield.sandbox.selftest import Trial, self_test
    from jackfield.sandbox.shims import install as install_shims

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
    "remember",
    "self_test",
    "sentences",
    "separate",
    "share_arenas",
]

_HOMES = {
    "confining": ("Policy", "confine", "end_with_parent", "remember", "separate"),
    "grades": ("Grade", "Machine", "grade_of", "probe", "sentences"),
    "kernel": ("architecture", "plain_fork", "share_arenas"),
    "seccomp": ("Filters",),
    "selftest": ("Trial", "self_test"),
}
_LATER = {name: (module, name) for module, names in _HOMES.items() for name in names}
_LATER |= {"install_shims": ("shims", "install")}


def __getattr__(name: str) -> "Any":
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, there = _LATER[name]
    value = getattr(import_module(f"jackfield.sandbox.{module}"), there)
    globals()[name] = value
    return value
