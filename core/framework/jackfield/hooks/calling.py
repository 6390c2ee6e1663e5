"""What hook callers need of their manager; for type checkers, and loaded by nobody else."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    from jackfield.hooks.chains import Chain
    from jackfield.hooks.waking import Waking


class Calling(Protocol):
    """What a caller needs of its manager.

    Attributes:
        version: another number after every change of a hook.
        waking: which hooks bring somebody up when they are called.
    """

    version: int
    waking: "Waking"

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

    def changed(self, hook: pluggy.HookCaller) -> None:
        """Forget what was compiled for `hook`."""
        ...

    def observe(
        self, hook_name: str, hookimpls: Sequence[pluggy.HookImpl], given: Mapping[str, Any]
    ) -> Callable[[pluggy.Result[Any]], None]:
        """Tell the monitors that a call begins; the function returned tells them how it ended."""
        ...
