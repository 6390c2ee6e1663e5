"""What carries a plugin's code wherever it runs: in the host's process or in a worker's.

Loading and its parts, the scope of what a plugin began, the guard around its functions, its tasks, threads and timers,
its own files and texts, and the synchronous view of a context. None of it knows who is on the other side of a facet.
"""

from jackfield.runtime.blocking import BlockingView, Crossing, OnLoop
from jackfield.runtime.guard import GRACE_SECONDS, Begin, Blame, Guard, shielded
from jackfield.runtime.loading import CALLBACKS, Loaded, function_names, marked_listeners, resolve, tie
from jackfield.runtime.resources import PluginResources
from jackfield.runtime.scheduler import PluginScheduler
from jackfield.runtime.scopes import Opened, Scope
from jackfield.runtime.threads import ScopedThread
from jackfield.runtime.translations import PluginTranslations, nobody_prefers

__all__ = [
    "CALLBACKS",
    "GRACE_SECONDS",
    "Begin",
    "Blame",
    "BlockingView",
    "Crossing",
    "Guard",
    "Loaded",
    "OnLoop",
    "Opened",
    "PluginResources",
    "PluginScheduler",
    "PluginTranslations",
    "Scope",
    "ScopedThread",
    "function_names",
    "marked_listeners",
    "nobody_prefers",
    "resolve",
    "shielded",
    "tie",
]
