"""Wrappers around a hook call: generators that see its result, in pluggy's two styles."""

import os
import sys
import warnings
from collections.abc import Callable, Generator, Sequence
from types import FrameType
from typing import NoReturn, TypeAlias

import pluggy

from jackfield.hooks.limits import interrupts

GENERATED = "<jackfield hook call>"
"""The file name that generated calls carry in tracebacks."""

_MACHINERY = (GENERATED, os.path.dirname(__file__), os.path.dirname(pluggy.__file__))  # noqa: PTH120 (pathlib takes 3 ms)

Wrapper: TypeAlias = Generator[None, object, object]
"""A wrapper that has yielded once: it waits for the result of what it wraps, and returns its own."""


def begin(wrapper: Wrapper) -> Wrapper:
    """Run a wrapper to its yield.

    Raises:
        RuntimeError: it did not yield (pluggy's words).
    """
    try:
        next(wrapper)
    except StopIteration:
        _fail(wrapper, "did not yield")
    return wrapper


def begin_old_style(wrapper: Wrapper, *, whose: str) -> Wrapper:
    """Run an old-style wrapper to its yield: `hookwrapper=True`, sent a `pluggy.Result`. It comes back in new style.

    Args:
        wrapper: the generator.
        whose: plugin and hook, for the warning when it fails after its yield.
    """
    begin(wrapper)
    adapted = _adapt(wrapper, whose)
    next(adapted)
    return adapted


def unwind(
    wrappers: Sequence[tuple[int, Wrapper]],
    result: object,
    error: BaseException | None,
    *,
    none_leaves: bool = False,
    blame: Callable[[int, BaseException], None] | None = None,
    blamed: type[BaseException] | tuple[type[BaseException], ...] = Exception,
    passing: tuple[type[BaseException], ...] = (),
    skip: bool = False,
) -> object:
    """Give the outcome of a call to its wrappers, innermost first, each with what the one before made of it.

    Args:
        wrappers: those that have begun, outermost first, with their place in the call.
        result: what the implementations answered.
        error: what they raised, or None.
        none_leaves: a wrapper that returns None leaves the result as it is (a pipeline), instead of making it None.
        blame: told of a wrapper's own failure: its place and the error.
        blamed: what is a failure of a wrapper itself; an interrupt is not.
        passing: what is none although such failures are skipped; whatever else is raised then, is one.
        skip: such a failure does not become the call's: the outcome stays as it was.

    Raises:
        BaseException: the error that is left at the end.
    """
    __tracebackhide__ = True
    for place, wrapper in reversed(wrappers):
        try:
            made, error = _hand_over(wrapper, result, error), None
            if made is not None or not none_leaves:
                result = made
        except BaseException as raised:  # noqa: BLE001 (a wrapper may turn any outcome into any other)
            if raised is error:
                continue
            own = isinstance(raised, blamed) or (skip and not isinstance(raised, passing) and not interrupts(raised))
            if own and blame is not None:
                blame(place, raised)
            if not (own and skip):
                error = raised
    if error is not None:
        raise error
    return result


def _hand_over(wrapper: Wrapper, result: object, error: BaseException | None) -> object:
    """Finish one wrapper and return its result; whatever it raises is its outcome."""
    __tracebackhide__ = True
    try:
        if error is None:
            wrapper.send(result)
        else:
            wrapper.throw(error)
    except StopIteration as finished:
        return finished.value
    except RuntimeError as wrapped:
        # A StopIteration that passes through a generator comes out as a RuntimeError (PEP 479).
        if isinstance(error, StopIteration) and wrapped.__cause__ is error:
            wrapper.close()
            raise error from None
        raise
    wrapper.close()
    return _fail(wrapper, "has second yield")


def _adapt(wrapper: Wrapper, whose: str) -> Wrapper:
    outcome: pluggy.Result[object]
    try:
        outcome = pluggy.Result((yield), None)
    except BaseException as error:  # noqa: BLE001 (handed on inside the Result, as pluggy does)
        outcome = pluggy.Result(None, error)
    try:
        wrapper.send(outcome)
    except StopIteration:
        pass
    except BaseException as error:
        text = f"A plugin raised an exception during an old-style hookwrapper teardown.\n{whose}\n"
        text += f"{type(error).__name__}: {error}"
        warnings.warn(pluggy.PluggyTeardownRaisedWarning(text), stacklevel=_level_of_the_caller())
        raise
    else:
        _fail(wrapper, "has second yield")
    finally:
        wrapper.close()
    return outcome.get_result()


def _level_of_the_caller() -> int:
    """Count the frames down to the code that called the hook, as `warnings.warn` counts them."""
    level = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_MACHINERY):
        frame = frame.f_back
        level += 1
    return level


def _fail(wrapper: Wrapper, what: str) -> NoReturn:
    code = getattr(wrapper, "gi_code", None)
    where = "" if code is None else f" at {code.co_name!r} {code.co_filename}:{code.co_firstlineno}"
    raise RuntimeError(f"wrap_controller{where} {what}")
