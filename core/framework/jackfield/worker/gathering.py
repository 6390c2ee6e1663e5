"""Code that each worker runs, gathered in one part of the zygote's memory.

Python writes to a function's code whenever it calls it, if only that it is in use, and a page that a worker writes to
is one of its own from then on. As they were loaded a hundred functions lie on a hundred pages; gathered, on thirty.
"""

import gc
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

_gathered: Final[set[int]] = set()
"""The codes that were gathered, by their `id`: functions that are there for good have them."""


def gather_code_of(modules: Iterable[str]) -> None:
    """Gather the code of the functions and methods of these modules."""
    functions: list[object] = []
    for module in map(import_module, modules):
        for one in vars(module).values():
            if getattr(one, "__module__", None) == module.__name__:
                functions += vars(one).values() if isinstance(one, type) else (one,)
    _gather(one for one in functions if isinstance(one, FunctionType))


def gather_code_run_by(rehearsal: Callable[[], object]) -> None:
    """Run something, and gather the code of all functions that it ran; to Python they are new, and have not run yet."""
    run: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            run[id(frame.f_code)] = frame.f_code

    sys.setprofile(note)
    try:
        rehearsal()
    finally:
        sys.setprofile(None)
    _gather([one for one in gc.get_objects() if type(one) is FunctionType and id(one.__code__) in run])


def _gather(functions: Iterable[FunctionType]) -> None:
    copies: dict[int, tuple[CodeType, CodeType]] = {}  # with the original, as long as its `id` stands for it
    for function in functions:
        if id(function.__code__) not in _gathered:
            function.__code__ = _copied(function.__code__, copies)
    _gathered.update(id(copy) for _, copy in copies.values())


def _copied(code: CodeType, copies: dict[int, tuple[CodeType, CodeType]]) -> CodeType:
    """Return the copy of a code, with copies of those that lie in it."""
    if id(code) not in copies:
        constants = tuple(_copied(one, copies) if isinstance(one, CodeType) else one for one in code.co_consts)
        copies[id(code)] = code, code.replace(co_consts=constants)
    return copies[id(code)][1]
