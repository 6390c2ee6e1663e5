"""Hook specs, markers and the generated callers behind `HookManager`."""

from jackfield.hooks.counters import HookCount, HookCounters
from jackfield.hooks.failures import FailureLog
from jackfield.hooks.manager import BlameListener, HookManager, May
from jackfield.hooks.markers import HookimplMarker, HookspecMarker
from jackfield.hooks.specs import OnError, SpecOptions
from jackfield.hooks.waking import Waker

__all__ = [
    "BlameListener",
    "FailureLog",
    "HookCount",
    "HookCounters",
    "HookManager",
    "HookimplMarker",
    "HookspecMarker",
    "May",
    "OnError",
    "SpecOptions",
    "Waker",
]
