"""`context.events`, `context.commands` and `context.ui`, served to a plugin in another process.

What the plugin gives as a function comes as the number of a handler; the host's function calls it over the link, and is
bounded and blamed as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield.api import ActionHandler, Component, Event, Level, MenuItem, Render
from jackfield.errors import NotSent, UsageError
from jackfield.host.facets import EventBus, PluginContext, caused_by, causes
from jackfield.host.remote.calls import PluginCalls
from jackfield.host.remote.facets.holding import Holding
from jackfield.host.remote.facets.turns import Turns
from jackfield.runtime import Call, FunctionData, NodeData, Restoring, component_from_data, restore_tree


class ServedEvents:
    """`events.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
        calls: to the plugin.
        bus: knows what causes what.
        turns: of the events that the plugin sends.
    """

    def __init__(
        self, context: PluginContext, holding: Holding, calls: PluginCalls, bus: EventBus, turns: Turns
    ) -> None:
        self._events = context.events
        self._plugin = context.plugin_id
        self._bus = bus
        self._turns = turns
        self._holding = holding
        self._calls = calls

    async def emit(self, event: str, data: dict[str, Any] = {}, chain: list[str] = []) -> None:  # noqa: B006 (only read)
        """Send an event; `chain` is what a listener was told with what it heard, when it sends because of it."""
        led_here = tuple(chain)
        if not self._bus.hears(self._plugin, led_here):  # over by now; or made up, so that others are blamed for it
            led_here = ()
        async with self._turns.taken():
            with caused_by(led_here):
                await self._events.emit(event, data)

    def on(self, event: str, handler: int, priority: int = 1000) -> int:
        """Call `handler.event` for each one; a subscription."""
        return self._holding.begin(
            lambda: self._events.on(event, hearing(self._calls, handler), priority=priority), event
        )


def hearing(calls: PluginCalls, handler: int) -> Callable[[Event[Any]], Any]:
    """Return a listener that calls one of the plugin's process."""

    async def hear(event: Event[Any]) -> NotSent | None:
        """Have it heard; that it cannot be sent is no failure of who would have heard it, so it is answered."""
        try:
            await calls.call("handler.event", {"handler": handler, "event": event, "chain": causes()})
        except NotSent as error:
            if not event.plugin:
                raise
            return error
        return None

    return hear


class ServedCommands:
    """`commands.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
        restoring: makes functions of the signatures that come.
        running: gives for a handler's number, and the name of its command, what calls it.
    """

    def __init__(
        self, context: PluginContext, holding: Holding, restoring: Restoring, running: Callable[[int, str], Call]
    ) -> None:
        self._commands = context.commands
        self._holding = holding
        self._restoring = restoring
        self._running = running

    def add(
        self,
        name: str,
        handler: int,
        function: FunctionData,
        aliases: list[str] = [],  # noqa: B006 (only read)
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: int = 0,
        needs: str = "",
    ) -> int:
        """Add a command, run by `handler.command`; a subscription."""
        if not 0 <= level <= max(Level):
            raise UsageError(f"there is no level {level}: they are 0 to {max(Level):d}")
        run = self._restoring.function(function, self._running(handler, name))
        return self._holding.begin(
            lambda: self._commands.add(
                name, run, aliases=tuple(aliases), help=help, usage=usage, level=Level(level), needs=needs
            ),
            (name, function, aliases, help, usage, needs),
        )

    def add_tree(self, tree: NodeData) -> int:
        """Add a tree of commands; a subscription."""
        made = restore_tree(tree, self._restoring, lambda handler: self._running(handler, tree.name))
        return self._holding.begin(lambda: self._commands.add_tree(made), tree)


class ServedUi:
    """`ui.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
        calls: to the plugin.
    """

    def __init__(self, context: PluginContext, holding: Holding, calls: PluginCalls) -> None:
        self._ui = context.ui
        self._holding = holding
        self._calls = calls

    def add_component(
        self,
        name: str,
        component: dict[str, Any] | None = None,
        render: int | None = None,
        position: str = "",
        title: str = "",
        on_action: int | None = None,
    ) -> int:
        """Show a component, or what `handler.render` draws; `handler.action` hears of its buttons. A subscription."""
        if render is None and component is None:
            raise UsageError(f"the component {name} needs a component, or the handler that draws it")
        drawn: Render | Component = component_from_data(component or {}) if render is None else self._render(render)
        acting = self._acting(on_action) if on_action is not None else None
        return self._holding.begin(
            lambda: self._ui.add_component(name, drawn, position=position, title=title, on_action=acting),
            (name, component, position, title),
        )

    def refresh(self, name: str) -> None:
        """Tell the pages that it would be drawn differently now."""
        self._ui.refresh(name)

    def add_menu_item(self, item: MenuItem, handler: int | None = None) -> int:
        """Show an entry in a menu; `handler.menu` hears that it was chosen. A subscription."""

        async def choose(user: str) -> None:
            await self._calls.call("handler.menu", {"handler": handler, "user": user})

        return self._holding.begin(lambda: self._ui.add_menu_item(item, choose if handler is not None else None), item)

    def _render(self, number: int) -> Callable[[], Any]:
        async def render() -> Component:
            return component_from_data(await self._calls.call("handler.render", {"handler": number}, dict[str, Any]))

        return render

    def _acting(self, number: int) -> ActionHandler:
        async def act(action: str, values: Any, user: str) -> None:
            told = {"handler": number, "action": action, "values": dict(values), "user": user}
            await self._calls.call("handler.action", told)

        return act
