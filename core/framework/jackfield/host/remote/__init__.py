"""Plugins whose code runs in another process: the host's side of what `docs/protocol.md` calls plugin methods.

`workers` starts them, `bringing` is the story of one, `plugin` calls one and notices its end, `loading` makes of what
it says of itself what a host enables, `hooks` lets functions stand for its hooks, `sources` knows who gave the commands
that it runs, `standing_in` keeps the calls that come while it is replaced, `starts` knows what is done within a start.
"""

from jackfield.host.remote.asking import asking, led_by_starts, standing_still, starting
from jackfield.host.remote.bringing import Elsewhere, api_place
from jackfield.host.remote.calls import PluginCalls
from jackfield.host.remote.plugin import RemotePlugin
from jackfield.host.remote.standing_in import StandIns
from jackfield.host.remote.starts import Start, within
from jackfield.host.remote.workers import Started, Starter, Workers

__all__ = [
    "Elsewhere",
    "PluginCalls",
    "RemotePlugin",
    "StandIns",
    "Start",
    "Started",
    "Starter",
    "Workers",
    "api_place",
    "asking",
    "led_by_starts",
    "standing_still",
    "starting",
    "within",
]
