"""The bus: `plugin:<id>:<event>` between plugins, `host:<event>` from the host, the sender set by it (C17, C21)."""

import bisect
import contextlib
import contextvars
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from jackfield.api import PRIORITY, Event, EventHandler, EventType, plain_data
from jackfield.errors import CannotCross, NotSent, PluginError, UsageError
from jackfield.host.facets.heirs import Heirs, Listener, Wait
from jackfield.manifest import HostEvent, canonical_id

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]

LONGEST_CHAIN = 32
"""Events that cause each other, listener by listener, before it is asked who keeps them going."""

MOST_OF_ONE = 8
"""What one sender may have sent of a chain that is longer: who has sent more keeps it going. A chain has an end by
that, and nobody is blamed for hearing, at the end of a long one, what others sent."""

MOST_SECONDS = 5.0
"""That the listeners of one plugin have for one event together, before the next of them is left out: who sends waits
for all of them, and would be blamed for being late."""

_CHAIN: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("chain of events", default=())


_PLACE = attrgetter("place")


class EventBus:
    """Delivers each event to its listeners, by priority and then in the order in which they came (M27, U6).

    Args:
        run: calls a listener on behalf of its plugin; what it raises was counted already.
        host_events: what the host itself sends: short name -> what its host file says of it.
    """

    def __init__(self, run: Run, host_events: Mapping[str, HostEvent] | None = None) -> None:
        self._run = run
        self.host_events: Mapping[str, HostEvent] = host_events or {}
        self._listeners: dict[str, list[Listener]] = {}
        self._wildcards: dict[str, list[Listener]] = {}
        self._heirs: dict[str, Heirs] = {}
        self._hears: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._arrivals = 0
        self._first: Callable[[str], Awaitable[None]] | None = None
        self._listened: Callable[[str], None] | None = None

    def tell(self, *, first: Callable[[str], Awaitable[None]], listened: Callable[[str], None]) -> None:
        """Have `first(name)` awaited before each event is delivered, and `listened(name)` called for each listener."""
        self._first, self._listened = first, listened

    def listen(
        self,
        name: str,
        plugin: str,
        handler: EventHandler,
        *,
        priority: int = PRIORITY,
        may: Callable[[str], bool] | None = None,
    ) -> Callable[[], None]:
        """Add a listener and return what takes it away again; the host itself listens as plugin "".

        Args:
            name: a full name, or the beginning of one and `*`.
            plugin: whose the listener is.
            handler: called with the event.
            priority: lower ones hear earlier.
            may: asked for each event, by its key, whether the listener may hear it.
        """
        key = key_of(name)
        self._arrivals += 1
        entry = Listener(plugin, handler, (priority, self._arrivals), may)
        homes, home = self._home(key)
        bisect.insort(homes.setdefault(home, []), entry, key=_PLACE)
        if plugin in self._heirs:
            self._heirs[plugin].follow(key, entry)
        if may is None or may(key):  # nobody's code runs for who may not hear it
            self.tell_listened(name)

        def take_away() -> None:
            entry.is_there = False
            if entry.heir is None:
                self._take_out(key, entry)

        return take_away

    def tell_listened(self, name: str) -> None:
        """Tell who brings up senders that somebody listens to this, and may."""
        if self._listened is not None:
            self._listened(name)

    def hold(self, plugin: str, wait: Wait) -> None:
        """Let events wait for the next code of a plugin, until `release`; its listeners now hear nothing more.

        Args:
            plugin: its id.
            wait: waits for a listener that takes the place of one of these.
        """
        heirs = self._heirs[plugin] = Heirs(wait, self._take_out)
        for homes, ending in ((self._listeners, ""), (self._wildcards, "*")):
            for home, listeners in homes.items():
                own = [one for one in listeners if one.plugin == plugin and one.heir is None]
                if own:
                    heirs.leave(home + ending, own)

    def release(self, plugin: str) -> None:
        """Let a plugin have the listeners that its next code has added, and no others."""
        if (heirs := self._heirs.pop(plugin, None)) is not None:
            heirs.end()

    def _home(self, key: str) -> tuple[dict[str, list[Listener]], str]:
        return (self._wildcards if key.endswith("*") else self._listeners), key.removesuffix("*")

    def _take_out(self, key: str, entry: Listener) -> None:
        homes, home = self._home(key)
        listeners = homes.get(home, [])
        if entry in listeners:
            listeners.remove(entry)
        if not listeners:
            homes.pop(home, None)

    async def send(self, event: str | EventType[Any], data: Any = None) -> None:
        """Send an event of the host, `host:<event>`; returns when every listener was called.

        Args:
            event: one that the host file declares, by its short name or as a type.
            data: names with plain values; with a type, its payload.

        Raises:
            UsageError: the host file does not declare it, or the data is not plain.
        """
        name = event.name if isinstance(event, EventType) else event
        full = f"host:{name.removeprefix('host:')}"
        self.require_declared(full)
        await self.emit(
            Event(full, "", event.to_plain(data) if isinstance(event, EventType) else plain_data(data, full))
        )

    async def emit(self, event: Event[Any]) -> None:
        """Call every listener of the event; one that fails never keeps it from the next.

        A plugin whose listeners take `MOST_SECONDS` for it is not asked further, which counts as its failure.

        Raises:
            PluginError: its sender keeps up a chain of events that cause each other.
            CannotCross: it is too large for the process of a plugin that listens; the others have heard it.
        """
        chain = (*_CHAIN.get(), event.name)
        if len(chain) > LONGEST_CHAIN and (said := _kept_going(chain)):
            raise PluginError(said, plugin=event.plugin or None)
        key = key_of(event.name)
        if self._first is not None:
            await self._first(event.name)
        token = _CHAIN.set(chain)
        taken: dict[str, float] = defaultdict(float)
        unsent: dict[str, NotSent] = {}
        try:
            for listener in self._hearing(key):
                one = listener if listener.heirs is None else await listener.heirs.heir_of(listener, event.plugin)
                if one is None or not one.is_there:  # an earlier one may have ended it, or disabled its plugin
                    continue
                if one.may is not None and not one.may(key):
                    continue
                began = time.monotonic()
                heard = one.handler if taken[one.plugin] < MOST_SECONDS or not one.plugin else _leave_out
                self._hears[one.plugin, chain] += 1
                try:
                    answer = await self._run(one.plugin, f"listener of {event.name}", heard, event)
                    if isinstance(answer, NotSent):
                        unsent[one.plugin] = answer
                except Exception:  # noqa: BLE001, S112  # counted and logged by run; the others still hear of it
                    continue
                finally:
                    taken[one.plugin] += time.monotonic() - began
                    self._hears[one.plugin, chain] -= 1
                    if not self._hears[one.plugin, chain]:
                        del self._hears[one.plugin, chain]
        finally:
            _CHAIN.reset(token)
        if unsent:
            why = next(iter(unsent.values())).message
            raise CannotCross(f"{event.name} did not reach {', '.join(unsent)}: {why}", plugin=event.plugin)

    def hears(self, plugin: str, chain: tuple[str, ...]) -> bool:
        """Whether a plugin hears, at this moment, an event that these events led to, itself the last of them."""
        return (plugin, chain) in self._hears

    def require_declared(self, name: str) -> None:
        """Return if `host:<event>` is one that the host declares.

        Raises:
            UsageError: it is not; the sentence names those that are.
        """
        if name.removeprefix("host:") not in self.host_events:
            known = ", ".join(f"host:{one}" for one in sorted(self.host_events)) or "none"
            raise UsageError(f"the host sends no event {name} (it declares: {known})")

    def _hearing(self, key: str) -> list[Listener]:
        """Who hears it, as a copy: listeners may come and go while it is told."""
        found = list(self._listeners.get(key, ()))
        if self._wildcards:
            for beginning, listeners in self._wildcards.items():
                if key.startswith(beginning):
                    found += listeners
            found.sort(key=_PLACE)
        return found


