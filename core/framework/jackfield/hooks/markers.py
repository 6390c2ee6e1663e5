"""The decorators that mark hook specifications and implementations: pluggy's, with jackfield's options for specs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from pluggy import HookimplMarker
from pluggy import HookspecMarker as PluggySpecMarker

from jackfield.hooks.specs import OnError

__all__ = ["HookimplMarker", "HookspecMarker"]  # implementations are marked by pluggy's own

_Function = TypeVar("_Function", bound=Callable[..., Any])


class HookspecMarker:
    """Mark functions as hook specifications of a project; a drop-in for `pluggy.HookspecMarker`.

    A spec is `def` or `async def`. The hooks of an `async def` spec are called with `await manager.call.name(...)`.

    Args:
        project_name: the project name that the manager and the implementations share.
    """

    __slots__ = ("_marker", "project_name")

    def __init__(self, project_name: str) -> None:
        self.project_name = project_name
        self._marker = PluggySpecMarker(project_name)

    @overload
    def __call__(
        self,
        function: _Function,
        firstresult: bool = ...,
        historic: bool = ...,
        warn_on_impl: Warning | None = ...,
        warn_on_impl_args: Mapping[str, Warning] | None = ...,
        *,
        pipeline: str | None = ...,
        timeout: float | None = ...,
        on_error: OnError | None = ...,
        needs: str | None = ...,
    ) -> _Function: ...

    @overload
    def __call__(
        self,
        function: None = ...,
        firstresult: bool = ...,
        historic: bool = ...,
        warn_on_impl: Warning | None = ...,
        warn_on_impl_args: Mapping[str, Warning] | None = ...,
        *,
        pipeline: str | None = ...,
        timeout: float | None = ...,
        on_error: OnError | None = ...,
        needs: str | None = ...,
    ) -> Callable[[_Function], _Function]: ...

    def __call__(
        self,
        function: _Function | None = None,
        firstresult: bool = False,
        historic: bool = False,
        warn_on_impl: Warning | None = None,
        warn_on_impl_args: Mapping[str, Warning] | None = None,
        *,
        pipeline: str | None = None,
        timeout: float | None = None,
        on_error: OnError | None = None,
        needs: str | None = None,
    ) -> _Function | Callable[[_Function], _Function]:
        """Mark `function`, or return the decorator that will.

        Args:
            function: the specification; None to get a decorator.
            firstresult: stop at the first answer that is not None (pluggy).
            historic: replay calls to plugins that come later (pluggy).
            warn_on_impl: a warning for whoever implements the hook (pluggy).
            warn_on_impl_args: warnings for whoever asks for these arguments (pluggy).
            pipeline: the argument that is handed along: each implementation receives what the one before returned,
                None leaves it as it is (also from a wrapper), and the call returns the last value (S8, S9).
            timeout: seconds that one implementation may take. An asynchronous one is cancelled and blamed; a
                synchronous one cannot be stopped in its own thread: it is measured and reported.
            on_error: "skip" blames a failing plugin and goes on with the others, "raise" also raises; None leaves it
                to the manager.
            needs: the permission, `resource:action`, without which a plugin's implementation is not called. Checked by
                a manager that was told of grants: `Host`, and `PluginManager` for what jackfield installed.
        """

        def mark(marked: _Function) -> _Function:
            decorated = self._marker(
                marked,
                firstresult=firstresult,
                historic=historic,
                warn_on_impl=warn_on_impl,
                warn_on_impl_args=warn_on_impl_args,
            )
            # pluggy keeps a spec's options in this attribute and hands unknown keys through; a manager of pluggy's
            # own therefore still reads specs that carry ours.
            options = getattr(decorated, f"{self.project_name}_spec")
            options.update(pipeline=pipeline, timeout=timeout, on_error=on_error, needs=needs)
            return decorated

        return mark if function is None else mark(function)
