"""The host's side of plugins that run elsewhere: what a worker is started with, what it may use, who may connect.

Each is loaded when it is first used: a worker starts without what only the host's side needs, and a plan without
what only workers do.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jackfield.isolation.breaches import Breach, overused
    from jackfield.isolation.child import Child, HowItEnded
    from jackfield.isolation.external import Doors, External, Places
    from jackfield.isolation.keepalive import watch_silence
    from jackfield.isolation.key_uses import KeyUses
    from jackfield.isolation.keys import (
        KEYS,
        TEMPORARY_SECONDS,
        Key,
        NewKey,
        TemporaryKeys,
        find_key,
        kept_keys,
        new_key,
    )
    from jackfield.isolation.limits import WorkerLimits, limits_in_force, user_limits
    from jackfield.isolation.line import Line
    from jackfield.isolation.own_time import LED_TO_SECONDS, OwnTime
    from jackfield.isolation.packages import ALWAYS, Packages, packages_of
    from jackfield.isolation.peers import Peer, peer_of
    from jackfield.isolation.plain import PlainProcesses
    from jackfield.isolation.plain_child import PlainChild
    from jackfield.isolation.processor_time import ProcessorTime
    from jackfield.isolation.rates import Flow, LineRate
    from jackfield.isolation.reception import INVALID_KEY, Arrival, Reception
    from jackfield.isolation.replacing import Ending, Replacing, Standing, ending_alone
    from jackfield.isolation.spec import WorkerSpec
    from jackfield.isolation.supervisor import Process, Supervisor, Watch
    from jackfield.isolation.tls import Terminator
    from jackfield.isolation.user_sockets import is_of_this_user, listen_for_user, reachable
    from jackfield.isolation.watched import Watched
    from jackfield.isolation.zygote import Zygote
    from jackfield.isolation.zygote_program import ZygoteLostError

__all__ = [
    "ALWAYS",
    "INVALID_KEY",
    "KEYS",
    "LED_TO_SECONDS",
    "TEMPORARY_SECONDS",
    "Arrival",
    "Breach",
    "Child",
    "Doors",
    "Ending",
    "External",
    "Flow",
    "HowItEnded",
    "Key",
    "KeyUses",
    "Line",
    "LineRate",
    "NewKey",
    "OwnTime",
    "Packages",
    "Peer",
    "Places",
    "PlainChild",
    "PlainProcesses",
    "Process",
    "ProcessorTime",
    "Reception",
    "Replacing",
    "Standing",
    "Supervisor",
    "TemporaryKeys",
    "Terminator",
    "Watch",
    "Watched",
    "WorkerLimits",
    "WorkerSpec",
    "Zygote",
    "ZygoteLostError",
    "ending_alone",
    "find_key",
    "is_of_this_user",
    "kept_keys",
    "limits_in_force",
    "listen_for_user",
    "new_key",
    "overused",
    "packages_of",
    "peer_of",
    "reachable",
    "user_limits",
    "watch_silence",
]

_HOMES = {
    "breaches": ("Breach", "overused"),
    "child": ("Child", "HowItEnded"),
    "external": ("Doors", "External", "Places"),
    "keepalive": ("watch_silence",),
    "limits": ("WorkerLimits", "limits_in_force", "user_limits"),
    "line": ("Line",),
    "key_uses": ("KeyUses",),
    "keys": ("KEYS", "TEMPORARY_SECONDS", "Key", "NewKey", "TemporaryKeys", "find_key", "kept_keys", "new_key"),
    "own_time": ("LED_TO_SECONDS", "OwnTime"),
    "packages": ("ALWAYS", "Packages", "packages_of"),
    "peers": ("Peer", "peer_of"),
    "plain": ("PlainProcesses",),
    "plain_child": ("PlainChild",),
    "processor_time": ("ProcessorTime",),
    "rates": ("Flow", "LineRate"),
    "reception": ("INVALID_KEY", "Arrival", "Reception"),
    "replacing": ("Ending", "Replacing", "Standing", "ending_alone"),
    "spec": ("WorkerSpec",),
    "supervisor": ("Process", "Supervisor", "Watch"),
    "tls": ("Terminator",),
    "user_sockets": ("is_of_this_user", "listen_for_user", "reachable"),
    "watched": ("Watched",),
    "zygote": ("Zygote",),
    "zygote_program": ("ZygoteLostError",),
}
_LATER = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"jackfield.isolation.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
