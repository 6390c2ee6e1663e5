"""What plugins show: components drawn on demand, menu items, and the acts of users on them (C18, C19).

A plugin's failure stays in its own box: drawing one never raises, and a button that fails answers with an error. What a
plugin shows stays where it is while its code is replaced in another process, and who draws or uses it waits; what one
declares whose code is loaded on demand stands there from the start.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jackfield.api import (
    ActionHandler,
    Button,
    Chart,
    Component,
    Form,
    Image,
    List,
    Markdown,
    MenuItem,
    Progress,
    Render,
    Table,
    Text,
)
from jackfield.errors import PluginError, UnknownPlugin, UsageError, kind_and_text
from jackfield.host.facets.forms import sent_by
from jackfield.host.facets.successors import Successors, WaitThere
from jackfield.manifest import ComponentContribution

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]
MenuHandler = Callable[[str], Awaitable[None] | None]

DRAWING_SECONDS = 2.0
"""What drawing one component may take: a page waits for it."""

MOST_SHOWN = 50
"""Components, and menu items, of one plugin: the page is everybody's."""

_log = logging.getLogger("jackfield.host")

_COMPONENTS = (Text, Markdown, Table, List, Button, Form, Chart, Progress, Image)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One box of a page.

    Args:
        id: `<plugin>:<name>`; what `act` and `draw` take.
        plugin: whose it is.
        name: unique among the plugin's components.
        title: the heading of the box.
        position: where it stands, in the host's words.
        component: what is in it; None when drawing failed.
        error: one line that says why; empty when all is well.
    """

    id: str
    plugin: str
    name: str
    title: str
    position: str
    component: Component | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """One entry of a menu.

    Args:
        id: `<plugin>:<item id>`; what `choose` takes.
        plugin: whose it is.
        item: what it says and where.
    """

    id: str
    plugin: str
    item: MenuItem


@dataclass(frozen=True, slots=True)
class Shown:
    """A component as it was added.

    Args:
        plugin: whose it is.
        name: unique among the plugin's components.
        title: the heading of its box.
        position: where it stands.
        render: what is shown, or draws it.
        on_action: hears of its buttons and forms.
    """

    plugin: str
    name: str
    title: str
    position: str
    render: Render | Component
    on_action: ActionHandler | None


class UiRegistry:
    """Every component and menu item of the enabled plugins.

    Args:
        run: calls a function of a plugin for a user; what it raises was counted already, save the user's mistakes.
        draw: the same for drawing, which a page waits for; None: `run`.
    """

    def __init__(self, run: Run, draw: Run | None = None) -> None:
        self._run = run
        self._draw = draw or run
        self._components: dict[str, Shown] = {}
        self._last: dict[str, Component] = {}
        """By component id, what it was drawn as: a form that is sent is held against what its user saw."""
        self._menu: dict[str, tuple[Offered, MenuHandler | None]] = {}
        self._next_components: Successors[str] = Successors(at_once=False)
        self._next_items: Successors[str] = Successors(at_once=False)
        self._announced: set[str] = set()
        """Ids of components whose plugin is not loaded: one that fails then says so where they stand."""
        self._listeners: list[Callable[[str], None]] = []

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(component id)` when one comes, goes or wants to be drawn anew; "menu" for the menu.

        Returns what takes the listener away. It is called on the loop's thread and must return at once.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def changed(self, identity: str) -> None:
        """Tell the listeners."""
        for listener in tuple(self._listeners):
            try:
                listener(identity)
            except Exception:  # noqa: BLE001 (a front end's mistake is not the plugin's)
                _log.exception("a listener of components failed")

    def add_component(self, shown: Shown) -> Callable[[], None]:
        """Add a component and return what takes it away again."""
        identity = f"{shown.plugin}:{shown.name}"
        if identity in self._components and not self._next_components.lacks(identity):
            raise PluginError(f"{shown.plugin} adds the component {shown.name} twice", plugin=shown.plugin)
        own = [one for one, other in self._components.items() if other.plugin == shown.plugin]
        _bound(shown.plugin, "components", sum(not self._next_components.lacks(one) for one in own))
        self._components[identity] = shown
        self._next_components.come(identity)
        self.changed(identity)

        def take_away() -> None:
            if self._components.get(identity) is shown and not self._next_components.keep(shown.plugin, identity):
                self._remove_component(identity)

        return take_away

    def announce(
        self, plugin: str, components: Iterable[ComponentContribution], items: Iterable[MenuItem], wait: WaitThere
    ) -> None:
        """Show what a plugin declares whose code is not loaded, until `release`.

        Who uses one of these waits as `wait` says, and uses what the plugin has by that name then.

        Args:
            plugin: its id.
            components: as its manifest declares them.
            items: of menus.
            wait: brings the plugin up, and waits for one of these; raises where it does not come.
        """
        for one in components:
            title = one.title or one.name
            self.add_component(Shown(plugin, one.name, title, one.position, Text(title), None))
            self._announced.add(f"{plugin}:{one.name}")
        for item in items:
            self.add_menu_item(plugin, item, None)
        self.hold(plugin, wait)

    def add_menu_item(self, plugin: str, item: MenuItem, handler: MenuHandler | None) -> Callable[[], None]:
        """Add an entry and return what takes it away again."""
        identity = f"{plugin}:{item.id}"
        if identity in self._menu and not self._next_items.lacks(identity):
            raise PluginError(f"{plugin} adds the menu item {item.id} twice", plugin=plugin)
        own = [offered for offered, _ in self._menu.values() if offered.plugin == plugin]
        _bound(plugin, "menu items", sum(not self._next_items.lacks(one.id) for one in own))
        entry = self._menu[identity] = (Offered(identity, plugin, item), handler)
        self._next_items.come(identity)
        self.changed("menu")

        def take_away() -> None:
            if self._menu.get(identity) is entry and not self._next_items.keep(plugin, identity):
                self._remove_item(identity)

        return take_away

    def hold(self, plugin: str, wait: WaitThere) -> None:
        """Leave what a plugin shows where it is, and let who uses it wait for its next code, until `release`.

        Args:
            plugin: its id.
            wait: waits for a component or a menu item.
        """
        components = [identity for identity, shown in self._components.items() if shown.plugin == plugin]
        self._next_components.hold(plugin, components, wait)
        items = [identity for identity, (offered, _) in self._menu.items() if offered.plugin == plugin]
        self._next_items.hold(plugin, items, wait)

    def release(self, plugin: str) -> None:
        """Let a plugin show what its next code shows, and nothing else."""
        for identity in self._next_components.release(plugin):
            self._remove_component(identity)
        loaded = {one for one in self._announced if one.startswith(f"{plugin}:")}
        self._announced -= loaded
        for identity in loaded & self._components.keys():
            self.changed(identity)  # who drew it before may have drawn that it was not there in time
        for identity in self._next_items.release(plugin):
            self._remove_item(identity)

    def _remove_component(self, identity: str) -> None:
        self._components.pop(identity, None)
        self._last.pop(identity, None)
        self.changed(identity)

    def _remove_item(self, identity: str) -> None:
        self._menu.pop(identity, None)
        self.changed("menu")

    async def components(self, position: str | None = None) -> list[Drawn]:
        """Draw every component, or those of a position, side by side, in the order in which they came; never raises."""
        chosen = [shown for shown in self._components.values() if position in (None, shown.position)]
        waiting = {f"{one.plugin}:{one.name}" for one in chosen} & self._next_components.names - self._announced
        drawn = await asyncio.gather(*(self._drawn(shown) for shown in chosen))
        # What was waited for, and is not shown by its plugin's next code, is no box any more.
        return [one for one in drawn if one.id in self._components or one.id not in waiting]

    async def draw(self, identity: str) -> Drawn:
        """Draw one component; what its plugin raises or makes wrongly becomes its error.

        Raises:
            UnknownPlugin: no plugin shows a component of that id.
        """
        return await self._drawn(self._shown(identity))

    async def _drawn(self, shown: Shown) -> Drawn:
        component: object = None
        error = ""
        identity = f"{shown.plugin}:{shown.name}"
        try:
            if self._next_components.awaits(identity):
                shown = await self._next(identity, shown)
            render = shown.render
            component = (
                await self._draw(shown.plugin, f"component {shown.name}", render) if callable(render) else render
            )
            if not isinstance(component, _COMPONENTS):
                kind = type(component).__name__
                component, error = None, f"{shown.name} of {shown.plugin} was drawn as {kind}, which is no component"
        except Exception as failure:  # noqa: BLE001  # whatever a plugin raises stays in its own box
            error = f"{shown.name} of {shown.plugin} could not be drawn: {': '.join(kind_and_text(failure))}"
        drawn = component if isinstance(component, _COMPONENTS) else None
        if drawn is not None and identity in self._components:
            self._last[identity] = drawn
        return Drawn(identity, shown.plugin, shown.name, shown.title, shown.position, drawn, error)

    async def _next(self, identity: str, shown: Shown) -> Shown:
        """Return what a plugin's next code shows in the place of a component; a page does not wait for it for long.

        Raises:
            PluginError: nothing, or not in time.
        """
        is_announced = identity in self._announced
        try:
            async with asyncio.timeout(DRAWING_SECONDS):
                if await self._next_components.there(identity) and identity in self._components:
                    return self._components[identity]
        except TimeoutError:
            if is_announced:
                raise PluginError(f"{shown.plugin} is still being loaded", plugin=shown.plugin) from None
        raise PluginError(f"{shown.plugin} was replaced meanwhile, and its next code is not there", plugin=shown.plugin)

    async def act(self, identity: str, action: str, values: Mapping[str, Any], user: str) -> None:
        """Tell a component that a button or form in it was used.

        What is sent is held against what was shown: it comes to the plugin as the fields of a form say, or as the
        plugin gave it to the button.

        Args:
            identity: `<plugin>:<name>`.
            action: the button's or form's.
            values: by name; a number may be the text that was typed.
            user: who did it.

        Raises:
            WrongValues: some values of a form do not do, say its fields or its plugin.
            UsageError: nothing that was shown does that, or the plugin says that it is the user's mistake.
            UnknownPlugin: no plugin shows a component of that id.
            PluginError: it does not react, or failed; the failure was counted.
        """
        await self._next_components.there(identity)
        shown = self._shown(identity)
        if shown.on_action is None:
            raise PluginError(f"{shown.name} of {shown.plugin} does not react", plugin=shown.plugin)
        drawn = self._last.get(identity) or (await self._drawn(shown)).component
        sent = sent_by(drawn, action, values)
        if sent is None:
            self.changed(identity)  # whoever pressed it looks at what is not there any more
            raise UsageError(f"{shown.name} of {shown.plugin} does not offer that now", plugin=shown.plugin)
        await self._answer(shown.plugin, f"{action} of {shown.name}", shown.on_action, action, sent, user)

    def menu(self, position: str | None = None) -> list[Offered]:
        """Return the entries of a menu, or of all."""
        return [offered for offered, _ in self._menu.values() if position in (None, offered.item.position)]

    async def choose(self, identity: str, user: str) -> None:
        """Tell a plugin that a user chose its menu item.

        Raises:
            UnknownPlugin: no plugin offers an item of that id.
            PluginError: it failed; the failure was counted.
        """
        await self._next_items.there(identity)
        if identity not in self._menu:
            raise UnknownPlugin(f"no plugin offers the menu item {identity}")
        offered, handler = self._menu[identity]
        if handler is not None:
            await self._answer(offered.plugin, f"menu item {offered.item.id}", handler, user)

    async def _answer(self, plugin: str, what: str, handler: Callable[..., Any], *arguments: object) -> None:
        try:
            await self._run(plugin, what, handler, *arguments)
        except (PluginError, UsageError):
            raise
        except Exception as failure:
            raise PluginError(f"{plugin}: {what} failed: {failure}", plugin=plugin) from failure

    def _shown(self, identity: str) -> Shown:
        shown = self._components.get(identity)
        if shown is None:
            raise UnknownPlugin(f"no plugin shows the component {identity}")
        return shown


def _bound(plugin: str, what: str, shown: int) -> None:
    if shown >= MOST_SHOWN:
        raise PluginError(f"{plugin} shows {MOST_SHOWN} {what} already; no more fit on a page", plugin=plugin)
