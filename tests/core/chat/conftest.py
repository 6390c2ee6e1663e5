"""A real chat on loopback, and people who use it over HTTP and its WebSocket."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from jackfield_chat.app import ChatServer, create_app, listen
from jackfield_chat.plugins import Bridge
from jackfield_chat.settings import Settings
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

PASSWORD = "long enough 1"


@dataclass
class Person:
    """Someone who is signed in: `http` for pages, `socket` for what is live."""

    name: str
    http: httpx.AsyncClient
    socket: ClientConnection
    seen: list[dict[str, Any]] = field(default_factory=list)
    _nonce: int = 0

    async def tell(self, **request: Any) -> None:
        await self.socket.send(json.dumps(request))

    async def event(self, wanted: str, where: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """Return the next event of a type; what comes before it is kept in `seen`."""
        async with asyncio.timeout(30):
            while True:
                event: dict[str, Any] = json.loads(await self.socket.recv())
                self.seen.append(event)
                if event["type"] == wanted and where(event):
                    return event

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request; return `sent` or `error`, or the `answer` that came before it."""
        self._nonce += 1
        await self.tell(nonce=self._nonce, **request)
        answer: dict[str, Any] | None = None
        async with asyncio.timeout(30):
            while True:
                event = json.loads(await self.socket.recv())
                self.seen.append(event)
                if event.get("nonce") == self._nonce:
                    if event["type"] != "answer":
                        return answer or event
                    answer = event

    async def closed(self) -> int | None:
        """Wait until the server ends the connection; return the code it gave."""
        async with asyncio.timeout(30):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code

    async def open(self, room: str = "lobby") -> dict[str, Any]:
        await self.tell(type="open", room=room)
        return await self.event("room")

    async def say(self, text: str, room: str = "lobby") -> dict[str, Any]:
        return await self.ask(type="send", room=room, text=text)

    async def complete(self, text: str, *, cursor: int | None = None, room: str = "lobby") -> dict[str, Any]:
        """Ask what can stand at a place of a line, its end by default."""
        place = len(text) if cursor is None else cursor
        return await self.ask(type="complete", room=room, text=text, cursor=place)

    async def hears(self, text: str) -> dict[str, Any]:
        """Return the message with this text in it, whether it came already or not."""
        for event in self.seen:
            if event["type"] == "message" and text in event["message"]["text"]:
                return dict(event["message"])
        event = await self.event("message", lambda event: text in event["message"]["text"])
        return dict(event["message"])


@dataclass
class RunningChat:
    """A chat that serves on loopback."""

    url: str
    app: Starlette
    settings: Settings
    owner_password: str
    people: list[Person] = field(default_factory=list)

    async def plugin(self, name: str) -> None:
        """Wait until a plugin is active."""
        bridge: Bridge = self.app.state.chat.bridge
        assert bridge.application is not None
        await bridge.application.host.plugins.wait_for(name, timeout_seconds=30)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"origin": self.url}, trust_env=False)

    async def person(self, name: str, *, room: str | None = "lobby") -> Person:
        """Sign up, or sign in as the owner, and connect."""
        http = self.browser()
        path, password = ("/sign-in", self.owner_password) if name == "owner" else ("/sign-up", PASSWORD)
        answer = await http.post(path, data={"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        cookie = "; ".join(f"{key}={value}" for key, value in http.cookies.items())
        socket = await connect(
            self.url.replace("http", "ws") + "/socket",
            origin=Origin(self.url),
            additional_headers={"Cookie": cookie},
            proxy=None,
        )
        person = Person(name, http, socket)
        self.people.append(person)
        await person.event("boxes")
        if room is not None:
            await person.open(room)
        return person


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[RunningChat]:
    """Serve a chat for as long as the block lasts."""
    listener = listen("127.0.0.1", 0, option="--port")
    lines: list[str] = []
    app = create_app(settings, on_owner=lines.append)
    server = ChatServer(app, lines.append)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(30):
        await server.listening.wait()
        await app.state.chat.bridge.ready()
    password = next((line for line in lines if re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}", line)), "")
    chat = RunningChat(f"http://127.0.0.1:{listener.getsockname()[1]}", app, settings, password)
    try:
        yield chat
    finally:
        for person in chat.people:
            await person.socket.close()
            await person.http.aclose()
        server.should_exit = True
        await task


Serve = Callable[..., Awaitable[RunningChat]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start a chat in a folder of its own, with more settings."""
    async with AsyncExitStack() as running:

        async def begin(**more: Any) -> RunningChat:
            return await running.enter_async_context(serving(Settings(tmp_path / "chat", **more)))

        yield begin


@pytest.fixture
async def chat(serve: Serve) -> RunningChat:
    """A chat without a marketplace."""
    return await serve()
