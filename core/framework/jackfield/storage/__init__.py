"""Each plugin's database, settings, and the log of state changes."""

from jackfield.storage.database import PluginDatabase
from jackfield.storage.folders import make_private
from jackfield.storage.settings import Settings, check_setting, default_of
from jackfield.storage.state import JSON, Change, Entry, Reverted, State

__all__ = [
    "JSON",
    "Change",
    "Entry",
    "PluginDatabase",
    "Reverted",
    "Settings",
    "State",
    "check_setting",
    "default_of",
    "make_private",
]
