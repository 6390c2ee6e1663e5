"""Each plugin's database, settings, the log of state changes, and the record of starts.

What only running plugins, a form or an export need is loaded when it is first used, so that `list` stays light.
"""

from typing import TYPE_CHECKING, Any

from jackfield.storage.entry import JSON, Change, Entry
from jackfield.storage.folders import delete_folder, make_private, write_private
from jackfield.storage.starts import FAILED_STARTS, SLOW_SECONDS, STABLE_SECONDS, SafeMode, Starts
from jackfield.storage.state import Reverted, State
from jackfield.storage.wishes import BISECT_KEY, longest_enabled

if TYPE_CHECKING:
    from jackfield.storage.belongings import DATABASE, FILES, Belongings, Kept, quota_of
    from jackfield.storage.copying import Most
    from jackfield.storage.damage import damage_of
    from jackfield.storage.database import PluginDatabase
    from jackfield.storage.quota import DEFAULT_QUOTA, Quota, folder_size, shown_bytes
    from jackfield.storage.settings import Settings
    from jackfield.storage.settings_file import FILE_NAME, stamp_of_files
    from jackfield.storage.snapshots import RESTORE, SHAPE, Snapshot, Snapshots
    from jackfield.storage.tables import Definition
    from jackfield.storage.values import (
        check_new,
        check_setting,
        default_of,
        list_as_text,
        setting_as_text,
        setting_from_text,
    )
    from jackfield.storage.written import MAXIMUM_VALUE_BYTES

__all__ = [
    "BISECT_KEY",
    "DATABASE",
    "DEFAULT_QUOTA",
    "FAILED_STARTS",
    "FILES",
    "FILE_NAME",
    "JSON",
    "MAXIMUM_VALUE_BYTES",
    "RESTORE",
    "SHAPE",
    "SLOW_SECONDS",
    "STABLE_SECONDS",
    "Belongings",
    "Change",
    "Definition",
    "Entry",
    "Kept",
    "Most",
    "PluginDatabase",
    "Quota",
    "Reverted",
    "SafeMode",
    "Settings",
    "Snapshot",
    "Snapshots",
    "Starts",
    "State",
    "check_new",
    "check_setting",
    "damage_of",
    "default_of",
    "delete_folder",
    "folder_size",
    "list_as_text",
    "longest_enabled",
    "make_private",
    "quota_of",
    "setting_as_text",
    "setting_from_text",
    "shown_bytes",
    "stamp_of_files",
    "write_private",
]

_LATER = {
    "Belongings": "belongings",
    "DATABASE": "belongings",
    "DEFAULT_QUOTA": "quota",
    "Definition": "tables",
    "FILES": "belongings",
    "FILE_NAME": "settings_file",
    "Kept": "belongings",
    "MAXIMUM_VALUE_BYTES": "written",
    "Most": "copying",
    "PluginDatabase": "database",
    "Quota": "quota",
    "RESTORE": "snapshots",
    "SHAPE": "snapshots",
    "Settings": "settings",
    "Snapshot": "snapshots",
    "Snapshots": "snapshots",
    "check_new": "values",
    "check_setting": "values",
    "damage_of": "damage",
    "default_of": "values",
    "folder_size": "quota",
    "list_as_text": "values",
    "quota_of": "belongings",
    "setting_as_text": "values",
    "setting_from_text": "values",
    "shown_bytes": "quota",
    "stamp_of_files": "settings_file",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"jackfield.storage.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
