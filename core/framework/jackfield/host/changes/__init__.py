"""Changes while the host runs: what is there and wished, what is asked, and who goes down and comes up for it.

`survey` reads what is there, for `looking`; `following` goes from what runs to what shall run, `orders` takes what is
asked of one plugin, `reloading` imports code anew; `runner` takes one plugin through one step of its life, `turn`
lets one change happen at a time, `patience` breaks off the start of an external plugin for who waits, and `within`
refuses what would wait for itself.
"""

from jackfield.host.changes.attendance import Attendance
from jackfield.host.changes.code import Code
from jackfield.host.changes.demand import Demand
from jackfield.host.changes.followed_settings import follow_settings
from jackfield.host.changes.following import Following
from jackfield.host.changes.looking import Circumstances, Looking
from jackfield.host.changes.managing import PluginPlugins
from jackfield.host.changes.orders import Orders
from jackfield.host.changes.patience import Patience
from jackfield.host.changes.presence import Presences
from jackfield.host.changes.reloading import Reloading
from jackfield.host.changes.runner import Runner
from jackfield.host.changes.survey import Survey, survey
from jackfield.host.changes.turn import Turn

__all__ = [
    "Attendance",
    "Circumstances",
    "Code",
    "Demand",
    "Following",
    "Looking",
    "Orders",
    "Patience",
    "PluginPlugins",
    "Presences",
    "Reloading",
    "Runner",
    "Survey",
    "Turn",
    "follow_settings",
    "survey",
]
