"""A contrib plugin as users have it: its wheel, built and installed, runs in a real host beside an in-memory chat."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from jackfield.api import Check, Level
from jackfield.host import Host
from jackfield.inspection import inspect_wheel
from jackfield.manifest import HostFile, read_hostfile
from jackfield.store import Layout
from jackfield_chat_api import ChatApi, Member, Message, Room, specs

from tests.demo.wheels import CONTRIB, build_wheels
from tests.support.profiles import Profile
from tests.support.speakers import Speaker


@dataclass
class Chatroom:
    """A chat in memory, behind the same interface as the real one's `context.api`."""

    people: list[Member] = field(default_factory=list)
    posted: list[Message] = field(default_factory=list)

    def api(self, plugin: str, check: Check) -> ChatApi:
        return Api(self, plugin, check)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.posted]


class Api:
    """What one plugin finds at `context.api`; each call asks for its permission, as in the chat."""

    def __init__(self, chat: Chatroom, plugin: str, check: Check) -> None:
        self.messages = Messages(chat, plugin, check)
        self.rooms = Rooms(check)
        self.members = Members(chat, check)


class Messages:
    def __init__(self, chat: Chatroom, plugin: str, check: Check) -> None:
        self._chat, self._plugin, self._check = chat, plugin, check

    async def send(self, room: Room | str, text: str) -> Message:
        self._check("messages", "send")
        name = room if isinstance(room, str) else room.name
        number = len(self._chat.posted) + 1
        self._chat.posted.append(Message(number, name, self._plugin, text, metadata={"plugin": self._plugin}))
        return self._chat.posted[-1]

    async def recent(self, room: Room | str, limit: int = 50) -> list[Message]:
        self._check("messages", "read")
        return self._chat.posted[-limit:]


class Rooms:
    def __init__(self, check: Check) -> None:
        self._check = check

    async def list(self) -> list[Room]:
        self._check("rooms", "read")
        return [Room("lobby")]


class Members:
    def __init__(self, chat: Chatroom, check: Check) -> None:
        self._chat, self._check = chat, check

    async def list(self, room: Room | str | None = None) -> list[Member]:
        self._check("members", "read")
        return list(self._chat.people)


@dataclass
class Running:
    """One plugin, active in a host."""

    host: Host
    chat: Chatroom
    profile: Profile

    async def command(self, line: str, user: str = "bea") -> list[str]:
        """Give a command and return the replies; who is not among the chat's people is a user."""
        roles = {member.name: member.role for member in self.chat.people}
        source = Speaker(user, level=Level.parse(roles.get(user, "user")))
        await self.host.commands.dispatch(line, source)
        return source.answers

    async def offered(self, line: str) -> list[str]:
        """Return what a line becomes with each of the completions at its end."""
        return [one.applied(line) for one in await self.host.commands.complete(line, len(line), Speaker())]


def chat_hostfile() -> HostFile:
    """The chat's own host file."""
    text = (resources.files("jackfield_chat_api") / "host.toml").read_text(encoding="utf-8")
    return read_hostfile(text, source="host.toml")


def install(folder: Path, wheel: Path) -> Profile:
    """Put a wheel into a store, enabled and with all that it asks for."""
    profile = Profile(Layout(folder / "profile"))
    profile.install(wheel)
    plugin = inspect_wheel(wheel).plugin_id
    assert plugin is not None, f"{wheel.name} is no plugin"
    profile.enable(plugin, isolation="worker")  # where its manifest allows it, as users have it
    return profile


@functools.cache
def contrib_wheel(name: str) -> Path:
    """The wheel of a contrib plugin, built once in a run."""
    (built,) = build_wheels(_wheels(), [CONTRIB / name])
    return built.path


@functools.cache
def _wheels() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="contrib-wheels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@asynccontextmanager
async def started(profile: Profile, chat: Chatroom | None = None) -> AsyncIterator[Running]:
    """A host over an installed set."""
    chat = chat or Chatroom()
    host = profile.host(specs=specs, hostfile=chat_hostfile(), api=chat.api)
    await host.start()
    try:
        yield Running(host, chat, profile)
    finally:
        await host.stop()


@asynccontextmanager
async def running(
    name: str, folder: Path, *, settings: Mapping[str, Any] | None = None, chat: Chatroom | None = None
) -> AsyncIterator[Running]:
    """Build contrib plugin `name`, install it, set what the user sets, and run it."""
    profile = install(folder, contrib_wheel(name))
    if settings:
        profile.state.change({f"settings/{name}/{key}": value for key, value in settings.items()}, by="test")
    async with started(profile, chat) as plugin:
        await plugin.host.plugins.wait_for(name, timeout_seconds=30)
        yield plugin
