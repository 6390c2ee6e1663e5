"""Unpacked wheels by content, generations, the pointer and the journal.

Names are loaded when they are first used: whoever only asks where things lie does not pay for what installs them.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.store.closures import idle_trees as idle_trees
    from jackfield.store.closures import trees_with_libraries as trees_with_libraries
    from jackfield.store.disk import Disk as Disk
    from jackfield.store.fitting import misfits as misfits
    from jackfield.store.fitting import unfit as unfit
    from jackfield.store.fitting import with_misfits as with_misfits
    from jackfield.store.folder import Check as Check
    from jackfield.store.folder import Record as Record
    from jackfield.store.folder import Store as Store
    from jackfield.store.folder import now as now
    from jackfield.store.garbage import GENERATIONS_KEPT as GENERATIONS_KEPT
    from jackfield.store.garbage import Garbage as Garbage
    from jackfield.store.garbage import Hold as Hold
    from jackfield.store.garbage import Holds as Holds
    from jackfield.store.generations import Generation as Generation
    from jackfield.store.glances import Glance as Glance
    from jackfield.store.integrity import Damage as Damage
    from jackfield.store.journal import Activation as Activation
    from jackfield.store.journal import Journal as Journal
    from jackfield.store.layout import Layout as Layout
    from jackfield.store.layout import hindrance as hindrance
    from jackfield.store.layout import home as home
    from jackfield.store.layout import is_read_only as is_read_only
    from jackfield.store.lock import WAIT_SECONDS as WAIT_SECONDS
    from jackfield.store.lock import install_lock as install_lock
    from jackfield.store.lockfile import MOST_LOCK_BYTES as MOST_LOCK_BYTES
    from jackfield.store.lockfile import MOST_LOCK_PARTS as MOST_LOCK_PARTS
    from jackfield.store.lockfile import LockedSet as LockedSet
    from jackfield.store.lockfile import LockFile as LockFile
    from jackfield.store.lockfile import read_lockfile as read_lockfile
    from jackfield.store.pylock import lock_text as lock_text
    from jackfield.store.surroundings import SURROUNDINGS as SURROUNDINGS
    from jackfield.store.surroundings import unmet as unmet
    from jackfield.store.table import StoredFile as StoredFile

_HOMES = {
    "closures": ("idle_trees", "trees_with_libraries"),
    "disk": ("Disk",),
    "fitting": ("misfits", "unfit", "with_misfits"),
    "folder": (
        "Check",
        "Record",
        "Store",
        "now",
    ),
    "garbage": (
        "GENERATIONS_KEPT",
        "Garbage",
        "Hold",
        "Holds",
    ),
    "generations": ("Generation",),
    "glances": ("Glance",),
    "integrity": ("Damage",),
    "journal": (
        "Activation",
        "Journal",
    ),
    "layout": (
        "Layout",
        "hindrance",
        "home",
        "is_read_only",
    ),
    "lock": (
        "WAIT_SECONDS",
        "install_lock",
    ),
    "lockfile": ("MOST_LOCK_BYTES", "MOST_LOCK_PARTS", "LockFile", "LockedSet", "read_lockfile"),
    "pylock": ("lock_text",),
    "surroundings": ("SURROUNDINGS", "unmet"),
    "table": ("StoredFile",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"jackfield.store.{module}"), name)
    raise AttributeError(f"module 'jackfield.store' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
