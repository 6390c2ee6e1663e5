"""What plugins show on the page is bounded for each plugin, and for each page that is told of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jackfield.api import Image, List, MenuItem, Text
from jackfield.host import UiRegistry
from jackfield.host.facets.ui import Shown
from jackfield_chat.plugins.advice import advised
from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.panel import GATHER_SECONDS, LARGEST_PLUGIN_BYTES, PAGE_BYTES_PER_SECOND, Panel
from jackfield_chat.rooms import Connection, Presence

pytestmark = pytest.mark.slow


PARTS = 80
"""Paragraphs of one component, each as long as one is shown: 800 KB."""


async def run(_plugin: str, _what: str, handler: Any, *arguments: object) -> Any:
    return handler(*arguments)


def large(first: str) -> List:
    return List((Text(first), *(Text("x" * 10_000) for _ in range(PARTS))))


def registry(boxes: int) -> tuple[UiRegistry, list[str]]:
    """Return boxes of one plugin, and the word that its first one shows."""
    ui, word = UiRegistry(run), ["first"]
    for number in range(boxes):
        ui.add_component(Shown("mallory", f"box{number}", "", "sidebar", lambda: large(word[0]), None))
    ui.add_component(Shown("alice", "poll", "", "sidebar", Text("tea or coffee"), None))
    return ui, word


@pytest.mark.feature("C18")
async def test_the_boxes_of_one_plugin_are_bounded_together_and_those_of_others_are_there() -> None:
    ui, _ = registry(50)
    panel = Panel(ui, Presence(), str)
    boxes = await panel.boxes()
    panel.close()
    shown = [box for box in boxes if box["component"] is not None]
    assert [box["id"] for box in shown] == ["mallory:box0", "mallory:box1", "alice:poll"]
    assert "all its boxes together are larger than 2048 KiB" in str(boxes[2]["error"])
    assert len(json.dumps(boxes)) < LARGEST_PLUGIN_BYTES + 100_000


@pytest.mark.feature("C18")
async def test_pictures_that_are_not_shown_count_as_well_and_no_box_has_others_wait() -> None:
    path = f'<path d="M0 0{"h1h-1" * 9_000}"/>'
    refused = Image(f"<svg>{path * 5}</svg>".encode(), "image/svg+xml", "A drawing")
    ui = UiRegistry(run)
    for number in range(50):
        ui.add_component(Shown("mallory", f"box{number}", "", "sidebar", List((refused,)), None))
    ui.add_component(Shown("alice", "poll", "", "sidebar", Text("tea or coffee"), None))
    panel, turns = Panel(ui, Presence(), str), 0
    drawing = asyncio.ensure_future(panel.boxes())
    while not drawing.done():
        await asyncio.sleep(0)
        turns += 1
    boxes = await drawing
    panel.close()
    assert "holds what cannot be shown: an SVG is shown with" in str(boxes[0]["error"])
    assert "all its boxes together are larger than 2048 KiB" in str(boxes[20]["error"])
    assert boxes[50]["component"] is not None
    assert turns > len(boxes), "others have their turn between two boxes"


@pytest.mark.feature("C18")
@pytest.mark.parametrize("anything", [None, 5, {1: 2}, [1], "text"])
@pytest.mark.parametrize("depth", [0, 1])
async def test_a_box_made_of_anything_is_an_error_of_its_own_and_others_are_shown(anything: Any, depth: int) -> None:
    ui = UiRegistry(run)
    for name, wrong in (("list", List(anything)), ("picture", Image(anything, "image/png", ""))):
        ui.add_component(Shown("mallory", name, "", "sidebar", List((wrong,)) if depth else wrong, None))
    ui.add_component(Shown("alice", "poll", "", "sidebar", Text("tea or coffee"), None))
    panel = Panel(ui, Presence(), str)
    boxes = await panel.boxes()
    panel.close()
    assert "list of mallory holds what cannot be shown" in str(boxes[0]["error"])
    assert "picture of mallory holds what cannot be shown" in str(boxes[1]["error"])
    assert boxes[2]["component"] is not None


@pytest.mark.feature("C18")
async def test_large_boxes_that_change_without_end_are_told_seldom() -> None:
    """Else each page and the application's loop have tens of megabytes a second for one plugin."""
    ui, word = registry(2)
    presence = Presence()
    page = Connection("ada")
    presence.enter(page, "lobby")
    panel = Panel(ui, presence, str)
    loop = asyncio.get_running_loop()
    told: list[float] = []
    async with asyncio.timeout(30):
        while len(told) < 2:
            word[0] = f"change {loop.time()}"
            ui.changed("mallory:box0")
            event = asyncio.ensure_future(page.next())
            await asyncio.wait({event}, timeout=0.05)
            while not event.done():
                word[0] = f"change {loop.time()}"
                ui.changed("mallory:box0")
                await asyncio.wait({event}, timeout=0.05)
            if (heard := event.result()) is not None and heard["type"] == "boxes":
                told.append(loop.time())
    panel.close()
    assert told[1] - told[0] > 2 * PARTS * 10_000 / PAGE_BYTES_PER_SECOND - 0.2


