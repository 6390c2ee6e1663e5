"""`context.ui` in a worker: components go to the host as data, drawn anew here whenever a page asks."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from jackfield.api import ActionHandler, Component, MenuItem, Render, Subscription
from jackfield.runtime import component_to_data
from jackfield.worker.facets.asking import Asking


class RemoteUi:
    """See `jackfield.api.Ui`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def add_component(
        self,
        name: str,
        render: Render | Component,
        *,
        position: str = "",
        title: str = "",
        on_action: ActionHandler | None = None,
    ) -> Subscription:
        """Show a component until the plugin is disabled."""
        keep = self._asking.handlers.keep
        drawn = keep(drawing(render)) if callable(render) else None
        acting = keep(on_action) if on_action is not None else None
        told = {
            "name": name,
            "component": None if callable(render) else component_to_data(render),
            "render": drawn,
            "position": position,
            "title": title,
            "on_action": acting,
        }
        return self._asking.begun("ui.add_component", told, *(one for one in (drawn, acting) if one is not None))

    def refresh(self, name: str) -> None:
        """Tell the host's pages that the component would be drawn differently now."""
        self._asking.notify("ui.refresh", {"name": name})

    def add_menu_item(
        self, item: MenuItem, handler: Callable[[str], Awaitable[None] | None] | None = None
    ) -> Subscription:
        """Show an entry in a menu until the plugin is disabled."""
        number = self._asking.handlers.keep(handler) if handler is not None else None
        kept = (number,) if number is not None else ()
        return self._asking.begun("ui.add_menu_item", {"item": item, "handler": number}, *kept)


def drawing(render: Callable[[], Any]) -> Callable[[], Any]:
    """Return what draws a component as data."""

    def draw() -> Any:
        drawn = render()
        return _awaited(drawn) if inspect.isawaitable(drawn) else component_to_data(drawn)

    return draw


async def _awaited(drawn: Awaitable[Any]) -> dict[str, Any]:
    return component_to_data(await drawn)
