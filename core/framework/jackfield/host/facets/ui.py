"""What plugins show: components drawn on demand, menu items, and the acts of users on them (C18, C19).

A plugin's failure stays in its own box: drawing one never raises, and a button that fails answers with an error.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
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
    Subscription,
    Table,
    Text,
)
from jackfield.errors import PluginError, UnknownPlugin, UsageError, kind_and_text
from jackfield.host.facets.forms import form_in, read_form
from jackfield.manifest import ComponentContribution
from jackfield.runtime import Scope

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]
Check = Callable[[str, str], None]
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
class _Shown:
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
        self._components: dict[str, _Shown] = {}
        self._last: dict[str, Component] = {}
        """By component id, what it was drawn as: a form that is sent is held against what its user saw."""
        self._menu: dict[str, tuple[Offered, MenuHandler | None]] = {}
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

    def add_component(self, shown: _Shown) -> Callable[[], None]:
        """Add a component and return what takes it away again."""
        identity = f"{shown.plugin}:{shown.name}"
        if identity in self._components:
            raise PluginError(f"{shown.plugin} adds the component {shown.name} twice", plugin=shown.plugin)
        _bound(shown.plugin, "components", sum(one.plugin == shown.plugin for one in self._components.values()))
        self._components[identity] = shown
        self.changed(identity)

        def take_away() -> None:
            self._components.pop(identity, None)
            self._last.pop(identity, None)
            self.changed(identity)

        return take_away

    def announce_component(
        self, plugin: str, component: ComponentContribution, wake: Callable[[], Awaitable[None]]
    ) -> Callable[[], None]:
        """Show a component of a plugin whose code is not loaded, and return what takes it away again.

        When it is first drawn, `wake` brings the plugin up, which takes this away, and what the plugin shows by that
        name is drawn.
        """
        identity = f"{plugin}:{component.name}"

        async def render() -> Component:
            await wake()
            shown = self._components.get(identity)
            if shown is None or shown.render is render:
                raise PluginError(f"{plugin} declares it and does not show it", plugin=plugin)
            drawn = await self._drawn(shown)
            if drawn.component is None:
                raise PluginError(drawn.error, plugin=plugin)
            return drawn.component

        title = component.title or component.name
        return self.add_component(_Shown(plugin, component.name, title, component.position, render, None))

    def add_menu_item(self, plugin: str, item: MenuItem, handler: MenuHandler | None) -> Callable[[], None]:
        """Add an entry and return what takes it away again."""
        identity = f"{plugin}:{item.id}"
        if identity in self._menu:
            raise PluginError(f"{plugin} adds the menu item {item.id} twice", plugin=plugin)
        _bound(plugin, "menu items", sum(offered.plugin == plugin for offered, _ in self._menu.values()))
        self._menu[identity] = (Offered(identity, plugin, item), handler)
        self.changed("menu")

        def take_away() -> None:
            self._menu.pop(identity, None)
            self.changed("menu")

        return take_away

    async def components(self, position: str | None = None) -> list[Drawn]:
        """Draw every component, or those of a position, side by side, in the order in which they came; never raises."""
        chosen = [shown for shown in self._components.values() if position in (None, shown.position)]
        return list(await asyncio.gather(*(self._drawn(shown) for shown in chosen)))

    async def draw(self, identity: str) -> Drawn:
        """Draw one component; what its plugin raises or makes wrongly becomes its error.

        Raises:
            UnknownPlugin: no plugin shows a component of that id.
        """
        return await self._drawn(self._shown(identity))

    async def _drawn(self, shown: _Shown) -> Drawn:
        component: object = None
        error = ""
        try:
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
        identity = f"{shown.plugin}:{shown.name}"
        if drawn is not None and identity in self._components:
            self._last[identity] = drawn
        return Drawn(identity, shown.plugin, shown.name, shown.title, shown.position, drawn, error)

    async def act(self, identity: str, action: str, values: Mapping[str, Any], user: str) -> None:
        """Tell a component that a button or form in it was used.

        What a form sends is held against its fields, and comes to the plugin as their types say.

        Args:
            identity: `<plugin>:<name>`.
            action: the button's or form's.
            values: by name; a number may be the text that was typed.
            user: who did it.

        Raises:
            WrongValues: some values of a form do not do, say its fields or its plugin.
            UsageError: the plugin says that it is the user's mistake.
            UnknownPlugin: no plugin shows a component of that id.
            PluginError: it does not react, or failed; the failure was counted.
        """
        shown = self._shown(identity)
        if shown.on_action is None:
            raise PluginError(f"{shown.name} of {shown.plugin} does not react", plugin=shown.plugin)
        form = form_in(self._last.get(identity), action)
        sent = read_form(form, values) if form is not None else dict(values)
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

    def _shown(self, identity: str) -> _Shown:
        shown = self._components.get(identity)
        if shown is None:
            raise UnknownPlugin(f"no plugin shows the component {identity}")
        return shown


def _bound(plugin: str, what: str, shown: int) -> None:
    if shown >= MOST_SHOWN:
        raise PluginError(f"{plugin} shows {MOST_SHOWN} {what} already; no more fit on a page", plugin=plugin)


class PluginUi:
    """`context.ui` of one plugin.

    Args:
        plugin: its id.
        registry: the host's.
        scope: what it shows belongs to.
        check: asks for `ui:component` and `ui:menu`.
        declared: the components of the manifest, by name: their positions and headings.
    """

    def __init__(
        self,
        plugin: str,
        registry: UiRegistry,
        scope: Scope,
        check: Check,
        declared: Mapping[str, ComponentContribution],
    ) -> None:
        self._plugin = plugin
        self._registry = registry
        self._scope = scope
        self._check = check
        self._declared = declared

    def add_component(
        self,
        name: str,
        render: Render | Component,
        *,
        position: str = "",
        title: str = "",
        on_action: ActionHandler | None = None,
    ) -> Subscription:
        """Show a component until the plugin is disabled.

        Raises:
            PermissionDenied: `ui:component` was not granted.
            PluginError: the plugin shows one of that name.
        """
        self._check("ui", "component")
        declared = self._declared.get(name, ComponentContribution(name))
        shown = _Shown(
            self._plugin, name, title or declared.title or name, position or declared.position, render, on_action
        )
        return self._scope.begin(f"component {name}", self._registry.add_component(shown))

    def refresh(self, name: str) -> None:
        """Tell the pages that the component would be drawn differently now."""
        self._registry.changed(f"{self._plugin}:{name}")

    def add_menu_item(self, item: MenuItem, handler: MenuHandler | None = None) -> Subscription:
        """Show an entry in a menu until the plugin is disabled.

        Raises:
            PermissionDenied: `ui:menu` was not granted.
        """
        self._check("ui", "menu")
        return self._scope.begin(f"menu item {item.id}", self._registry.add_menu_item(self._plugin, item, handler))
