"""What waits for the scripts' thread: a function, the calls that it is made of, and where its outcome goes."""

import contextlib
import inspect
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any

from chat_console.calls import Call, Steps


@dataclass(slots=True, eq=False)
class Task:
    """One that waits, or is on its way.

    Args:
        steps: its calls.
        future: of its outcome; None: nobody asks.
        optional: may be left out when the console ends late.
        since: when it came, by the monotonic clock.
        value, error: what its steps are told next: what the last call gave or raised.
    """

    steps: Steps
    future: "Future[Any] | None"
    optional: bool
    since: float
    value: Any = None
    error: BaseException | None = None


def settle(future: "Future[Any]", value: Any = None, error: BaseException | None = None) -> None:
    """Give a future its outcome, if the end of the console has not done so."""
    with contextlib.suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)


def steps_of(
    task: Callable[[], Any],
    script: Any,
    what: str,
    future: "Future[Any]",
    on_failure: Callable[[BaseException], None],
) -> Steps:
    """A task as steps: one call, and those of the generator that it may return; its outcome goes to a future."""

    def begin() -> Any:
        try:
            made = task()
        except BaseException as error:  # noqa: BLE001 (it goes to whoever asked)
            on_failure(error)
            settle(future, error=error if isinstance(error, Exception) else RuntimeError(f"it raised {error!r}"))
            return None
        if not inspect.isgenerator(made):
            settle(future, made)  # here: it may come after the lead was lost
        return made

    if not future.set_running_or_notify_cancel():  # from here on nobody can cancel it, and so no end is refused
        return
    made = yield Call(script, what, begin, late=lambda made: made if inspect.isgenerator(made) else None)
    if inspect.isgenerator(made):
        try:
            settle(future, (yield from made))
        except Exception as error:  # noqa: BLE001 (it goes to whoever asked)
            on_failure(error)
            settle(future, error=error)


def rest_of(steps: Steps, value: Any, error: BaseException | None, future: "Future[Any]") -> Steps:
    """The rest of steps whose thread lost the lead."""
    future.set_running_or_notify_cancel()
    while True:
        try:
            call = steps.send(value) if error is None else steps.throw(error)
        except StopIteration as end:
            settle(future, end.value)
            return
        except Exception as failure:  # noqa: BLE001 (it goes to whoever waits)
            settle(future, error=failure)
            return
        try:
            value, error = (yield call), None
        except Exception as thrown:  # noqa: BLE001 (on to the steps)
            value, error = None, thrown
