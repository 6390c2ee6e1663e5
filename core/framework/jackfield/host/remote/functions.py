"""The function that stands for a hook's implementation in another process, made with the arguments of that."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

import pluggy

from jackfield.hooks import HookManager, stands_for
from jackfield.runtime import HookData


class Answering(Protocol):
    """What a function that stands for an implementation sends its calls to, with the arguments as one mapping.

    Attributes:
        call, send, send_now: as in `jackfield.hooks.Outside`; made by `function_for`.
    """

    call: Callable[..., Any]
    send: Callable[..., Any]
    send_now: Callable[..., Any]

    def answer(self, given: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        """Call it and await its answer."""
        ...

    def call_now(self, given: dict[str, Any]) -> Any:
        """Call it and wait for its answer."""
        ...

    def start(self, given: dict[str, Any]) -> Any:
        """Send a call, on the event loop's thread."""
        ...

    def start_now(self, given: dict[str, Any]) -> Any:
        """Send a call, in a thread that will wait for its answer."""
        ...

    def require_waiting(self) -> None:
        """Return if this thread may wait for an answer."""
        ...

    def send_batch(self, many: Sequence[Mapping[str, Any]]) -> Coroutine[Any, Any, list[Any]]:
        """Call it many times."""
        ...


def marked(function: Callable[..., Any], data: HookData, manager: HookManager) -> Callable[..., Any]:
    """Return a function with the marks of an implementation that it stands for."""
    mark = pluggy.HookimplMarker(manager.project_name)
    return mark(function, tryfirst=data.tryfirst, trylast=data.trylast, optionalhook=data.optionalhook)


def function_for(data: HookData, hook: Answering, *, asynchronous: bool) -> Callable[..., Any]:
    """Return a function that stands for an implementation, with its arguments, which pluggy reads by their names."""
    # The names are those of the spec, as `proxy_of` has seen to, and a spec is a function: they are identifiers.
    # Each of the functions makes the mapping that is sent, for a function between them would cost more than that.
    parameters = ", ".join([*data.arguments, *(f"{name}=_jf_missing" for name in data.optional)])
    values = "{" + ", ".join(f"{name!r}: {name}" for name in (*data.arguments, *data.optional)) + "}"
    if data.optional:
        values = f"{{k: v for k, v in {values}.items() if v is not _jf_missing}}"
    define, call = ("async def", "await _jf_answer") if asynchronous else ("def", "_jf_call_now")
    source = (
        f"{define} {data.name}({parameters}):\n    return {call}({values})\n"
        f"def _jf_call({parameters}):\n    return _jf_answer({values})\n"
        f"def _jf_send({parameters}):\n    return _jf_start({values})\n"
        f"def _jf_send_now({parameters}):\n    return _jf_start_now({values})\n"
    )
    namespace: dict[str, Any] = {"_jf_missing": object(), "_jf_answer": hook.answer, "_jf_call_now": hook.call_now}
    namespace |= {"_jf_start": hook.start, "_jf_start_now": hook.start_now}
    exec(compile(source, f"<hook {data.name} in another process>", "exec"), namespace)  # noqa: S102 (our own text)
    hook.call, hook.send, hook.send_now = (namespace[f"_jf_{name}"] for name in ("call", "send", "send_now"))
    function: Callable[..., Any] = namespace[data.name]
    stands_for(function, hook)
    return function
