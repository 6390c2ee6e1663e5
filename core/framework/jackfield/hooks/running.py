"""Whose implementation a stack is inside of: read from the generated call, so that calls need not note it."""

import re
from types import FrameType

from jackfield.hooks.wrappers import GENERATED

_CALLED = re.compile(r"_jf_call(\d+)\(")
_AFTER_ALL = "_jf_unwind("  # wrappers end there, one after the other


def running_implementation(frame: FrameType) -> tuple[str, str] | None:
    """Return plugin and hook of the implementation that a frame is calling; None for any frame but a generated call.

    A generated call has a line of its own for each implementation, and which line a frame is at Python knows anyway. A
    slot that every call wrote its plugin into would say no more, would cost each call of each implementation, and would
    be wrong as soon as two threads call hooks.

    Args:
        frame: of this thread or, from `sys._current_frames`, of another one.
    """
    if frame.f_code.co_filename != GENERATED:
        return None
    lines = frame.f_globals["_jf_source"].splitlines()[: frame.f_lineno]
    if not lines or _AFTER_ALL in lines[-1]:
        return None
    for line in reversed(lines):
        if (called := _CALLED.search(line)) is not None:
            implementation = frame.f_globals["_jf_implementations"][int(called[1])]
            return implementation.plugin_name, frame.f_globals["_jf_hook"]
    return None
