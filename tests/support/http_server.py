"""A small HTTP server on loopback that answers as it is told to, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """Where it listens, what it was asked, and what it answers.

    Args:
        port: on 127.0.0.1.
        answers: path without query -> status line and headers as text, and the body; a coroutine function may take
            the writer and answer in its own way.
    """

    port: int = 0
    answers: dict[str, tuple[str, bytes] | Callable[[asyncio.StreamWriter], object]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(method, path, headers, body))
            answer = self.answers.get(path.partition("?")[0], ("404 Not Found", b"nothing here"))
            if callable(answer):
                await answer(writer)  # type: ignore[misc]  # a coroutine function, by the contract above
            else:
                head_text, content = answer
                writer.write(f"HTTP/1.1 {head_text}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # whoever asked is gone
        finally:
            writer.close()


@asynccontextmanager
async def http_server(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    """Serve until the block ends."""
    server = HttpServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
