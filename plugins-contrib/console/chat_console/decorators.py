"""`@new_thread`, `@event_listener`, `@spam_proof`, as scripts use them (U7, U16)."""

import functools
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chat_console.current import as_script, current_script
from chat_console.script_events import PluginEvent

LISTENS = "__console_listens__"
"""The attribute in which `@event_listener` leaves its events."""


class FunctionThread(threading.Thread):
    """A daemon thread that runs one function and keeps what it returns or raises.

    Args:
        target: the function.
        name: of the thread.
        args, kwargs: what the function gets.
    """

    def __init__(
        self,
        target: Callable[..., Any],
        name: str | None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        script = current_script()
        self._result: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            with as_script(script):
                try:
                    self._result = target(*args, **(kwargs or {}))
                except BaseException as error:  # noqa: BLE001 (kept for whoever asks, and told to the script's log)
                    self._error = error
                    if script is not None:
                        script.failed(f"thread {self.name}", error)

        super().__init__(target=run, name=name, daemon=True)

    def get_return_value(self, block: bool = False, timeout: float | None = None) -> Any:
        """Return what the function returned, or raise what it raised.

        Args:
            block: wait for its end.
            timeout: for how many seconds at most.

        Raises:
            RuntimeError: it runs still.
        """
        if block:
            self.join(timeout)
        if self.is_alive():
            raise RuntimeError(f"the thread {self.name} runs still")
        if self._error is not None:
            raise self._error
        return self._result


def new_thread(arg: str | Callable[..., Any] | None = None) -> Any:
    """Have each call of a function run in a thread of its own; the call returns the thread.

    Args:
        arg: the function, or the name of the threads.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., FunctionThread]:
        @functools.wraps(function)
        def start(*args: Any, **kwargs: Any) -> FunctionThread:
            thread = FunctionThread(function, name, args, kwargs)
            thread.start()
            return thread

        start.original = function  # type: ignore[attr-defined]  # scripts call it without a thread by this name
        return start

    name = arg if isinstance(arg, str) else None
    return decorate(arg) if callable(arg) else decorate


def event_listener(event: PluginEvent | str, *, priority: int | None = None) -> Callable[..., Any]:
    """Have a function of a script's module listen to an event.

    Args:
        event: the event or its id.
        priority: lower ones are called first; 1000 by default.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        listens = [*getattr(function, LISTENS, ()), (event, priority)]
        setattr(function, LISTENS, listens)
        return function

    return decorate


def listens_of(value: object) -> list[Any]:
    """Return what `@event_listener` left on a function; other objects may answer to any name, with anything."""
    try:
        found = getattr(value, LISTENS, None) if callable(value) else None
    except Exception:  # noqa: BLE001 (a proxy for what is not there yet, say)
        return []
    return found if isinstance(found, list) else []


def spam_proof(
    arg: Callable[..., Any] | None = None,
    *,
    lock_class: Callable[[], Any] = threading.RLock,
    skip_callback: Callable[..., Any] | None = None,
) -> Any:
    """Leave out calls of a function while an earlier one runs; a call says whether it ran.

    Args:
        arg: the function, where the decorator is written without parentheses.
        lock_class: makes the lock.
        skip_callback: called, with the same arguments, for each call that is left out.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., bool]:
        lock = lock_class()

        @functools.wraps(function)
        def once(*args: Any, **kwargs: Any) -> bool:
            if not lock.acquire(blocking=False):
                if skip_callback is not None:
                    skip_callback(*args, **kwargs)
                return False
            try:
                function(*args, **kwargs)
            finally:
                lock.release()
            return True

        once.original = function  # type: ignore[attr-defined]  # as for new_thread
        return once

    return decorate(arg) if callable(arg) else decorate
