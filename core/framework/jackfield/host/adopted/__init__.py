"""An application on pluggy that took `PluginManager` in its place: a state that lasts, plugins that fail alone."""

from jackfield.host.adopted.plugin_manager import LoadFailure, PluginManager, PluginRow

__all__ = [
    "LoadFailure",
    "PluginManager",
    "PluginRow",
]
