"""Whether a process of which something is awaited stands still: it says nothing, and the system sees it do nothing."""

from typing import Final

from jackfield.isolation.measuring import is_at_work, is_stopped

LOOK_SECONDS: Final = 0.25
"""Between two looks. They are counted, and not the time: a host that stood still itself has looked less often."""

IDLE_LOOKS: Final = 12
"""So often in a row it did nothing: 3 s. On a machine that is busy it waits for a processor, which counts as work."""

SILENT_LOOKS: Final = 100
"""So often in a row it said nothing, whatever it did: 25 s. What is awaited takes it some milliseconds."""


class Silence:
    """How long one process has been silent.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._idle = self._silent = 0

    def broken(self) -> None:
        """Note that it said something, or that nothing was awaited until now."""
        self._idle = self._silent = 0

    def lasts(self, *, at_start: bool = False) -> bool:
        """Look at it; return whether it is taken to stand still.

        Args:
            at_start: whether it has said nothing yet: it has its own time for that, and may sleep while what it tries
                out is at work; only one that a signal has stopped will do nothing more.
        """
        self._silent += 1
        rests = is_stopped(self._pid) if at_start else not is_at_work(self._pid)
        self._idle = self._idle + 1 if rests else 0
        return self._idle >= IDLE_LOOKS or (self._silent >= SILENT_LOOKS and not at_start)
