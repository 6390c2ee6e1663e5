"""What a call of one hook does right now, as data."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pluggy

from jackfield.hooks.accounts import Accounts, late
from jackfield.hooks.counters import HookCount

if TYPE_CHECKING:
    from jackfield.hooks.specs import SpecOptions

# pluggy 1.7 hands arguments with defaults on; 1.6 leaves them to the implementation's own default.
PLUGGY_APPLIES_DEFAULTS = hasattr(pluggy.HookCaller, "_apply_defaults")


class Chain(NamedTuple):  # a dataclass takes a millisecond to make, before the first call
    """Everything that a call of one hook depends on; each part becomes lines of the function, or none.

    Attributes:
        hook_name: the hook that is called.
        implementations: in the order they are called: wrappers first, outermost first.
        firstresult: stop at the first answer that is not None.
        pipeline: the argument that is handed along, or None.
        handed: the class that everything handed along has, or None.
        timeout_seconds: what one implementation may take, or None.
        skip: go on without a failing implementation.
        awaits: the function is `async def` and awaits its asynchronous implementations.
        resolves: synchronous implementations may also answer with something to await.
        counts: one for each implementation, or None not to count.
        used: told of each implementation before it is called, or None.
        blame: told of each failure: the implementation and the error. None: failures are nobody's business.
        late: makes the error for an implementation that took too long: the implementation, seconds it took (None:
            it was stopped).
    """

    hook_name: str
    implementations: tuple[pluggy.HookImpl, ...]
    firstresult: bool = False
    pipeline: str | None = None
    handed: type | None = None
    timeout_seconds: float | None = None
    skip: bool = False
    awaits: bool = False
    resolves: bool = False
    counts: tuple[HookCount, ...] | None = None
    used: Callable[[pluggy.HookImpl], None] | None = None
    blame: Callable[[pluggy.HookImpl, BaseException], None] | None = None
    late: Callable[[pluggy.HookImpl, float | None], Exception] | None = None

    @property
    def bare(self) -> bool:
        """Nothing is asked that pluggy's own call would not do."""
        asked = (self.pipeline, self.timeout_seconds, self.skip, self.awaits, self.counts, self.used, self.blame)
        return not any(asked)


def chain_of(
    hook_name: str,
    ordered: tuple[pluggy.HookImpl, ...],
    options: "SpecOptions",
    accounts: Accounts,
    *,
    firstresult: bool,
    skip: bool,
    awaits: bool,
) -> Chain:
    """Say what a call of these implementations does, as the hook's spec and the manager's books want it."""
    counting = accounts.counting
    seconds = options.timeout_seconds
    blamed = skip or counting or bool(accounts.blames) or seconds is not None
    return Chain(
        hook_name,
        ordered,
        firstresult=firstresult,
        pipeline=options.pipeline,
        handed=options.handed,
        timeout_seconds=seconds,
        skip=skip,
        awaits=awaits,
        resolves=awaits and options.asynchronous,
        counts=tuple(accounts.counters.of(each.plugin_name, hook_name) for each in ordered) if counting else None,
        used=partial(accounts.used, hook_name) if accounts.uses else None,
        blame=partial(accounts.blame, hook_name, skip) if blamed else None,
        late=partial(late, hook_name, seconds) if seconds is not None else None,
    )


def passed_by_name(implementation: pluggy.HookImpl) -> tuple[str, ...]:
    """Return the arguments with defaults that an implementation is given, by their names."""
    return tuple(implementation.kwargnames) if PLUGGY_APPLIES_DEFAULTS else ()
