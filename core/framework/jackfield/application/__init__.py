"""Joins the running side and the installing side for one application.

Names are loaded when they are first used: whoever asks a running host something does not pay for running one.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.application.application import Application as Application
    from jackfield.application.control_socket import ControlSocket as ControlSocket
    from jackfield.application.probation import PROBATION_SECONDS as PROBATION_SECONDS
    from jackfield.application.probation import Probation as Probation
    from jackfield.application.revoking import RevocationWatch as RevocationWatch
    from jackfield.application.running import RunningHost as RunningHost
    from jackfield.application.updates import QUIET_SECONDS as QUIET_SECONDS
    from jackfield.application.updates import Updates as Updates
    from jackfield.application.updates import UpdateWatch as UpdateWatch
    from jackfield.application.watch import POLL_SECONDS as POLL_SECONDS
    from jackfield.application.watch import Watch as Watch

_HOMES = {
    "application": ("Application",),
    "control_socket": ("ControlSocket",),
    "probation": ("PROBATION_SECONDS", "Probation"),
    "revoking": ("RevocationWatch",),
    "running": ("RunningHost",),
    "updates": ("QUIET_SECONDS", "UpdateWatch", "Updates"),
    "watch": ("POLL_SECONDS", "Watch"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"jackfield.application.{module}"), name)
    raise AttributeError(f"module 'jackfield.application' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
