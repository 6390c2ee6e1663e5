"""Hook specs, markers and the generated callers behind `HookManager`.

Names are loaded when they are first used: a manager needs few of them to start.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.hooks.accounts import BlameListener as BlameListener
    from jackfield.hooks.accounts import UseListener as UseListener
    from jackfield.hooks.counters import HookCount as HookCount
    from jackfield.hooks.counters import HookCounters as HookCounters
    from jackfield.hooks.counters import percentile_of as percentile_of
    from jackfield.hooks.failures import FailureLog as FailureLog
    from jackfield.hooks.leaving import leave_calls as leave_calls
    from jackfield.hooks.limits import interrupts as interrupts
    from jackfield.hooks.manager import HookManager as HookManager
    from jackfield.hooks.markers import HookimplMarker as HookimplMarker
    from jackfield.hooks.markers import HookspecMarker as HookspecMarker
    from jackfield.hooks.outside import Outside as Outside
    from jackfield.hooks.outside import Sent as Sent
    from jackfield.hooks.outside import SomeFailed as SomeFailed
    from jackfield.hooks.outside import Underway as Underway
    from jackfield.hooks.outside import outside_of as outside_of
    from jackfield.hooks.outside import stands_for as stands_for
    from jackfield.hooks.outside import this_thread as this_thread
    from jackfield.hooks.running import running_implementation as running_implementation
    from jackfield.hooks.specs import May as May
    from jackfield.hooks.specs import OnError as OnError
    from jackfield.hooks.specs import SpecOptions as SpecOptions
    from jackfield.hooks.specs import is_asynchronous as is_asynchronous
    from jackfield.hooks.waking import Waker as Waker

_HOMES = {
    "accounts": ("BlameListener", "UseListener"),
    "counters": ("HookCount", "HookCounters", "percentile_of"),
    "failures": ("FailureLog",),
    "leaving": ("leave_calls",),
    "limits": ("interrupts",),
    "manager": ("HookManager",),
    "markers": ("HookimplMarker", "HookspecMarker"),
    "outside": ("Outside", "Sent", "SomeFailed", "Underway", "outside_of", "stands_for", "this_thread"),
    "running": ("running_implementation",),
    "specs": ("May", "OnError", "SpecOptions", "is_asynchronous"),
    "waking": ("Waker",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(__import__(f"jackfield.hooks.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'jackfield.hooks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
