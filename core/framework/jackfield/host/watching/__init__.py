"""What a host sees of its plugins while they run: failures, log lines, uses, who blocks the event loop."""

from jackfield.host.watching.failures import Failures
from jackfield.host.watching.observing import Observing
from jackfield.host.watching.watchdog import THRESHOLD_SECONDS

__all__ = [
    "THRESHOLD_SECONDS",
    "Failures",
    "Observing",
]
