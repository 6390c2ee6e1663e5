"""A host that external plugins connect to, and programs that connect to it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
from jackfield.discovery import external_candidate, external_record
from jackfield.errors import LinkClosed
from jackfield.host import Host
from jackfield.isolation import External, new_key
from jackfield.permissions import Grant, Permission
from jackfield.rpc import BlockingConnection, Link
from jackfield.storage import State
from jackfield.store import Layout

from tests.support.processes import clean_environment
from tests.support.profiles import Profile

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "to answer"\n'


def manifest(plugin: str = "echo", version: str = "1.0.0", more: str = "") -> str:
    """The text of an external plugin's manifest."""
    return f'schema = 1\nid = "{plugin}"\nversion = "{version}"\nisolation = "external"\n{more}'


def known(state: State, plugin: str, text: str | None = None, *, granted: bool = True) -> str:
    """Put into a profile's state that an external plugin is known, enabled and granted what it asks for; its key."""
    candidate = external_candidate(plugin, text)
    assert candidate.manifest is not None
    cid = candidate.canonical_id
    asked: tuple[Permission, ...] = candidate.manifest.permissions if granted else ()
    grant = Grant(cid, "external", None, asked, candidate.version)
    key = new_key(plugin, by="test")
    state.change(
        {
            **external_record(candidate, text),
            key.key.state_key: key.key.to_mapping(),
            f"wish/{cid}": True,
            f"grants/{cid}": grant.to_mapping(),
        },
        by="test",
    )
    return key.text


class House:
    """A profile with external plugins, and a host on it.

    Args:
        folder: of the profile.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.profile = Profile(Layout(folder / "profile"))
        self.host = self.profile.host(external=External(), **options)

    def know(self, plugin: str = "echo", text: str | None = None, *, granted: bool = True) -> str:
        """Let an external plugin be known, enabled and granted what it asks for; its key."""
        return known(self.profile.state, plugin, text, granted=granted)

    def knock(self) -> socket.socket:
        """A connection to the host's port."""
        assert self.host.gate.port is not None
        return socket.create_connection(("127.0.0.1", self.host.gate.port), timeout=20)

    async def refusal(self, key: str, **told: str) -> str:
        """Connect with a key and return why the host does not let it in."""

        def connect() -> str:
            driver = BlockingConnection(Link(self.knock(), lambda _: None, peer="the host"))
            try:
                told_back = driver.greet({"key": key, **told}, timeout_seconds=20).details
                assert told_back == {}, "it was let in"
                driver.serve()
            except LinkClosed as error:
                return error.message
            reason = driver.ended
            assert reason is not None
            return reason.message

        return await asyncio.to_thread(connect)


@contextlib.asynccontextmanager
async def open_house(folder: Path, **options: Any) -> AsyncIterator[House]:
    """A house whose host runs."""
    house = House(folder, **options)
    await house.host.start()
    try:
        yield house
    finally:
        await house.host.stop()


def status(host: Host, plugin: str = "echo") -> Any:
    """Where a plugin stands."""
    return host.plugins.status(plugin)


class Program:
    """A Python program that is an external plugin, in a process of its own.

    Args:
        folder: where it lives; its code and its key are put there.
        code: of the module; the plugin is its class `Main`.
        key: with which it connects.
    """

    def __init__(self, folder: Path, code: str, key: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        (folder / "guest.py").write_text(code, encoding="utf-8")
        (folder / "guest.key").write_text(key, encoding="ascii")
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """Its process, once it was started."""
        assert self._process is not None
        return self._process

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, host: Host, *words: str, by_socket: bool = False) -> None:
        """Start it; it looks for the host's port where the host writes it, or comes by its unix socket."""
        place = ("--socket", host.layout.plugin_socket) if by_socket else ("--port-file", host.layout.plugin_port)
        command = [
            sys.executable, "-m", "jackfield.worker", "connect", "guest:Main", "--key-file", "guest.key",
            place[0], str(place[1]), *words,
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, cwd=self.folder, env=clean_environment(), stderr=subprocess.PIPE, text=True
        )

    def ended(self) -> str:
        """Wait until it has ended by itself; what it wrote."""
        return self.process.communicate(timeout=20)[1]

    def end(self, number: int = signal.SIGKILL) -> str:
        """End it; what it wrote."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return said


@contextlib.contextmanager
def program(folder: Path, code: str, key: str) -> Iterator[Program]:
    """A program that is ended in any case."""
    made = Program(folder, code, key)
    try:
        yield made
    finally:
        if made.runs:
            made.end()


def frame(*message: object) -> bytes:
    """A message as it is sent."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "little") + body


def answer_until_up(connection: socket.socket) -> None:
    """Answer every call of the host until the plugin must be up: it has nothing, and says so.

    Raises:
        OSError: it was not let in.
    """
    answers: dict[str, object] = {"plugin.load": {}, "plugin.callback": {}, "scope.open": None, "plugin.health": None}
    held = b""
    while True:
        while len(held) < 4 or len(held) < 4 + int.from_bytes(held[:4], "little"):
            more = connection.recv(4096)
            if not more:
                raise ConnectionResetError("the host has closed the connection")
            held += more
        size = int.from_bytes(held[:4], "little")
        message = msgspec.msgpack.decode(held[4 : 4 + size])
        held = held[4 + size :]
        if message[0] == 1:
            connection.sendall(frame(2, message[1], answers[message[2]]))
            if message[2] == "scope.open":
                return
