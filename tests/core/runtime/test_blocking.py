"""`context.blocking`: every facet for plain functions in threads, and never on the event loop's thread."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest
from jackfield.errors import PluginError, WouldBlock
from jackfield.runtime import BlockingView, Crossing, blocking


class Handle:
    on_loop: ClassVar[bool] = True

    async def read(self) -> str:
        await asyncio.sleep(0)
        return "text"


class Store:
    async def get(self, key: str, default: object = None) -> object:
        await asyncio.sleep(0)
        if key == "broken":
            raise KeyError(key)
        return (key, default)

    async def never(self) -> None:
        await asyncio.Event().wait()

    def plain(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def open(self) -> Handle:
        return Handle()


class Facets:
    def __init__(self) -> None:
        self.storage = Store()
        self.data_dir = Path("/data")


@pytest.fixture
async def view() -> BlockingView:
    return BlockingView(Facets(), Crossing("weather", asyncio.get_running_loop()))


async def test_a_thread_waits_where_a_coroutine_would_await(view):
    assert await asyncio.to_thread(view.storage.get, "a", default=1) == ("a", 1)
    with pytest.raises(KeyError):
        await asyncio.to_thread(view.storage.get, "broken")


async def test_plain_methods_run_on_the_loop_and_values_are_what_they_are(view):
    assert await asyncio.to_thread(view.storage.plain) is asyncio.get_running_loop()
    assert view.data_dir == Path("/data")
    assert "get" in dir(view.storage)


async def test_a_handle_is_seen_through_the_same_view(view):
    def read() -> object:
        return view.storage.open().read()

    assert await asyncio.to_thread(read) == "text"


async def test_on_the_loops_thread_it_is_refused_with_the_right_way(view):
    with pytest.raises(WouldBlock) as caught:
        view.storage.get("a")
    assert str(caught.value) == (
        "weather called context.blocking.storage.get on the event loop's thread, which would stand still "
        "(await context.storage.get(…), or call it from a thread: context.scheduler.start_thread)"
    )


async def test_nobody_waits_for_ever(view, monkeypatch):
    monkeypatch.setattr(blocking, "WAIT_SECONDS", 0.05)
    with pytest.raises(PluginError, match=r"weather waited 0\.05 s for storage\.never, and nothing came"):
        await asyncio.to_thread(view.storage.never)


def test_after_the_host_has_stopped_it_says_so():
    async def make() -> BlockingView:
        return BlockingView(Facets(), Crossing("weather", asyncio.get_running_loop()))

    stopped = asyncio.run(make())
    with pytest.raises(PluginError, match=r"weather called storage\.get, and its host has stopped"):
        stopped.storage.get("a")


async def test_what_is_private_stays_so(view):
    with pytest.raises(AttributeError):
        _ = view._context