async def test_nothing_is_drawn_while_nobody_is_there() -> None:
    """A plugin with `activation = "demand"` is loaded when its component is first drawn: not for nobody."""
    ui, drawn = UiRegistry(run), asyncio.Event()

    def draw() -> Text:
        drawn.set()
        return Text("tea or coffee")

    presence = Presence()
    panel = Panel(ui, presence, str)
    ui.add_component(Shown("alice", "poll", "", "sidebar", draw, None))
    ui.changed("alice:poll")
    await asyncio.sleep(4 * GATHER_SECONDS)
    assert not drawn.is_set()
    page = Connection("ada")
    presence.enter(page, "lobby")
    ui.changed("alice:poll")
    async with asyncio.timeout(30):
        event = await page.next()
        while event is None or event["type"] != "boxes":
            event = await page.next()
    panel.close()
    boxes: Any = event["boxes"]
    assert [box["id"] for box in boxes] == ["alice:poll"]


@pytest.mark.feature("C18")
async def test_a_page_that_does_not_read_waits_for_the_last_boxes_alone() -> None:
    """Before, a plugin filled the memory of the chat: 256 times all boxes waited for each page that was slow."""
    page = Connection("ada")
    for number in range(1000):
        page.send({"type": "boxes", "boxes": [number]})
        page.send({"type": "menu", "items": [number]})
    page.send({"type": "message", "text": "tea?"})
    assert await page.next() == {"type": "boxes", "boxes": [999]}
    assert await page.next() == {"type": "menu", "items": [999]}
    assert await page.next() == {"type": "message", "text": "tea?"}
    page.send({"type": "boxes", "boxes": []})
    assert await page.next() == {"type": "boxes", "boxes": []}


async def test_titles_and_menu_items_hide_nothing_and_stay_in_one_line() -> None:
    ui = UiRegistry(run)
    evil = "y\u202eon\x1b[2J\nline"
    ui.add_component(Shown("mallory", "box", evil, "sidebar", Text("x"), None))
    ui.add_menu_item("mallory", MenuItem("item", evil), None)
    panel = Panel(ui, Presence(), str)
    (box,), (item,) = await panel.boxes(), panel.menu()
    panel.close()
    assert box["title"] == item["label"] == r"y\u202eon\x1b[2J line"


def test_answers_and_sentences_about_plugins_hide_nothing() -> None:
    evil = "y\u202eon\x1b[2J"
    told = Answer(evil, (AnswerLine(evil),)).to_mapping()
    assert "\u202e" not in str(told["title"]) + str(told["lines"])
    assert advised(evil) == r"y\u202eon\x1b[2J"
