"""What travels between plugins: events, and the handle that ends a subscription."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a plugin told the others.

    Args:
        name: the full name, `plugin:<id>:<event>`.
        plugin: the id of the plugin that sent it; set by the host, so it cannot be forged (C17).
        data: what the plugin has to say, JSON by convention.
    """

    name: str
    plugin: str
    data: Mapping[str, Any] = field(default_factory=dict)


EventHandler: TypeAlias = Callable[[Event], Awaitable[None] | None]


class Subscription(Protocol):
    """Something begun through `context`; it ends by `close()`, or by itself when the plugin is disabled (K27)."""

    def close(self) -> None:
        """End it now; closing twice is no error."""
        ...
