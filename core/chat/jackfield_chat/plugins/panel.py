"""What plugins show on the page: boxes and menu items, drawn for everyone, and told of when they change."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from jackfield.api import Component, Image, List
from jackfield.host import Drawn, UiRegistry
from jackfield.permissions import shown_text

from jackfield_chat.plugins.advice import advised
from jackfield_chat.plugins.drawing import LONGEST_LABEL, drawing
from jackfield_chat.rooms import Event, Presence

GATHER_SECONDS = 0.05  # a plugin that changes three boxes at once makes the pages draw once
CALM_SECONDS = 0.2  # a plugin that changes without end makes them draw five times a second, not all the time
POSITIONS = ("sidebar", "room")  # beside the messages, and above them
LONGEST_ERROR = 500  # characters
LARGEST_PLUGIN_BYTES = 2 * 1024 * 1024  # all boxes of one plugin as JSON: each page is told all of them at each change
PAGE_BYTES_PER_SECOND = 1024 * 1024  # that large boxes which change without end are told to each page
MOST_COMPONENTS = 2000  # that a box may have
DRAWING_PART = 10  # one part in so many of the chat's time is the most that they have


class Panel:
    """The plugins' boxes and menu items.

    Args:
        ui: what the running plugins show.
        presence: the pages to tell.
        name_of: the name of a plugin, by its id.
    """

    def __init__(self, ui: UiRegistry, presence: Presence, name_of: Callable[[str], str]) -> None:
        self._ui = ui
        self._presence = presence
        self._name_of = name_of
        self._waiting: asyncio.Task[None] | None = None
        self._again = False
        self._rest_seconds = 0.0
        """How long nothing is drawn after what was drawn last: the longer, the larger that was."""
        self._told: list[Event] | None = None
        """What every page shows; None once one was told something else, as whoever has just come."""
        self._end = ui.on_change(self._changed)

    async def boxes(self) -> list[Event]:
        """Return every box; one whose plugin fails carries its error.

        One for a position that this front end does not have stands in the sidebar, so that nothing is lost.
        """
        boxes = await self._drawn()
        self._told = None
        return boxes

    async def _drawn(self) -> list[Event]:
        taken: dict[str, int] = defaultdict(int)
        components = await self._ui.components()
        boxes, took = [], 0.0
        for drawn in components:
            began = monotonic()
            boxes.append(self._box(drawn, taken))
            took += monotonic() - began
            await asyncio.sleep(0)  # each can take a moment, and a plugin has fifty
        self._rest_seconds = max(sum(taken.values()) / PAGE_BYTES_PER_SECOND, took * DRAWING_PART)
        return boxes

    def _box(self, drawn: Drawn, taken: dict[str, int]) -> Event:
        component, error = None, drawn.error
        if drawn.component is not None:
            try:
                _require_room(drawn, taken)
                component = drawing(drawn.component)  # as JSON: one that is none would keep all boxes from the pages
                taken[drawn.plugin] += len(json.dumps(component))
                _require_room(drawn, taken)
            except _NoRoom as exc:
                component, error = None, str(exc)
            except Exception as exc:  # noqa: BLE001  # plain data, says its type; a plugin can put anything into it
                component, error = None, f"{drawn.name} of {drawn.plugin} holds what cannot be shown: {exc}"
                taken[drawn.plugin] += _picture_bytes(drawn.component)  # which was looked at all the same
        return {
            "id": drawn.id,
            "plugin": drawn.plugin,
            "plugin_name": self._name_of(drawn.plugin),
            "title": shown_text(str(drawn.title)[:LONGEST_LABEL]),
            "position": drawn.position if drawn.position in POSITIONS else POSITIONS[0],
            "component": component,
            "error": advised(error)[:LONGEST_ERROR],
        }

    def menu(self) -> list[Event]:
        """Return the menu items."""
        return [
            {
                "id": offered.id,
                "plugin": offered.plugin,
                "plugin_name": self._name_of(offered.plugin),
                "label": shown_text(str(offered.item.label)[:LONGEST_LABEL]),
            }
            for offered in self._ui.menu()
        ]

    async def act(self, component: str, action: str, values: Mapping[str, object], user: str) -> None:
        """Tell a plugin that a button or form of its box was used.

        Raises:
            WrongValues: something that was typed does not do.
            PluginError: there is no such box, it does not react, or the plugin failed.
        """
        await self._ui.act(component, action, values, user)

    async def choose(self, item: str, user: str) -> None:
        """Tell a plugin that its menu item was chosen.

        Raises:
            PluginError: there is no such item, or the plugin failed.
        """
        await self._ui.choose(item, user)

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
            if not self._presence.online():  # drawing for nobody would load plugins that wait for their first use
                self._told = None
                continue
            boxes = await self._drawn()
            if boxes != self._told:
                self._presence.tell_everyone({"type": "boxes", "boxes": boxes})
            self._told = boxes
            self._presence.tell_everyone({"type": "menu", "items": self.menu()})
            await asyncio.sleep(CALM_SECONDS + self._rest_seconds)


def _picture_bytes(component: Component) -> int:
    """The size of the pictures in a box; what is none of them takes no time to look at."""
    taken, waiting = 0, [component]
    for _ in range(MOST_COMPONENTS):
        if not waiting:
            break
        one = waiting.pop()  # in which is anything: what is none of these types is not looked at either
        if isinstance(one, List) and isinstance(one.items, Sequence):
            waiting += one.items[:MOST_COMPONENTS]
        elif isinstance(one, Image) and isinstance(one.data, bytes | str):
            taken += len(one.data)
    return taken


class _NoRoom(Exception):
    """A plugin's boxes are too large together."""


def _require_room(drawn: Drawn, taken: Mapping[str, int]) -> None:
    """Return if all that was drawn of a plugin so far may be shown; what comes after is not even looked at."""
    if taken[drawn.plugin] > LARGEST_PLUGIN_BYTES:
        most = LARGEST_PLUGIN_BYTES // 1024
        raise _NoRoom(f"{drawn.name} of {drawn.plugin} is left out: all its boxes together are larger than {most} KiB")
