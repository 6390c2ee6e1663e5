"""The plugin's functions that its host calls: methods by name, and functions that were handed over, by number."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from functools import lru_cache
from typing import Any

from jackfield.errors import PluginError, UsageError
from jackfield.rpc import CallCodec, Reply, Served
from jackfield.worker.looping import LoopThread


class Handlers:
    """Keeps what the host may call.

    Plain functions run on the main thread; what they return and what is asynchronous is awaited on the event loop.

    Args:
        looping: the plugin's event loop.

    Attributes:
        served: returns what the host calls by a name; it is asked once in each call.
    """

    def __init__(self, looping: LoopThread) -> None:
        self._looping = looping
        self._served: dict[str, Served] = {}
        self.served: Callable[[str], Served | None] = self._served.get
        self._kept: dict[int, Any] = {}
        self._lasting: set[int] = set()
        self._number = 0

    def keep(self, function: Any, *, lasting: bool = False) -> int:
        """Keep something that the host will name, and return its number; numbers are never used twice.

        Args:
            function: what is called, or an object whose methods are.
            lasting: keep it beyond the end of the scope.
        """
        self._number += 1
        self._kept[self._number] = function
        if lasting:
            self._lasting.add(self._number)
        return self._number

    def forget(self, number: int) -> None:
        """Let go of what was kept; what is not kept any more is no error."""
        self._kept.pop(number, None)
        self._lasting.discard(number)

    def kept(self, number: int) -> Any:
        """Return what was kept under a number.

        Raises:
            UsageError: there is nothing, or not any more.
        """
        try:
            return self._kept[number]
        except KeyError:
            raise UsageError(f"there is no handler {number}, or it has ended") from None

    def drop(self) -> None:
        """Let go of all that was kept since the scope was opened."""
        self._kept = {number: one for number, one in self._kept.items() if number in self._lasting}

    def serve(self, method: str, function: Callable[..., Any], *, codec: CallCodec | None = None) -> None:
        """Let the host call a method.

        Args:
            method: its name on the wire, e.g. `handler.render`.
            function: `def` or `async def`; its parameters are those of the method, given by name.
            codec: reads its arguments; None: by its annotations.
        """
        read = codec if codec is not None else _codec_of(function)

        def start(reply: Reply, **arguments: Any) -> None:
            self.answer(reply, function(**arguments))

        start.__qualname__ = getattr(function, "__qualname__", method)  # named where an answer does not fit
        start.__module__ = getattr(function, "__module__", __name__)
        self._served[method] = Served(start, read, deferred=True)

    def serve_at_once(self, method: str, function: Callable[..., Any], codec: CallCodec) -> None:
        """Let the host call a plain function whose answer is there when it returns; the quickest way."""
        self._served[method] = Served(function, codec)

    def answer(self, reply: Reply, value: Any) -> None:
        """Answer with a value, or with what comes when it is awaited on the event loop."""
        if not inspect.isawaitable(value):
            reply.give(value)
            return
        future = self._looping.submit(_shielded(value))
        future.add_done_callback(lambda done: _settle(done, reply))
        reply.on_cancel(future.cancel)


def _codec_of(function: Callable[..., Any]) -> CallCodec:
    """Return what reads a function's arguments; for those of modules and classes it is made once, in the zygote."""
    plain = getattr(function, "__func__", function)
    if "<locals>" in getattr(plain, "__qualname__", "<locals>"):
        return CallCodec(inspect.signature(function, eval_str=True))
    return _codec_of_lasting(plain, plain is not function)


@lru_cache(maxsize=256)
def _codec_of_lasting(function: Callable[..., Any], bound: bool) -> CallCodec:
    signature = inspect.signature(function, eval_str=True)
    parameters = list(signature.parameters.values())
    return CallCodec(signature.replace(parameters=parameters[1:] if bound else parameters))


async def _shielded(awaitable: Awaitable[Any]) -> Any:
    """Await; a task that lets `SystemExit` through would end the event loop."""
    try:
        return await awaitable
    except SystemExit as error:
        raise RuntimeError("it tried to end the process") from error


def _settle(done: Future[Any], reply: Reply) -> None:
    try:
        value = done.result()
    except CancelledError:
        reply.fail(_Cancelled("it was cancelled") if reply.cancelled else PluginError("it cancelled itself"))
    except BaseException as error:  # noqa: BLE001  # whatever it raises belongs to who called it
        reply.fail(error)
    else:
        reply.give(value)


class _Cancelled(Exception):
    """What a call ends with that was cancelled; told as the kind "Cancelled"."""


_Cancelled.__name__ = "Cancelled"
