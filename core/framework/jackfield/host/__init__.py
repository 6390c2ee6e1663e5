"""Running plugins: lifecycle, loading, the context that each plugin gets.

Names are loaded when they are first used: whoever asks for one of them must not pay for the event loop, the database
and the discovery that `Host` needs.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.host.commands import Command as Command
    from jackfield.host.commands import CommandRegistry as CommandRegistry
    from jackfield.host.commands import Completion as Completion
    from jackfield.host.commands import HelpLine as HelpLine
    from jackfield.host.commands import HelpPage as HelpPage
    from jackfield.host.commands import add_own_commands as add_own_commands
    from jackfield.host.commands import duration_text as duration_text
    from jackfield.host.commands import quoted as quoted
    from jackfield.host.facets import Drawn as Drawn
    from jackfield.host.facets import EventBus as EventBus
    from jackfield.host.facets import Offered as Offered
    from jackfield.host.facets import UiRegistry as UiRegistry
    from jackfield.host.finder import GenerationFinder as GenerationFinder
    from jackfield.host.host import Host as Host
    from jackfield.host.judgement import Judgement as Judgement
    from jackfield.host.judgement import Verdict as Verdict
    from jackfield.host.judgement import Wishes as Wishes
    from jackfield.host.judgement import consent_problem as consent_problem
    from jackfield.host.judgement import judge as judge
    from jackfield.host.lifecycle import Happening as Happening
    from jackfield.host.lifecycle import Life as Life
    from jackfield.host.lifecycle import State as State
    from jackfield.host.lifecycle import advance as advance
    from jackfield.host.lifecycle import possible as possible
    from jackfield.host.plugins import Plugins as Plugins
    from jackfield.host.plugins import PluginStatus as PluginStatus
    from jackfield.host.revoked import RevokedNow as RevokedNow
    from jackfield.host.revoked import look_for_revoked as look_for_revoked
    from jackfield.host.scripts import ScriptHooks as ScriptHooks
    from jackfield.host.scripts import Scripts as Scripts
    from jackfield.host.scripts import forget_script as forget_script
    from jackfield.host.scripts import load_plugins_from_dir as load_plugins_from_dir
    from jackfield.host.scripts import load_script as load_script
    from jackfield.host.switch import Footing as Footing
    from jackfield.host.switch import Switch as Switch
    from jackfield.host.switch import compare as compare
    from jackfield.host.watching import THRESHOLD_SECONDS as THRESHOLD_SECONDS

_HOMES = {
    "commands": (
        "Command",
        "CommandRegistry",
        "Completion",
        "HelpLine",
        "HelpPage",
        "add_own_commands",
        "duration_text",
        "quoted",
    ),
    "finder": ("GenerationFinder",),
    "host": ("Host",),
    "judgement": ("Judgement", "Verdict", "Wishes", "consent_problem", "judge"),
    "lifecycle": ("Happening", "Life", "State", "advance", "possible"),
    "plugins": ("PluginStatus", "Plugins"),
    "revoked": ("RevokedNow", "look_for_revoked"),
    "scripts": ("ScriptHooks", "Scripts", "forget_script", "load_plugins_from_dir", "load_script"),
    "switch": ("Footing", "Switch", "compare"),
    "facets": ("Drawn", "EventBus", "Offered", "UiRegistry"),
    "watching": ("THRESHOLD_SECONDS",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"jackfield.host.{module}"), name)
    raise AttributeError(f"module 'jackfield.host' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
