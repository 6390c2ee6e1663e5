"""The function that stands for a hook's implementation in another process, made with the arguments of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

from jackfield.hooks import HookManager, Outside, stands_for
from jackfield.runtime import HookData


def marked(function: Callable[..., Any], data: HookData, manager: HookManager) -> Callable[..., Any]:
    """Return a function with the marks of an implementation that it stands for."""
    mark = pluggy.HookimplMarker(manager.project_name)
    return mark(function, tryfirst=data.tryfirst, trylast=data.trylast, optionalhook=data.optionalhook)


def function_for(data: HookData, hook: Outside, *, asynchronous: bool) -> Callable[..., Any]:
    """Return a function that stands for an implementation, with its arguments, which pluggy reads by their names."""
    # The names are those of the spec, as `proxy_of` has seen to, and a spec is a function: they are identifiers.
    parameters = ", ".join([*data.arguments, *(f"{name}=_jf_missing" for name in data.optional)])
    values = "{" + ", ".join(f"{name!r}: {name}" for name in (*data.arguments, *data.optional)) + "}"
    if data.optional:
        values = f"{{k: v for k, v in {values}.items() if v is not _jf_missing}}"
    define, call = ("async def", "await _jf_call") if asynchronous else ("def", "_jf_call_now")
    source = f"{define} {data.name}({parameters}):\n    return {call}({values})\n"
    namespace: dict[str, Any] = {"_jf_missing": object(), "_jf_call": hook.call, "_jf_call_now": hook.call_now}
    exec(compile(source, f"<hook {data.name} in another process>", "exec"), namespace)  # noqa: S102 (our own text)
    function: Callable[..., Any] = namespace[data.name]
    stands_for(function, hook)
    return function
