"""The host's side of plugins that run elsewhere: what a worker is started with, and what it may use."""

from jackfield.isolation.limits import WorkerLimits, limits_in_force, user_limits
from jackfield.isolation.spec import WorkerSpec

__all__ = ["WorkerLimits", "WorkerSpec", "limits_in_force", "user_limits"]
