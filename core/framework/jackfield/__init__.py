"""Jackfield makes any Python application extensible, safely.

The public names are loaded when they are first used, so that importing `jackfield` costs next to nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.adopted import PluginManager as PluginManager
    from jackfield.api import Context as Context
    from jackfield.api import Event as Event
    from jackfield.api import EventType as EventType
    from jackfield.api import Plugin as Plugin
    from jackfield.api import command as command
    from jackfield.api import listener as listener
    from jackfield.api import new_thread as new_thread
    from jackfield.application import Application as Application
    from jackfield.errors import JackfieldError as JackfieldError
    from jackfield.errors import PermissionDenied as PermissionDenied
    from jackfield.hooks import HookimplMarker as HookimplMarker
    from jackfield.hooks import HookManager as HookManager
    from jackfield.hooks import HookspecMarker as HookspecMarker
    from jackfield.host import Host as Host
    from jackfield.isolation import External as External
    from jackfield.worker.connecting import HostAddress as HostAddress
    from jackfield.worker.connecting import connect as connect

_HOMES = {
    "Application": "jackfield.application",
    "Context": "jackfield.api",
    "Event": "jackfield.api",
    "EventType": "jackfield.api",
    "External": "jackfield.isolation",
    "HookManager": "jackfield.hooks",
    "HostAddress": "jackfield.worker.connecting",
    "HookimplMarker": "jackfield.hooks",
    "HookspecMarker": "jackfield.hooks",
    "Host": "jackfield.host",
    "JackfieldError": "jackfield.errors",
    "PermissionDenied": "jackfield.errors",
    "Plugin": "jackfield.api",
    "PluginManager": "jackfield.adopted",
    "command": "jackfield.api",
    "connect": "jackfield.worker.connecting",
    "listener": "jackfield.api",
    "new_thread": "jackfield.api",
}

__all__ = [*sorted(_HOMES), "__version__"]  # noqa: PLE0604 (the names are the keys above)


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jackfield' has no attribute {name!r}")
    from importlib import import_module

    from jackfield.collector import HeldBack

    with HeldBack():
        value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
