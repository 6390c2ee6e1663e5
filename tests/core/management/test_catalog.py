"""What the marketplaces say of an id is kept for each of them alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jackfield.management.catalog import MarketCatalog
from jackfield.store import Generation, Layout, Store


@pytest.fixture
def publishes() -> Iterator[Callable[[str], str]]:
    """Starts a marketplace where one publisher owns every id: `publishes("ann")` gives its address."""
    with ExitStack() as stack:

        def start(publisher: str) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    one = {"id": self.path.rpartition("/")[2], "version": "1.0.0", "distribution": "chat-poll"}
                    body = json.dumps({**one, "publisher": publisher}).encode()
                    self.send_response(200)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
                    """Nothing."""

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

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
