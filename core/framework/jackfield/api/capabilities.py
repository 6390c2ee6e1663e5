"""The facets of `context`, as protocols: the same inline and in a worker.

What can wait is `async def`; what cannot is plain. Which facet asks for which permission: docs/reference/context.md.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from jackfield.api.components import Component, MenuItem
from jackfield.api.events import Subscription
from jackfield.api.sources import Level
from jackfield.api.tree import CommandNode

Model = TypeVar("Model")


class Check(Protocol):
    """Asks whether the plugin may do something; the host gives one to each plugin's `context.api`."""

    def __call__(self, resource: str, action: str, target: str | None = None) -> None:
        """Return if the plugin was granted `resource:action`.

        Raises:
            PermissionDenied: it was not; the sentence names plugin, resource, action and what to do.
        """
        ...


#: Makes what one plugin gets as `context.api`: called with the plugin's id and its check. What it returns holds the
#: host's capabilities, each of which calls the check before it acts (C15).
ApiFactory: TypeAlias = Callable[[str, Check], object]


class Settings(Protocol):
    """What the user may set for this plugin, declared under `[contributes] settings` (C22); needs no permission."""

    def get(self, key: str) -> Any:
        """Return the user's value, or the default of the manifest.

        Raises:
            UsageError: the manifest declares no such setting.
        """
        ...

    def set(self, key: str, value: Any) -> None:
        """Change a setting on the user's behalf; checked against its type and bounds.

        The history of the application keeps each change, so they are few: 100 in a row, then one a minute. To set what
        is set already is none. What the plugin itself remembers belongs into `storage`.

        Raises:
            UsageError: the value does not fit, and the sentence names the setting and what would fit; or the plugin
                changed its settings too often.
        """
        ...

    def all(self) -> Mapping[str, Any]:
        """Return every declared setting with its value, without the secrets: `get` them one by one."""
        ...

    def typed(self, model: type[Model]) -> Model:
        """Return the settings as a dataclass: each field takes the setting of its name, secrets included (U15, U25).

        It shows how they are now; make it again in `on_change`. A field that no setting is declared for keeps its
        default.

        Raises:
            UsageError: it is no dataclass, or a field has neither setting nor default.
        """
        ...

    def on_change(self, handler: Callable[[str, Any], Awaitable[None] | None]) -> Subscription:
        """Call `handler(key, value)` after a setting changed, whoever changed it, until the plugin is disabled."""
        ...


class Commands(Protocol):
    """The plugin's own commands; those that the manifest does not declare need `commands:register` (M43)."""

    def add(
        self,
        name: str,
        handler: Callable[..., Awaitable[None] | None],
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: Level | str = Level.GUEST,
        needs: str = "",
    ) -> Subscription:
        """Add a command until the plugin is disabled; the same as `@command`, for names known only at run time.

        Raises:
            PluginError: another plugin holds the root of the name; the sentence names it. Or a parameter has a type
                that no argument can have.
        """
        ...

    def add_tree(self, tree: CommandNode) -> Subscription:
        """Add a tree of commands until the plugin is disabled (M43, U13).

        Raises:
            PluginError: another plugin holds its root, two commands end at one place, or a type is none of an argument.
        """
        ...


#: Called when a button or form is used: action, values by name, and the user's name.
ActionHandler: TypeAlias = Callable[[str, Mapping[str, Any], str], Awaitable[None] | None]
Render: TypeAlias = Callable[[], Component | Awaitable[Component]]


class Ui(Protocol):
    """What the plugin shows in the host: components need `ui:component`, menu items `ui:menu` (C18, C19)."""

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

        Args:
            name: unique among the plugin's components.
            render: the component, or what makes it each time it is drawn; a failure shows in the component's own box.
            position: where, in the host's words; empty: what the manifest declares, else `sidebar`.
            title: the heading of its box; empty: what the manifest declares, else the name.
            on_action: called when a button or form in it is used.
        """
        ...

    def refresh(self, name: str) -> None:
        """Tell the host's pages that the component would be drawn differently now."""
        ...

    def add_menu_item(
        self, item: MenuItem, handler: Callable[[str], Awaitable[None] | None] | None = None
    ) -> Subscription:
        """Show an entry in a menu until the plugin is disabled; `handler` is called with the user's name."""
        ...
