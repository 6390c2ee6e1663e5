"""Events of scripts: their ids, the function names that listen by themselves, and listeners in order (M27 to M42)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

DEFAULT_PRIORITY = 1000
"""Of a listener that names none; lower ones are called first (U6)."""


class PluginEvent:
    """An event.

    Args:
        event_id: its name, `namespace.name`.
    """

    def __init__(self, event_id: str) -> None:
        self.id = event_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class LiteralEvent(PluginEvent):
    """An event of a script's own (M40); its id has a namespace that is not the console's."""

    def __init__(self, event_id: str) -> None:
        namespace, _, name = event_id.partition(".")
        if not name or not namespace or namespace == "mcdr":
            raise ValueError(f"an event of a script is named <id>.<event>, not {event_id!r}")
        super().__init__(event_id)


class MCDREvent(PluginEvent):
    """An event of the console.

    Args:
        event_id: its name.
        default_method_name: the function of a script that listens by itself (M39); empty for none.
    """

    def __init__(self, event_id: str, default_method_name: str = "") -> None:
        super().__init__(f"mcdr.{event_id}")
        self.default_method_name = default_method_name


class MCDRPluginEvents:
    """The events of the console, with the ids of the checklist (M28 to M38, U5)."""

    GENERAL_INFO = MCDREvent("general_info", "on_info")
    USER_INFO = MCDREvent("user_info", "on_user_info")
    SERVER_START_PRE = MCDREvent("server_start_pre", "on_server_start_pre")
    SERVER_START = MCDREvent("server_start", "on_server_start")
    SERVER_STARTUP = MCDREvent("server_startup", "on_server_startup")
    SERVER_STOP = MCDREvent("server_stop", "on_server_stop")
    MCDR_START = MCDREvent("mcdr_start", "on_mcdr_start")
    MCDR_STOP = MCDREvent("mcdr_stop", "on_mcdr_stop")
    PLAYER_JOINED = MCDREvent("player_joined", "on_player_joined")
    PLAYER_LEFT = MCDREvent("player_left", "on_player_left")
    PLUGIN_LOADED = MCDREvent("plugin_loaded", "on_load")
    PLUGIN_UNLOADED = MCDREvent("plugin_unloaded", "on_unload")
    PLUGIN_REMOVED = MCDREvent("plugin_removed", "on_removed")

    @classmethod
    def get_event_list(cls) -> list[MCDREvent]:
        """Return every event of the console."""
        return [one for one in vars(cls).values() if isinstance(one, MCDREvent)]

    @classmethod
    def contains_id(cls, event_id: str) -> bool:
        """Say whether an id is one of the console's."""
        return any(one.id == event_id for one in cls.get_event_list())


@dataclass(order=True, slots=True)
class Listener:
    """A function that hears an event; ordered by priority, then by when it came.

    Args:
        priority: lower ones first.
        number: when it came.
        callback: the function; it takes the arguments of its event, or fewer.
        owner: the script.
    """

    priority: int
    number: int
    callback: Callable[..., Any] = field(compare=False)
    owner: Any = field(compare=False)


class Listeners:
    """All listeners of all scripts, by event."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Listener]] = {}
        self._numbers = count()

    def add(self, event: PluginEvent | str, callback: Callable[..., Any], owner: Any, priority: int | None) -> None:
        """Add one; it hears every later event.

        Raises:
            TypeError: it is no function, or its priority no number; with such a one no other could be put in order.
        """
        if not callable(callback) or not isinstance(priority, int | float | None):
            raise TypeError(f"a listener is a function with a number as its priority, not {callback!r}, {priority!r}")
        event_id = event.id if isinstance(event, PluginEvent) else event
        listener = Listener(DEFAULT_PRIORITY if priority is None else priority, next(self._numbers), callback, owner)
        self._by_event.setdefault(event_id, []).append(listener)
        self._by_event[event_id].sort()

    def drop(self, owner: Any) -> None:
        """Forget those of a script."""
        for event_id, listeners in list(self._by_event.items()):
            self._by_event[event_id] = [one for one in listeners if one.owner is not owner]

    def of(self, event: PluginEvent | str, owner: Any = None) -> Iterator[Listener]:
        """Yield the listeners of an event in their order; with an owner, that script's alone."""
        event_id = event.id if isinstance(event, PluginEvent) else event
        for listener in tuple(self._by_event.get(event_id, ())):
            if owner is None or listener.owner is owner:
                yield listener
