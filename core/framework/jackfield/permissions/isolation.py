"""Where a plugin's code runs: what its author asks, what the user chose, what this machine can confine; pure.

Rules:

- `inline` runs in the application's process, whatever was chosen: its author says that it cannot do otherwise.
- `worker` runs in a confined process of its own. What was chosen for it counts only if it is `process`.
- `external` runs wherever somebody starts it.
- `any` runs as `worker`, unless the user chose `inline` or `process`.
- Where the machine confines too little, nobody is confined less in silence: a worker is refused, and the sentence says
  how the user may choose otherwise.
"""

from dataclasses import dataclass
from typing import Final, Literal

Choice = Literal["worker", "inline", "process"]
"""What a user may choose: the value of the state's key `isolation/<canonical id>`."""

CHOICES: Final[tuple[Choice, ...]] = ("worker", "inline", "process")
UNCONFINED: Final = "process"
"""The grade of a machine that cannot confine, and the isolation of a process of its own that nothing confines."""

_ALLOWED: Final[dict[str, tuple[Choice, ...]]] = {
    "worker": ("worker", "process"),
    "inline": ("inline",),
    "any": ("worker", "inline", "process"),
    "external": (),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a plugin runs, or would if it could.

    Args:
        isolation: `inline` in the application's process, `worker` in a confined one of its own, `process` in one of its
            own that is not confined, `external` wherever somebody starts it.
        grade: of a worker, how well it is confined: `full` or `base`; empty otherwise, and where it cannot be.
        problem: why it cannot run, as the end of a sentence that begins with its id; empty where it can.
    """

    isolation: Literal["inline", "worker", "process", "external"] = "inline"
    grade: str = ""
    problem: str = ""

    @property
    def own_process(self) -> bool:
        """Whether it runs outside the application's process."""
        return self.isolation != "inline"

    def __str__(self) -> str:
        """As lists show it."""
        return where_it_runs(self.isolation, self.grade)


def where_it_runs(isolation: str, grade: str | None) -> str:
    """Return an isolation as lists show it: `inline`, `worker (full)`, `process: not confined`."""
    if isolation == "process":
        return "process: not confined"
    return f"{isolation} ({grade})" if grade else isolation


def allowed_choices(asked: str) -> tuple[Choice, ...]:
    """Return what a user may choose for a plugin, its default first.

    Args:
        asked: `worker`, `inline`, `any` or `external`, as its manifest says.
    """
    return _ALLOWED.get(asked, _ALLOWED["worker"])


def isolation_of(asked: str, chosen: object, grade: str | None, *, plugin: str) -> Placement:
    """Decide where a plugin runs.

    Args:
        asked: `worker`, `inline`, `any` or `external`, as its manifest says.
        chosen: the value of the state's key, None where the user chose nothing. What does not go together with the
            manifest, or is damaged, counts as nothing.
        grade: how well this machine confines: `full`, `base` or `process`; None where the application has no workers.
        plugin: its id, for the sentence.
    """
    choice = chosen if chosen in allowed_choices(asked) else None
    if asked == "external":
        return Placement("external")
    if asked == "inline" or choice == "inline":
        return Placement()
    if grade is None:
        if asked == "any":
            return Placement()
        return Placement("worker", problem="asks for a process of its own, which this application cannot give")
    if choice == "process":
        return Placement("process")
    if grade == UNCONFINED:
        ways = f"jackfield isolation {plugin} process runs it all the same, not confined"
        if asked == "any":
            ways += f", and jackfield isolation {plugin} inline in the application itself"
        return Placement("worker", problem=f"cannot be confined on this machine: {ways}")
    return Placement("worker", grade)
