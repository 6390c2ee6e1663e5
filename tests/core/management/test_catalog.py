"""What the marketplaces say of an id is kept for each of them alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from jackfield.management.catalog import MarketCatalog
from jackfield.store import Generation, Layout, Store

from tests.support.answering import answering


@pytest.fixture
def publishes() -> Iterator[Callable[[str], str]]:
    """Starts a marketplace where one publisher owns every id: `publishes("ann")` gives its address."""
    with ExitStack() as stack:

        def start(publisher: str) -> str:
            def answer(path: str) -> bytes:
                one = {"id": path.rpartition("/")[2], "version": "1.0.0", "distribution": "chat-poll"}
                return json.dumps({**one, "publisher": publisher}).encode()

            return stack.enter_context(answering(answer))

        yield start


@pytest.mark.parametrize("first_asked", ["nobody", "first", "second", "any"])
async def test_a_publisher_is_the_one_of_the_marketplace_that_is_asked(publishes, layout: Layout, first_asked: str):
    urls = {"first": publishes("ann"), "second": publishes("mallory")}
    store = Store(layout, groups=["chat.plugins"])
    async with MarketCatalog(list(urls.values()), store, Generation(0), dict, groups=["chat.plugins"]) as catalog:
        if first_asked != "nobody":
            await catalog.details("poll", urls.get(first_asked))
        assert await catalog.publisher("poll", urls["first"]) == "ann"
        assert await catalog.publisher("poll", urls["second"]) == "mallory"
        assert await catalog.publisher("poll", "file") is None
