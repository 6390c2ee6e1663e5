"""A real marketplace, and servers that behave badly on a real socket."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.processes import free_port


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("marketplace")) as running:
        yield running


@pytest.fixture
def unused_url() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def bad_server() -> Iterator[Callable[..., str]]:
    """Starts a server that answers every connection with a function: `bad_server(answer)` gives its address.

    With `heard`, that is called before with each request.
    """
    with contextlib.ExitStack() as stack:

        def start(
            answer: Callable[[socket.socket, threading.Event], None],
            heard: Callable[[bytes], object] = lambda request: None,
        ) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(0.1)
            ended = threading.Event()

            def serve() -> None:
                while not ended.is_set():
                    try:
                        connection, _ = listener.accept()
                    except TimeoutError:
                        continue
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(5)
                        heard(_request(connection))
                        answer(connection, ended)

            thread = threading.Thread(target=serve)
            thread.start()
            stack.callback(thread.join)
            stack.callback(ended.set)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start


def _request(connection: socket.socket) -> bytes:
    """A request with its body: to close over unread bytes would break the answer off."""
    request = connection.recv(65536)
    while b"\r\n\r\n" not in request and (piece := connection.recv(65536)):
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (piece := connection.recv(missing)):
        request, missing = request + piece, missing - len(piece)
    return request


@pytest.fixture
def says(bad_server: Callable[..., str]) -> Callable[..., str]:
    """Starts a server that always says the same: `says(200, b"…")` gives its address."""

    def start(status: int, body: bytes = b"", *headers: str) -> str:
        head = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", "Connection: close", *headers]
        return bad_server(lambda connection, _: connection.sendall("\r\n".join([*head, "", ""]).encode() + body))

    return start
