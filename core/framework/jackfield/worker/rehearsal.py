"""What a zygote does beforehand, some times over, so that its workers need not do it in pages of their own.

What is made once (a codec, a compiled pattern) is shared by all of them. And Python writes to code until it has run
often enough to be specialized (PEP 659); what is written before the fork is a page that all workers share.
"""

from typing import Final

from jackfield.isolation import WorkerSpec

REHEARSALS: Final = 12
"""How often: more often than Python takes to specialize code."""

NOBODYS: Final = WorkerSpec(
    plugin="none", project="none", entry_point="jackfield", paths=(), manifest="",
    data_dir="/", config_dir="/", temporary="/",
)  # fmt: skip
"""For a plugin that does not exist."""
