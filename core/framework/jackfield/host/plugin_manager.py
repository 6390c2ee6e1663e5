"""`jackfield.PluginManager`: a drop-in for pluggy's, with a state that lasts and plugins that fail alone."""

from jackfield.hooks import HookManager


class PluginManager(HookManager):
    """A `pluggy.PluginManager` whose plugins can be listed, switched off, blamed and counted."""

    _pluggy_specs_are_pluggys = True
