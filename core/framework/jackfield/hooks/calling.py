"""What hook callers need of their manager; for type checkers, and loaded by nobody else."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pluggy

if TYPE_CHECKING:
    from jackfield.hooks.chains import Chain
    from jackfield.hooks.waking import Waking

Monitor: TypeAlias = tuple[Callable[..., None], Callable[..., None]]
"""Told of each call, before and after it; what each is given is pluggy's: `add_hookcall_monitoring`."""


class Calling(Protocol):
    """What a caller needs of its manager.

    Attributes:
        exchanges: how often an exchange of plugins began or ended.
        monitors: who watches every call.
        version: another number after every change of a hook.
        waking: which hooks bring somebody up when they are called; None: none does.
    """

    exchanges: int
    monitors: list[Monitor]
    version: int
    waking: "Waking | None"

    def chain(
        self, hook_name: str, hookimpls: Sequence[pluggy.HookImpl], *, firstresult: bool, awaits: bool = False
    ) -> "Chain":
        """Return what a call of these implementations does right now.

        Raises:
            UsageError: the spec is `async def` and the call is not.
        """
        ...

    @property
    def monitored(self) -> bool:
        """Whether someone watches every call, so that none may be compiled past them."""
        ...

    def unchanged(self, version: int) -> AbstractContextManager[bool]:
        """Say whether nothing has changed since a version; then no other thread registers anything within this."""
        ...

    def settle(self) -> None:
        """Wait until no other thread exchanges plugins."""
        ...

    def changed(self, hook: pluggy.HookCaller) -> None:
        """Forget what was compiled for `hook`."""
        ...
