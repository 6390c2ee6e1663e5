"""Confinement of the calling process: private root, Landlock, seccomp, limits; it knows nothing of plugins.

`probe()` says what the machine offers, `grade_of` what that is worth, and `confine(policy)` does it, for good.
"""

from jackfield.sandbox.confine import Policy, confine
from jackfield.sandbox.grades import Grade, Machine, grade_of, probe, sentences
from jackfield.sandbox.shims import install as install_shims

__all__ = ["Grade", "Machine", "Policy", "confine", "grade_of", "install_shims", "probe", "sentences"]
