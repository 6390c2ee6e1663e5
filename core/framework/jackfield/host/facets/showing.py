"""`context.ui` of one plugin (C18, C19)."""

from collections.abc import Mapping
from functools import partial

from jackfield.api import ActionHandler, Component, MenuItem, Render, Subscription
from jackfield.host.facets.names import require_name
from jackfield.host.facets.permits import Permits
from jackfield.host.facets.ui import MenuHandler, Shown, UiRegistry
from jackfield.manifest import ComponentContribution
from jackfield.runtime import Scope


class PluginUi:
    """`context.ui` of one plugin.

    Args:
        plugin: its id.
        registry: the host's.
        scope: what it shows belongs to.
        permits: its grant.
        declared: the components of the manifest, by name: their positions and headings.
    """

    def __init__(
        self,
        plugin: str,
        registry: UiRegistry,
        scope: Scope,
        permits: Permits,
        declared: Mapping[str, ComponentContribution],
    ) -> None:
        self._plugin = plugin
        self._registry = registry
        self._scope = scope
        self._permits = permits
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
        self._permits("ui", "component")
        require_name(self._plugin, "a component", name)
        declared = self._declared.get(name, ComponentContribution(name))
        shown = Shown(
            self._plugin, name, title or declared.title or name, position or declared.position, render, on_action
        )
        allowed = partial(self._permits.may, "ui", "component")
        return self._scope.begin(f"component {name}", self._registry.add_component(shown), allowed=allowed)

    def refresh(self, name: str) -> None:
        """Tell the pages that the component would be drawn differently now."""
        self._registry.changed(f"{self._plugin}:{name}")

    def add_menu_item(self, item: MenuItem, handler: MenuHandler | None = None) -> Subscription:
        """Show an entry in a menu until the plugin is disabled.

        Raises:
            PermissionDenied: `ui:menu` was not granted.
        """
        self._permits("ui", "menu")
        require_name(self._plugin, "a menu item", item.id)
        take_away = self._registry.add_menu_item(self._plugin, item, handler)
        return self._scope.begin(f"menu item {item.id}", take_away, allowed=partial(self._permits.may, "ui", "menu"))
