"""`context.ui` of one plugin (C18, C19)."""

from collections.abc import Callable, Mapping

from jackfield.api import ActionHandler, Component, MenuItem, Render, Subscription
from jackfield.host.facets.names import require_name
from jackfield.host.facets.ui import MenuHandler, Shown, UiRegistry
from jackfield.manifest import ComponentContribution
from jackfield.runtime import Scope

Check = Callable[[str, str], None]


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
        require_name(self._plugin, "a component", name)
        declared = self._declared.get(name, ComponentContribution(name))
        shown = Shown(
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
        require_name(self._plugin, "a menu item", item.id)
        return self._scope.begin(f"menu item {item.id}", self._registry.add_menu_item(self._plugin, item, handler))
