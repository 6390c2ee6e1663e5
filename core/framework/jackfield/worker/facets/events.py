"""`context.events` in a worker: what is sent is checked here as where the host is, and heard through the host."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

from jackfield.api import PRIORITY, Event, EventHandler, EventType, Subscription, plain_data
from jackfield.worker.facets.asking import Asking

#: Takes an event, and those that it is caused by.
Listening: TypeAlias = Callable[[Event[Any], tuple[str, ...]], Any]

_CHAIN: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("events that led here", default=())


class RemoteEvents:
    """See `jackfield.api.Events`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def emit(self, event: str | EventType[Any], data: Any = None) -> None:
        """Send `plugin:<own id>:<event>`."""
        name = event.name if isinstance(event, EventType) else event
        full = name if ":" in name else f"plugin:{self._asking.plugin}:{name}"
        plain = event.to_plain(data) if isinstance(event, EventType) else plain_data(data, full)
        await self._asking.call("events.emit", {"event": name, "data": dict(plain), "chain": list(_CHAIN.get())})

    def on(self, event: str | EventType[Any], handler: EventHandler, *, priority: int = PRIORITY) -> Subscription:
        """Hear an event until the plugin is disabled."""
        name = event.name if isinstance(event, EventType) else event
        number = self._asking.handlers.keep(hearing(handler, event if isinstance(event, EventType) else None))
        return self._asking.begun("events.on", {"event": name, "handler": number, "priority": priority}, number)


def hearing(handler: EventHandler, event_type: EventType[Any] | None = None) -> Listening:
    """Return what takes an event from the host and gives it to a listener.

    Args:
        handler: the plugin's, `def` or `async def`.
        event_type: gives its payload a type; None: it stays plain data.
    """

    def hear(event: Event[Any], chain: tuple[str, ...]) -> Any:
        with _caused_by(chain):
            result = handler(event_type.from_plain(event) if event_type is not None else event)
        return _awaited(result, chain) if inspect.isawaitable(result) else None

    return hear


async def _awaited(result: Awaitable[Any], chain: tuple[str, ...]) -> None:
    with _caused_by(chain):
        await result


@contextlib.contextmanager
def _caused_by(chain: tuple[str, ...]) -> Iterator[None]:
    """Have what is sent in this block told to be caused by these events, so that circles of them are found."""
    token = _CHAIN.set(chain)
    try:
        yield
    finally:
        _CHAIN.reset(token)
