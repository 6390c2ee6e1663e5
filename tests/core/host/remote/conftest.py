"""A plugin of a running host whose context is served to another process: the probe of the contract suite, once more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jackfield.api import CommandSource
from jackfield.host import Host
from jackfield.host.commands import CommandRegistry
from jackfield.host.remote.facets import Commanding, served_context
from jackfield.isolation import Line
from jackfield.rpc import DescriptorSender, Limits, Link, Served
from jackfield.runtime import Call, Description, Restoring, SourceData
from jackfield.store import Layout
from jackfield_chat_api import ChatApi

from tests.support.contract_plugins import HERE, Lobby, wheel
from tests.support.plain_workers import served
from tests.support.profiles import Profile
from tests.support.speakers import Speaker, run

CHILD = """
import socket, sys
from pathlib import Path
calls, files, folder, data = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.path.insert(0, folder)
from jackfield.isolation import WorkerSpec
from jackfield.rpc import DescriptorReceiver
from jackfield.worker.serving import serve
manifest = Path(folder, "chat_probe", "plugin.toml").read_text()
spec = WorkerSpec(plugin="probe", project="chat", entry_point="chat_probe:Probe", paths=(folder,), manifest=manifest,
                  data_dir=data, config_dir=data, temporary=data, api_type=sys.argv[5])
serve(spec, socket.socket(fileno=calls), descriptors=DescriptorReceiver(socket.socket(fileno=files)))
"""


@dataclass
class Sources:
    """Who gave commands, by number."""

    given: list[CommandSource] = field(default_factory=list)

    def told(self, source: CommandSource) -> SourceData:
        self.given.append(source)
        return SourceData(len(self.given) - 1, source.user, source.room, int(source.level))


class Calls:
    """The way to a plugin that nobody watches."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def call(
        self,
        method: str,
        arguments: Mapping[str, Any],
        answer: Any = Any,
        *,
        timeout_seconds: float | None = None,
        what: str = "",
    ) -> Any:
        del what
        return await self._line.call(method, arguments, answer, timeout_seconds=timeout_seconds)


class Apart:
    """The host's side of a link over the context of a plugin that runs inline besides."""

    def __init__(
        self, host: Host, ours: socket.socket, files: socket.socket | None, api_type: type[Any] | None = None
    ) -> None:
        wiring = host.plugins.record("probe").wiring
        assert wiring is not None
        self.host = host
        self.sources = Sources()
        self.wiring = wiring
        self.link = Link(ours, self._served, peer="the worker of probe")
        self.line = Line(self.link, plugin="probe")
        sender = DescriptorSender(files, peer="the worker of probe") if files is not None else None
        commanding = Commanding(Restoring({}, self._complete), lambda handler, _name: self.running(handler))
        calls = Calls(self.line)
        self.served = dict(served_context(wiring, calls, commanding, descriptors=sender, api_type=api_type))
        self.commands = CommandRegistry(run)
        self._own = served({"source.reply": self._reply, "source.may": self._may})

    def _served(self, method: str) -> Served | None:
        return self.served.get(method) or self._own(method)

    async def _reply(self, source: int, text: str) -> None:
        await self.sources.given[source].reply(text)

    def _may(self, source: int, permission: str) -> bool:
        return self.sources.given[source].may(permission)

    async def _complete(self, number: int, prefix: str) -> list[str]:
        offered: list[str] = await self.line.call("handler.complete", {"handler": number, "prefix": prefix}, list[str])
        return offered

    def running(self, handler: int) -> Call:
        async def call(source: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
            told = {
                "handler": handler,
                "source": self.sources.told(source),
                "arguments": arguments,
                "keywords": keywords,
            }
            await self.line.call("handler.command", told)

        return call

    async def load(self) -> None:
        described: Description = await self.line.call("plugin.load", {}, Description)
        restoring = Restoring({}, self._complete)
        for one in described.commands:
            self.commands.add("probe", one.name, restoring.function(one.function, self.running(one.handler)))
        await self.line.call("scope.open", {})
        await self.line.call("plugin.callback", {"name": "on_enable", "arguments": []})

    async def ask(self, text: str) -> str:
        """Give a command to the process, or to the host for another plugin's."""
        speaker = Speaker()
        registry = self.commands if self.commands.has(text) else self.host.commands
        assert await registry.dispatch(text, speaker), f"nobody has the command {text}"
        assert len(speaker.answers) == 1, speaker.answers
        return speaker.answers[0]


@pytest.fixture(autouse=True)
def few_loggers() -> Iterator[None]:
    """Python never forgets a logger: those of one test are not held against the next one's plugin of that name."""
    known = set(logging.Logger.manager.loggerDict)
    yield
    for name in set(logging.Logger.manager.loggerDict) - known:
        del logging.Logger.manager.loggerDict[name]


@pytest.fixture
async def profile(tmp_path: Path) -> Profile:
    profile = Profile(Layout(tmp_path / "profile"))
    folder = tmp_path / "wheels"
    profile.install(wheel("probe", "Probe", folder), wheel("peer", "", folder), wheel("friend", "", folder))
    profile.enable("probe", "peer", "friend")
    return profile


@pytest.fixture
async def running_host(profile: Profile) -> AsyncIterator[Host]:
    host = profile.host(api=lambda plugin, check: Lobby(plugin, check, []))
    await host.start()
    await host.plugins.wait_for("probe", timeout_seconds=5)
    await host.plugins.wait_for("peer", timeout_seconds=5)
    yield host
    await host.stop()


@pytest.fixture
async def apart(running_host: Host, tmp_path: Path) -> AsyncIterator[Apart]:
    with contextlib.ExitStack() as kept:
        ours, theirs = map(kept.enter_context, socket.socketpair())
        files, their_files = map(kept.enter_context, socket.socketpair())
        data = tmp_path / "data"
        data.mkdir()
        command = [sys.executable, "-c", CHILD, str(theirs.fileno()), str(their_files.fileno())]
        command += [str(HERE / "probe"), str(data), "jackfield_chat_api:ChatApi"]
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(), their_files.fileno()))  # noqa: ASYNC220 (at once)
        theirs.close()
        their_files.close()
        side = Apart(running_host, ours, files, ChatApi)
        try:
            await side.line.greet(timeout_seconds=20)
            await side.load()
            yield side
        finally:
            side.line.close()
            await asyncio.to_thread(process.wait, 20)


@pytest.fixture
async def hostile(running_host: Host) -> AsyncIterator[tuple[Apart, Line]]:
    """The host's side, and a line over which a test calls it with whatever it likes."""
    ours, theirs = socket.socketpair()
    side = Apart(running_host, ours, None)
    patient = Limits(send_seconds=60)  # whoever attacks may wait until a busy host reads on
    line = Line(Link(theirs, served({}), peer="the host", limits=patient), plugin="probe")
    await asyncio.gather(side.line.greet(), line.greet())
    yield side, line
    line.close()
    side.line.close()
    await asyncio.gather(line.wait_closed(), side.line.wait_closed())
