"""A thread of a plugin: told to stop by an event, since Python cannot end it; what it returns or raises is kept."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Generator
from typing import Any, ClassVar

from jackfield.errors import PluginError
from jackfield.runtime.scopes import Opened

_OWN = threading.local()


def own_stopping() -> threading.Event | None:
    """Return the event that tells this thread to stop; None in a thread that no plugin started here."""
    return getattr(_OWN, "stopping", None)


class ScopedThread:
    """One function in a thread of its own. A daemon: one that will not end does not keep the process.

    Args:
        plugin: whose it is.
        what: `thread counting`; named in errors.
        function: plain; a parameter called `stopping` is given the event.
        arguments: passed on.
        loop: where its end is told.

    Attributes:
        stopping: set when it must end.
        ended: done as soon as the function has returned.
        failure: what the function raised, if it did.
        opened: its entry in the plugin's scope; set by whoever starts it.
    """

    on_loop: ClassVar[bool] = True
    opened: Opened

    def __init__(
        self,
        plugin: str,
        what: str,
        function: Callable[..., Any],
        arguments: tuple[object, ...],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.name = what
        self.stopping = threading.Event()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.failure: Exception | None = None
        self._plugin = plugin
        self._loop = loop
        self._result: Any = None
        named = {"stopping": self.stopping} if _takes_stopping(function) else {}
        self._thread = threading.Thread(
            target=self._run, args=(function, arguments, named), name=f"{plugin}: {what}", daemon=True
        )

    def start(self) -> None:
        """Run it."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its function has not returned yet."""
        return not self.ended.done()

    async def result(self) -> Any:
        """Return what the function returned, as soon as it does, or raise what it raised."""
        await asyncio.shield(self.ended)
        if self.failure is not None:
            raise self.failure
        return self._result

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result().__await__()

    def close(self) -> None:
        """Tell it to stop."""
        self.opened.close()

    def _run(self, function: Callable[..., Any], arguments: tuple[object, ...], named: dict[str, object]) -> None:
        _OWN.stopping = self.stopping
        try:
            self._result = function(*arguments, **named)
        except SystemExit as error:
            self.failure = PluginError(f"{self._plugin}: {self.name} tried to end the process", plugin=self._plugin)
            self.failure.__cause__ = error
        except Exception as error:  # noqa: BLE001  # whatever it raises is counted to the plugin
            self.failure = error
        except BaseException as error:  # noqa: BLE001  # who awaits this thread would wait for ever
            what = f"{self._plugin}: {self.name} raised {type(error).__name__}: {error}"
            self.failure = PluginError(what, plugin=self._plugin)
            self.failure.__cause__ = error
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            return  # the loop is closed: nobody is left to be told

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _takes_stopping(function: Callable[..., Any]) -> bool:
    try:
        return "stopping" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return False
