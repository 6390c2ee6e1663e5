"""What travels between plugins: events and their types, listeners, and the handle that ends a subscription."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, overload

from jackfield.errors import PluginError, UsageError

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # `Event` alone is an event with plain data; Python has defaults of type variables from 3.13 on (PEP 696)
    PayloadT_co = TypeVarWithDefault("PayloadT_co", covariant=True, default=Mapping[str, Any])
else:
    PayloadT_co = TypeVar("PayloadT_co", covariant=True)

PayloadT = TypeVar("PayloadT")
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

PRIORITY = 1000
"""Of a listener that names none; lower numbers hear an event earlier (U6)."""

_MARKS = "_jackfield_listeners"


@dataclass(frozen=True, slots=True)
class Event(Generic[PayloadT_co]):
    """Something that a plugin, or the host, told the others.

    Args:
        name: the full name, `plugin:<id>:<event>` or `host:<event>`.
        plugin: the id of the plugin that sent it, empty for the host; set by the host, so it cannot be forged (C17).
        data: what the sender has to say: a mapping of plain values, or the payload of the `EventType` that was listened
            for. All listeners are given the same one: do not change it.
    """

    name: str
    plugin: str
    data: PayloadT_co = None  # type: ignore[assignment]  # an empty dict, made below

    def __post_init__(self) -> None:
        if self.data is None:
            object.__setattr__(self, "data", {})


EventHandler: TypeAlias = Callable[[Event[Any]], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class EventType(Generic[PayloadT]):
    """A kind of event with a payload that has a type: emitted and heard by it, checked on both sides (M40).

    What travels is plain data, so sender and listener may each have a definition of their own, in another process too:
    what counts is that the fields fit.

        VOTED = EventType("plugin:poll:voted", Voted)
        await context.events.emit(VOTED, Voted("tea"))      # in poll
        context.events.on(VOTED, self.count)                # in another plugin: count(event), event.data.choice

    Args:
        name: `plugin:<id>:<event>`, or for a plugin's own `<event>` alone.
        payload: a dataclass, msgspec struct or TypedDict of plain values.
    """

    name: str
    payload: type[PayloadT]

    def to_plain(self, data: PayloadT) -> Mapping[str, Any]:
        """Return a payload as plain values.

        Raises:
            UsageError: it is of another type, or holds what no process can be told.
        """
        plain = plain_data(data, self.name)
        try:
            self.from_plain(Event(self.name, "", plain))
        except PluginError as error:  # the sender's mistake: it must not be counted to those who listen
            raise UsageError(error.message) from None
        return plain

    def from_plain(self, event: Event[Any]) -> Event[PayloadT]:
        """Return an event with its payload in place of the plain values.

        Raises:
            PluginError: they do not fit the type.
        """
        import msgspec

        from jackfield.rpc import fitted

        try:
            payload = fitted(dict(event.data), self.payload)
        except msgspec.ValidationError as error:
            sender = f" from {event.plugin}" if event.plugin else ""
            raise PluginError(
                f"the event {event.name}{sender} is no {self.payload.__name__}: {error}", plugin=event.plugin or None
            ) from None
        return Event(event.name, event.plugin, payload)


def plain_data(data: object, name: str) -> dict[str, Any]:
    """Return what an event carries as a dict of plain values, which any process can be told.

    Args:
        data: a mapping, dataclass or msgspec struct; None: nothing.
        name: the event's, for errors.

    Raises:
        UsageError: it is none of these, or holds something that is not plain.
    """
    import datetime as dt

    import msgspec

    if data is None:
        return {}
    try:
        plain = msgspec.to_builtins(
            dict(data) if isinstance(data, Mapping) else data,
            builtin_types=(bytes, dt.datetime, dt.date, dt.time, dt.timedelta),
            str_keys=False,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the event {name} carries what is not plain data: {error}") from None
    if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
        raise UsageError(f"the event {name} carries {type(data).__name__}; it takes names with values, or a dataclass")
    return plain


class Subscription(Protocol):
    """Something begun through `context`; it ends by `close()`, or by itself when the plugin is disabled (K27)."""

    def close(self) -> None:
        """End it now; closing twice is no error."""
        ...


class Events(Protocol):
    """Events between plugins, named `plugin:<id>:<event>`, and those of the host, `host:<event>` (C21, M27, M40, U7).

    A plugin sends in its own namespace only and hears it freely, as it hears the plugins that it `[requires]`, also
    optionally. Events that the manifest does not declare need `events:emit`; hearing any other plugin's needs
    `events:listen`, and all of them at once (`plugin:*`, `*`) `events:observe`. A grant that is taken back holds from
    the next event on. What an event of the host needs, its host.toml says.
    """

    @overload
    async def emit(self, event: str, data: Mapping[str, Any] | None = None) -> None: ...

    @overload
    async def emit(self, event: EventType[PayloadT], data: PayloadT) -> None: ...

    async def emit(self, event: str | EventType[Any], data: Any = None) -> None:
        """Send `plugin:<own id>:<event>`; returns when every listener was called, failed ones are counted to them.

        Args:
            event: its name, short or full, or its type.
            data: names with plain values; with a type, its payload.

        Raises:
            UsageError: the name is empty or another plugin's, or the data is not plain.
            PermissionDenied: the manifest does not declare it and `events:emit` was not granted.
            PluginError: the plugin is not enabled (in `on_load`, say), or events cause each other in a circle.
            CannotCross: it is too large for the process of a plugin that listens; the others have heard it.
        """
        ...

    @overload
    def on(self, event: str, handler: EventHandler, *, priority: int = PRIORITY) -> Subscription: ...

    @overload
    def on(
        self,
        event: EventType[PayloadT],
        handler: Callable[[Event[PayloadT]], Awaitable[None] | None],
        *,
        priority: int = PRIORITY,
    ) -> Subscription: ...

    def on(self, event: str | EventType[Any], handler: EventHandler, *, priority: int = PRIORITY) -> Subscription:
        """Call `handler(event)` for each one, until closed or until the plugin is disabled.

        Args:
            event: a short name of the plugin's own (`voted`), a full name (`plugin:poll:voted`, `host:joined`), a type,
                or all that begin so: `plugin:poll:*`, `host:*`, `plugin:*`, `*`.
            handler: `def` or `async def`, given an `Event`. One that fails does not keep the others from hearing.
            priority: lower ones hear it earlier, equal ones in the order in which they came.

        Raises:
            UsageError: the name is empty, or an event that the host does not declare; the priority is no whole number.
            PermissionDenied: the plugin may not hear it.
            PluginError: the plugin is not enabled.
        """
        ...


@dataclass(frozen=True, slots=True)
class ListenerMark:
    """What `@listener` leaves on a function, for the host to read.

    Args:
        event: a name or a type, as `Events.on` takes it.
        priority: lower ones hear it earlier.
    """

    event: str | EventType[Any]
    priority: int = PRIORITY


def listener(event: str | EventType[Any], *, priority: int = PRIORITY) -> Callable[[FunctionT], FunctionT]:
    """Mark a method, or a module's function, as a listener; it hears while the plugin is enabled (U7, M42).

    A method takes the event; a module's function takes `context` before it. May be given several times. A plugin that
    may not hear the event is enabled all the same, and its status says so.

    Args:
        event: a name, a type or all that begin so, as `context.events.on` takes it.
        priority: lower ones hear it earlier.

    Raises:
        UsageError: the name is empty.
    """
    if not (event.name if isinstance(event, EventType) else event):
        raise UsageError("a listener needs the name of an event")
    mark = ListenerMark(event, priority)

    def decorate(function: FunctionT) -> FunctionT:
        setattr(function, _MARKS, (*listener_marks(function), mark))
        return function

    return decorate


def listener_marks(function: object) -> tuple[ListenerMark, ...]:
    """Return what `@listener` left on a function or bound method, the innermost first."""
    try:
        marks = getattr(function, _MARKS, ())
    except Exception:  # noqa: BLE001 (not one of ours: a proxy for what is not there yet, say)
        return ()
    return marks if isinstance(marks, tuple) else ()
