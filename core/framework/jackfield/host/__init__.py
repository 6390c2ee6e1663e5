"""Running plugins: lifecycle, loading, the context that each plugin gets."""

from jackfield.host.commands import Command, CommandRegistry
from jackfield.host.events import EventBus
from jackfield.host.finder import GenerationFinder
from jackfield.host.host import Host
from jackfield.host.judge import Judgement, Verdict, Wishes, judge
from jackfield.host.lifecycle import Happening, Life, State, advance, possible
from jackfield.host.plugin_manager import LoadFailure, PluginManager, PluginRow
from jackfield.host.plugins import Plugins, PluginStatus
from jackfield.host.scopes import Scope
from jackfield.host.switch import Footing, Switch, compare
from jackfield.host.ui import Drawn, Offered, UiRegistry

__all__ = [
    "Command",
    "CommandRegistry",
    "Drawn",
    "EventBus",
    "Footing",
    "GenerationFinder",
    "Happening",
    "Host",
    "Judgement",
    "Life",
    "LoadFailure",
    "Offered",
    "PluginManager",
    "PluginRow",
    "PluginStatus",
    "Plugins",
    "Scope",
    "State",
    "Switch",
    "UiRegistry",
    "Verdict",
    "Wishes",
    "advance",
    "compare",
    "judge",
    "possible",
]