def _leave_out(event: Event[Any]) -> None:
    raise PluginError(
        f"its listeners took more than {MOST_SECONDS:g} s for {event.name}: those that were left did not hear of it"
    )


def key_of(name: str) -> str:
    """Return a full name in the form in which names are compared: the plugin's id canonical."""
    if not name.startswith("plugin:"):
        return name
    _, plugin, event = (*name.split(":", 2), "", "")[:3]
    return name if not event else f"plugin:{canonical_id(plugin)}:{event}"


def causes() -> tuple[str, ...]:
    """Return the events that lead to what runs now, the first one first."""
    return _CHAIN.get()


@contextlib.contextmanager
def caused_by(chain: tuple[str, ...]) -> Iterator[None]:
    """Have what is sent in this block count as caused by these events: a listener elsewhere sends it."""
    token = _CHAIN.set(chain)
    try:
        yield
    finally:
        _CHAIN.reset(token)


def outside_of_events() -> contextvars.Context:
    """Return the context for work that an event began and that goes on by itself: it is caused by no event any more."""
    context = contextvars.copy_context()
    context.run(_CHAIN.set, ())
    return context


def _kept_going(chain: tuple[str, ...]) -> str:
    """Say how the sender of the last event keeps a chain going; nothing if it has sent few of them."""
    sender = _sender_of(chain[-1])
    sent = sum(_sender_of(name) == sender for name in chain)
    if sent <= MOST_OF_ONE:
        return ""
    before = [place for place, name in enumerate(chain[:-1]) if name == chain[-1]]
    if before:
        return f"events cause each other in a circle: {' → '.join(chain[before[-1] :])}"
    last = " → ".join(chain[-MOST_OF_ONE:])
    return f"{len(chain)} events cause each other, {sent} of them sent by {sender}: … → {last}"


def _sender_of(name: str) -> str:
    return canonical_id(name.split(":")[1]) if name.startswith("plugin:") else "the application"
