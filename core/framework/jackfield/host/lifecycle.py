"""The life of a plugin, as a pure function of events (design: lifecycle).

                 ┌────────────── FOUND ◄───────────── any event FOUND: looked at anew
                 │                 │ RESOLVED
      BLOCKED ◄──┤                 ▼
      SHADOWED ◄─┤             RESOLVED
                 │                 │ LOADED
                 │                 ▼           ENABLED
                 │              LOADED ──────────────► ACTIVE ──HELD──► PENDING RESTART (the old code runs on)
                 │                 │                    │  ▲
                 │                 │            DISABLED▼  │ENABLED
                 │                 └──── UNLOADED ◄─── IDLE
                 └──────────────────────────┘
      FAILED ◄── from RESOLVED, LOADED, ACTIVE, IDLE: the traceback is kept

Rules: code runs only in LOADED, ACTIVE, IDLE and PENDING RESTART. A problem is kept until the plugin is looked at anew.
A loop of dependencies, a missing consent, a wrong host version are BLOCKED and have run no code.
"""

import enum
from dataclasses import dataclass, replace

from jackfield.errors import PluginError


class State(enum.StrEnum):
    """Where a plugin stands."""

    FOUND = "found"
    RESOLVED = "resolved"
    LOADED = "loaded"
    ACTIVE = "active"
    IDLE = "idle"
    UNLOADED = "unloaded"
    FAILED = "failed"
    BLOCKED = "blocked"
    SHADOWED = "shadowed"
    PENDING_RESTART = "pending restart"

    @property
    def runs_code(self) -> bool:
        """Whether the plugin's code is in the process and answers."""
        return self in _RUNS_CODE


class Happening(enum.Enum):
    """What can happen to a plugin."""

    FOUND = "found"
    RESOLVED = "its dependencies hold"
    BLOCKED = "something forbids it to run"
    SHADOWED = "another one of its id wins"
    LOADED = "its code was imported and on_load returned"
    ENABLED = "on_enable returned"
    DISABLED = "on_disable was called"
    UNLOADED = "its code was dropped"
    FAILED = "its code raised or hung"
    HELD = "its next version waits for a restart of the host"
    RELEASED = "no next version waits any more"


_RUNS_CODE = frozenset({State.LOADED, State.ACTIVE, State.IDLE, State.PENDING_RESTART})
_AT_REST = frozenset({State.FOUND, State.RESOLVED, State.UNLOADED, State.FAILED, State.BLOCKED, State.SHADOWED})

#: happening -> (the states it is possible in, the state after it)
_TRANSITIONS: dict[Happening, tuple[frozenset[State], State]] = {
    Happening.FOUND: (_AT_REST, State.FOUND),
    Happening.RESOLVED: (frozenset({State.FOUND}), State.RESOLVED),
    Happening.BLOCKED: (frozenset({State.FOUND, State.RESOLVED}), State.BLOCKED),
    Happening.SHADOWED: (frozenset({State.FOUND}), State.SHADOWED),
    Happening.LOADED: (frozenset({State.RESOLVED}), State.LOADED),
    Happening.ENABLED: (frozenset({State.LOADED, State.IDLE}), State.ACTIVE),
    Happening.DISABLED: (frozenset({State.ACTIVE, State.PENDING_RESTART}), State.IDLE),
    Happening.UNLOADED: (frozenset({State.LOADED, State.IDLE, State.FAILED}), State.UNLOADED),
    Happening.FAILED: (frozenset({State.RESOLVED, State.LOADED, State.ACTIVE, State.IDLE}), State.FAILED),
    Happening.HELD: (frozenset({State.ACTIVE, State.PENDING_RESTART}), State.PENDING_RESTART),
    Happening.RELEASED: (frozenset({State.PENDING_RESTART}), State.ACTIVE),
}


@dataclass(frozen=True, slots=True)
class Life:
    """Where a plugin stands and why.

    Args:
        state: where.
        problem: one sentence for the user; empty when all is well.
        traceback: of the failure, as Python prints it; kept until the plugin is looked at anew (C8, U39).
    """

    state: State = State.FOUND
    problem: str = ""
    traceback: str = ""


def possible(state: State, happening: Happening) -> bool:
    """Say whether `happening` can follow in `state`."""
    return state in _TRANSITIONS[happening][0]


def advance(life: Life, happening: Happening, problem: str = "", traceback: str = "") -> Life:
    """Return the life after something happened.

    Args:
        life: before.
        happening: what happened.
        problem: why, where it is a problem.
        traceback: of the failure.

    Raises:
        PluginError: it cannot happen in this state; a mistake of the host, never of a plugin.
    """
    allowed, after = _TRANSITIONS[happening]
    if life.state not in allowed:
        raise PluginError(f"a plugin that is {life.state} cannot be told that {happening.value}")
    if happening in (Happening.UNLOADED, Happening.DISABLED) and not problem:
        return replace(life, state=after)
    return Life(after, problem, traceback)
