"""`context.events` of one plugin (M39, M42, U7)."""

import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from jackfield.api import (
    PRIORITY,
    Event,
    EventHandler,
    EventType,
    ListenerMark,
    Subscription,
    plain_data,
)
from jackfield.errors import IdentityError, PluginError, UsageError
from jackfield.host.facets.events import EventBus, key_of
from jackfield.host.facets.names import require_name
from jackfield.host.facets.permits import Permits
from jackfield.runtime import Scope

_LISTENED = re.compile(r"\*|plugin:\*|plugin:[^:*]+:(\*|[^:*]+)|host:(\*|[^:*]+)")


class PluginEvents:
    """`context.events`: sends in the plugin's own namespace, hears what the plugin may hear.

    Args:
        plugin: its id.
        bus: the host's.
        scope: what its listeners belong to.
        permits: its grant.
        declared: the events that the manifest says it sends.
        requires: canonical ids of the plugins that its manifest requires, also optionally: these it hears freely.
    """

    def __init__(
        self,
        plugin: str,
        bus: EventBus,
        scope: Scope,
        permits: Permits,
        *,
        declared: Collection[str] = (),
        requires: Collection[str] = (),
    ) -> None:
        self._plugin = plugin
        self._bus = bus
        self._scope = scope
        self._permits = permits
        self._declared = declared
        self._requires = requires
        self._namespace = key_of(f"plugin:{plugin}:x").removesuffix("x")
        self._marked: list[str] = []

    async def emit(self, event: str | EventType[Any], data: Any = None) -> None:
        """Send `plugin:<own id>:<event>`."""
        given = event.name if isinstance(event, EventType) else event
        full = self._full_name(given)
        short = full.removeprefix(f"plugin:{self._plugin}:")
        if not short or ":" in short or "*" in short:
            raise UsageError(
                f"{self._plugin} can only send events named plugin:{self._plugin}:…, not {given!r}", plugin=self._plugin
            )
        if not self._scope.is_open:
            raise PluginError(
                f"{self._plugin} is not enabled, so it cannot send {full}",
                plugin=self._plugin,
                hint="send events in on_enable or later",
            )
        if short not in self._declared:
            self._permits("events", "emit")
        plain = event.to_plain(data) if isinstance(event, EventType) else plain_data(data, full)
        await self._bus.emit(Event(full, self._plugin, plain))

    def on(self, event: str | EventType[Any], handler: EventHandler, *, priority: int = PRIORITY) -> Subscription:
        """Hear an event until the plugin is disabled."""
        name = self._listened(event)
        needed = self._needs(key_of(name))
        if needed is not None:
            self._permits(*needed)
        return self._listen(name, event, handler, priority)

    def add_marked(self, mark: ListenerMark, handler: EventHandler) -> None:
        """Hear what a mark says, from when the plugin may: one that may not yet is told of by `unheard`."""
        name = self._listened(mark.event)
        self._marked.append(name)
        self._listen(name, mark.event, handler, mark.priority, ended=lambda: self._marked.remove(name))

    def take_up(self) -> None:
        """Have those brought up whose events the marked listeners hear, as a grant may have changed."""
        for name in self._marked:
            if self._may(key_of(name), key_of(name)):
                self._bus.tell_listened(name)

    @property
    def unheard(self) -> list[tuple[str, str]]:
        """The marked listeners that are not called now, each with the permission that it lacks."""
        return [
            (f"the listener of {name}", ":".join(needed))
            for name in self._marked
            if (needed := self._needs(key_of(name))) is not None and not self._permits.may(*needed)
        ]

    def _listen(
        self,
        name: str,
        event: str | EventType[Any],
        handler: EventHandler,
        priority: int,
        ended: Callable[[], None] | None = None,
    ) -> Subscription:
        if not isinstance(priority, int):  # NaN, say, would bring the listeners of everybody else out of order
            raise UsageError(f"{self._plugin}: a priority is a whole number, not {priority!r}", plugin=self._plugin)
        if isinstance(event, EventType):
            handler = partial(_hear_typed, event, handler)
        may = partial(self._may, key_of(name))
        take_away = self._bus.listen(name, self._plugin, handler, priority=priority, may=may)

        def end() -> None:
            take_away()
            if ended is not None:
                ended()

        return self._scope.begin(f"listener of {name}", end)

    def _full_name(self, name: str) -> str:
        """Return a name with the plugin's namespace before it, spelled as the plugin spells its id.

        Raises:
            UsageError: what stands in the place of an id is none.
        """
        require_name(self._plugin, "an event", name)
        try:
            key = key_of(name)
        except IdentityError as error:
            raise UsageError(f"{name!r} names no event: {error}", plugin=self._plugin) from None
        if name and ":" not in name:
            return f"plugin:{self._plugin}:{name}"
        own = key.startswith(self._namespace)
        return f"plugin:{self._plugin}:{key.removeprefix(self._namespace)}" if own else name

    def _listened(self, event: str | EventType[Any]) -> str:
        """Return the full name of what shall be heard.

        Raises:
            UsageError: it is none.
        """
        given = event.name if isinstance(event, EventType) else event
        if not given:
            raise UsageError("an event needs a name", plugin=self._plugin)
        name = self._full_name(given) if given != "*" else given
        if not _LISTENED.fullmatch(name):
            raise UsageError(
                f"{self._plugin} cannot listen to {given!r}",
                plugin=self._plugin,
                hint="events are plugin:<id>:<event> or host:<event>; many at once plugin:<id>:*, plugin:*, host:*, *",
            )
        if name.startswith("host:") and name != "host:*":
            self._bus.require_declared(name)
        return name

    def _needs(self, key: str) -> tuple[str, str] | None:
        """Return the permission that hearing a name or a wildcard needs; None for none."""
        if key in ("*", "plugin:*"):
            return ("events", "observe")
        if key.startswith(self._namespace) or key == "host:*":
            return None
        if key.startswith("host:"):
            declared = self._bus.host_events.get(key.removeprefix("host:"))
            resource, _, action = (declared.needs if declared is not None else "").partition(":")
            return (resource, action) if resource else None
        return None if key.split(":")[1] in self._requires else ("events", "listen")

    def _may(self, listened: str, key: str) -> bool:
        """Say whether an event may be heard now, by what was listened for: a grant can have been taken back since."""
        needed = self._needs(listened)
        if needed is not None and not self._permits.may(*needed):
            return False
        if not key.startswith("host:"):
            return True  # whoever may hear all of a kind may hear each
        needed = self._needs(key)
        return needed is None or self._permits.may(*needed)


def _hear_typed(event_type: EventType[Any], handler: EventHandler, event: Event[Any]) -> Any:
    return handler(event_type.from_plain(event))
