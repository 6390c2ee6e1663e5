"""Unpacked wheels by content, generations, the pointer and the journal."""

from jackfield.store.disk import Disk
from jackfield.store.folder import Check, Record, Store, now
from jackfield.store.garbage import GENERATIONS_KEPT, Garbage, Hold, Holds
from jackfield.store.generations import Generation
from jackfield.store.glances import Glance
from jackfield.store.integrity import Damage
from jackfield.store.journal import Activation, Journal
from jackfield.store.layout import Layout, home
from jackfield.store.lock import WAIT_SECONDS, install_lock
from jackfield.store.table import StoredFile

__all__ = [
    "GENERATIONS_KEPT",
    "WAIT_SECONDS",
    "Activation",
    "Check",
    "Damage",
    "Disk",
    "Garbage",
    "Generation",
    "Glance",
    "Hold",
    "Holds",
    "Journal",
    "Layout",
    "Record",
    "Store",
    "StoredFile",
    "home",
    "install_lock",
    "now",
]
