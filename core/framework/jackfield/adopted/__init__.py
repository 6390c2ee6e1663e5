"""An application on pluggy that took `PluginManager` in its place: a state that lasts, plugins that fail alone.

Names are loaded when they are first used: what tells of failures is not needed where there are none.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.adopted.outcomes import LoadFailure as LoadFailure
    from jackfield.adopted.outcomes import PluginRow as PluginRow
    from jackfield.adopted.plugin_manager import PluginManager as PluginManager

_HOMES = {"LoadFailure": "outcomes", "PluginManager": "plugin_manager", "PluginRow": "outcomes"}

__all__ = sorted(_HOMES)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"jackfield.adopted.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'jackfield.adopted' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
