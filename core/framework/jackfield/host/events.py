"""The bus between plugins: `plugin:<id>:<event>`, with the sender set by the host (C17, C21)."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from jackfield.api import Event, EventHandler, Subscription
from jackfield.errors import UsageError
from jackfield.host.scopes import Scope

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]
Check = Callable[[str, str], None]


class EventBus:
    """Delivers each event to its listeners in the order in which they came.

    Args:
        run: calls a listener on behalf of its plugin; what it raises was counted already.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._listeners: dict[str, list[tuple[str, EventHandler]]] = {}
        self._first: Callable[[str], Awaitable[None]] | None = None
        self._listened: Callable[[str], None] | None = None

    def tell(self, *, first: Callable[[str], Awaitable[None]], listened: Callable[[str], None]) -> None:
        """Have `first(name)` awaited before each event is delivered, and `listened(name)` called for each listener."""
        self._first, self._listened = first, listened

    def listen(self, name: str, plugin: str, handler: EventHandler) -> Callable[[], None]:
        """Add a listener and return what takes it away again; the host itself listens as plugin ""."""
        entry = (plugin, handler)
        self._listeners.setdefault(name, []).append(entry)
        if self._listened is not None:
            self._listened(name)

        def take_away() -> None:
            listeners = self._listeners.get(name, [])
            if entry in listeners:
                listeners.remove(entry)
            if not listeners:
                self._listeners.pop(name, None)

        return take_away

    async def emit(self, event: Event) -> None:
        """Call every listener of the event; one that fails never keeps it from the next."""
        if self._first is not None:
            await self._first(event.name)
        for plugin, handler in tuple(self._listeners.get(event.name, ())):
            try:
                await self._run(plugin, f"listener of {event.name}", handler, event)
            except Exception:  # noqa: BLE001, S112  # counted and logged by run; the others still hear of it
                continue


class PluginEvents:
    """`context.events` of one plugin.

    Args:
        plugin: its id.
        bus: the host's.
        scope: what its listeners belong to.
        check: asks for `events:listen` when a name is another plugin's, for `events:emit` when it is not declared.
        declared: the events that the manifest says it sends.
    """

    def __init__(self, plugin: str, bus: EventBus, scope: Scope, check: Check, declared: Collection[str] = ()) -> None:
        self._plugin = plugin
        self._bus = bus
        self._scope = scope
        self._check = check
        self._declared = declared

    async def emit(self, event: str, data: Mapping[str, Any] | None = None) -> None:
        """Send `plugin:<own id>:<event>`.

        Raises:
            UsageError: the name is empty or in another plugin's namespace.
            PermissionDenied: the manifest does not declare it and `events:emit` was not granted.
        """
        prefix = f"plugin:{self._plugin}:"
        short = event.removeprefix(prefix)
        if not short or short.startswith("plugin:"):
            raise UsageError(f"{self._plugin} can only send events named {prefix}…, not {event!r}", plugin=self._plugin)
        if short not in self._declared:
            self._check("events", "emit")
        await self._bus.emit(Event(prefix + short, self._plugin, dict(data or {})))

    def on(self, event: str, handler: EventHandler) -> Subscription:
        """Hear an event until the plugin is disabled.

        Raises:
            PermissionDenied: it is another plugin's and `events:listen` was not granted.
        """
        if not event:
            raise UsageError("an event needs a name", plugin=self._plugin)
        name = event if event.startswith("plugin:") else f"plugin:{self._plugin}:{event}"
        if not name.startswith(f"plugin:{self._plugin}:"):
            self._check("events", "listen")
        return self._scope.begin(f"listener of {name}", self._bus.listen(name, self._plugin, handler))
