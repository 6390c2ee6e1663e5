"""Each plugin's database, settings, the log of state changes, and the record of starts."""

from jackfield.storage.database import PluginDatabase
from jackfield.storage.folders import make_private
from jackfield.storage.settings import Settings
from jackfield.storage.settings_file import FILE_NAME, stamp_of_files
from jackfield.storage.starts import FAILED_STARTS, SLOW_SECONDS, STABLE_SECONDS, SafeMode, Starts
from jackfield.storage.state import JSON, Change, Entry, Reverted, State
from jackfield.storage.values import check_new, check_setting, default_of, setting_as_text, setting_from_text

__all__ = [
    "FAILED_STARTS",
    "FILE_NAME",
    "JSON",
    "SLOW_SECONDS",
    "STABLE_SECONDS",
    "Change",
    "Entry",
    "PluginDatabase",
    "Reverted",
    "SafeMode",
    "Settings",
    "Starts",
    "State",
    "check_new",
    "check_setting",
    "default_of",
    "make_private",
    "setting_as_text",
    "setting_from_text",
    "stamp_of_files",
]
