"""A mirror of a marketplace that tells the truth until it is told to lie: whoever stands between it and its users."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
from jackfield_marketplace.trust import Key
from jackfield_marketplace.trust.keyfiles import canonical, read_keys

HOP = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding", "vary"}


@dataclass
class Answer:
    """What is answered; `dripping` sends a byte ten times a second, `endless` never stops."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    dripping: bool = False
    endless: bool = False


Lie = Callable[[str, Answer], Answer | None]
"""Of a path and the honest answer makes another one; None for the honest one."""


class Mirror:
    """The mirror. `lies` are asked in order, the first that has something to say is believed.

    Args:
        behind: the address of the marketplace.
        url: its own address.
    """

    def __init__(self, behind: str, url: str) -> None:
        self.behind = behind
        self.url = url
        self.lies: list[Lie] = []
        self.asked: list[str] = []
        self.sent_bytes = 0
        self.ended = threading.Event()

    def honest(self, path: str, **headers: str) -> Answer:
        """What the marketplace answers."""
        answer = httpx.get(self.behind + path, headers=headers or None, timeout=30)
        kept = {name: value for name, value in answer.headers.items() if name not in HOP}
        return Answer(answer.status_code, answer.content, kept)

    def lie(self, ending: str, made: Answer | Callable[[Answer], Answer]) -> None:
        """Answer every path that ends so in another way."""

        def lie(path: str, honest: Answer) -> Answer | None:
            if not path.endswith(ending):
                return None
            return made(honest) if callable(made) else made

        self.lies.insert(0, lie)

    def replay(self, path: str) -> None:
        """Answer a path from now on as it is answered now."""
        self.lie(path, self.honest(path))

    def metadata(self, role: str, version: int | None = None) -> dict[str, Any]:
        """The honest metadata of a role."""
        named = role if version is None else f"{version}.{role}"
        values: dict[str, Any] = json.loads(self.honest(f"/tuf/{named}.json").body)
        return values


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away in the middle of a lie."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def mirror_of(behind: str) -> Iterator[Mirror]:
    """Run a mirror for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        mirror: ClassVar[Mirror]
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            honest = self.mirror.honest(self.path, accept=self.headers.get("accept", "*/*"))
            self._answer(honest)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._answer(Answer(405, b""))  # no batches: each answer can be lied about by its own path

        def _answer(self, honest: Answer) -> None:
            path = self.path.partition("?")[0]
            self.mirror.asked.append(path)
            told = next((made for lie in self.mirror.lies if (made := lie(path, honest)) is not None), honest)
            with suppress(OSError):
                self._send(told)

        def _send(self, told: Answer) -> None:
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if told.endless or told.dripping:
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                while not self.mirror.ended.wait(0.1 if told.dripping else 0):
                    self.wfile.write(b" " if told.dripping else b" " * 65536)
                return
            self.send_header("content-length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)
            self.mirror.sent_bytes += len(told.body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    Handler.mirror = Mirror(behind, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Handler.mirror
    finally:
        Handler.mirror.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def stolen(data: Path, role: str) -> Key:
    """The key of an online role, taken from a marketplace's data folder."""
    (key,) = read_keys(data / "keys", role).values()
    return key


def signed_by(key: Key, signed: dict[str, Any]) -> bytes:
    """Metadata with that key's signature."""
    return canonical({"signatures": [key.sign(canonical(signed))], "signed": signed})
