"""What `context` gives to an inline plugin: each facet tied to the plugin, its scope and its grant.

`context` puts them together over the `Surroundings` of the host. `files` goes over `beneath`, `http` over `network`,
`portions` and `addresses`; `context.storage` is `keeping`, `context.events` is `listening` over the bus of `events`.
Each asks `permits` at every use.
"""

from jackfield.host.facets.allowance import Allowance
from jackfield.host.facets.circles import Passed, made_by
from jackfield.host.facets.context import PluginContext, Surroundings, Wiring, settings_of
from jackfield.host.facets.events import EventBus, caused_by, causes
from jackfield.host.facets.heirs import Listener
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.services import Elsewhere, ServiceHandle, call_plainly, offer_of
from jackfield.host.facets.ui import DRAWING_SECONDS, Drawn, Offered, UiRegistry

__all__ = [
    "DRAWING_SECONDS",
    "Allowance",
    "Drawn",
    "Elsewhere",
    "EventBus",
    "Listener",
    "Offered",
    "OwnThreads",
    "Passed",
    "PluginContext",
    "ServiceHandle",
    "Surroundings",
    "UiRegistry",
    "Wiring",
    "call_plainly",
    "caused_by",
    "causes",
    "made_by",
    "offer_of",
    "settings_of",
]
