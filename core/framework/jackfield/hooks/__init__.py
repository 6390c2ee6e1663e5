"""Hook specs, markers and the generated callers behind `HookManager`."""

from jackfield.hooks.accounts import BlameListener, UseListener
from jackfield.hooks.counters import HookCount, HookCounters, percentile_of
from jackfield.hooks.failures import FailureLog
from jackfield.hooks.manager import HookManager, May
from jackfield.hooks.markers import HookimplMarker, HookspecMarker
from jackfield.hooks.outside import Outside, Sent, outside_of, stands_for
from jackfield.hooks.running import running_implementation
from jackfield.hooks.specs import OnError, SpecOptions, is_asynchronous
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
    "Outside",
    "Sent",
    "SpecOptions",
    "UseListener",
    "Waker",
    "is_asynchronous",
    "outside_of",
    "percentile_of",
    "running_implementation",
    "stands_for",
]
