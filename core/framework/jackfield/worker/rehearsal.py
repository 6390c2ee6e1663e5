"""What a zygote does beforehand, some times over, so that its workers need not do it in pages of their own.

What is made once (a codec, a compiled pattern) is shared by all of them. And Python writes to code until it has run
often enough to be specialized (PEP 659); what is written before the fork is a page that all workers share.
"""

from collections.abc import Callable
from typing import Final

from jackfield.isolation import WorkerSpec
from jackfield.worker.gathering import gather_code_run_by

REHEARSALS: Final = 12
"""How often: more often than Python takes to specialize code."""

NOBODYS: Final = WorkerSpec(
    plugin="none", project="none", entry_point="jackfield", paths=(), manifest="",
    data_dir="/", config_dir="/", temporary="/",
)  # fmt: skip
"""For a plugin that does not exist."""


def rehearse_often(rehearsal: Callable[[], object]) -> None:
    """Do it once to see which code it runs, which is gathered, and then until that is specialized."""
    rehearsal()
    gather_code_run_by(rehearsal)
    for _ in range(REHEARSALS):
        rehearsal()
