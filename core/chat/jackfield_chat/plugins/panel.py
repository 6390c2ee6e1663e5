"""What plugins show on the page: boxes and menu items, drawn for everyone, and told of when they change."""

import asyncio
import json
from collections.abc import Callable, Mapping

from jackfield.host import Drawn, Host

from jackfield_chat.plugins.drawing import drawing
from jackfield_chat.rooms import Event, Presence

GATHER_SECONDS = 0.05  # a plugin that changes three boxes at once makes the pages draw once


class Panel:
    """The plugins' boxes and menu items.

    Args:
        host: the running plugins.
        presence: the pages to tell.
        name_of: the name of a plugin, by its id.
    """

    def __init__(self, host: Host, presence: Presence, name_of: Callable[[str], str]) -> None:
        self._host = host
        self._presence = presence
        self._name_of = name_of
        self._waiting: asyncio.Task[None] | None = None
        self._again = False
        self._end = host.ui.on_change(self._changed)

    async def boxes(self) -> list[Event]:
        """Return every box of the sidebar; one whose plugin fails carries its error."""
        return [self._box(drawn) for drawn in await self._host.ui.components("sidebar")]

    def _box(self, drawn: Drawn) -> Event:
        component, error = None, drawn.error
        if drawn.component is not None:
            try:
                component = drawing(drawn.component)
                # One value that is no JSON would keep all boxes from every page.
                json.dumps(component, allow_nan=False)
            except (TypeError, ValueError, AttributeError, RecursionError) as exc:
                component, error = None, f"{drawn.name} of {drawn.plugin} holds what cannot be shown: {exc}"
        return {
            "id": drawn.id,
            "plugin": drawn.plugin,
            "plugin_name": self._name_of(drawn.plugin),
            "title": str(drawn.title),
            "component": component,
            "error": error,
        }

    def menu(self) -> list[Event]:
        """Return the menu items."""
        return [
            {
                "id": offered.id,
                "plugin": offered.plugin,
                "plugin_name": self._name_of(offered.plugin),
                "label": str(offered.item.label),
            }
            for offered in self._host.ui.menu()
        ]

    async def act(self, component: str, action: str, values: Mapping[str, object], user: str) -> None:
        """Tell a plugin that a button or form of its box was used.

        Raises:
            PluginError: there is no such box, it does not react, or the plugin failed.
        """
        await self._host.ui.act(component, action, values, user)

    async def choose(self, item: str, user: str) -> None:
        """Tell a plugin that its menu item was chosen.

        Raises:
            PluginError: there is no such item, or the plugin failed.
        """
        await self._host.ui.choose(item, user)

    def close(self) -> None:
        """Stop telling the pages."""
        self._end()
        if self._waiting is not None:
            self._waiting.cancel()

    def _changed(self, identity: str) -> None:
        self._again = True
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._again:
            await asyncio.sleep(GATHER_SECONDS)
            self._again = False
            self._presence.tell_everyone({"type": "boxes", "boxes": await self.boxes()})
            self._presence.tell_everyone({"type": "menu", "items": self.menu()})
