"""One small plugin in two languages and four places: the part of the contract that a client of 150 lines covers.

The same tests hold for its Python twin in the host's process, in a worker, and in a program that connects, and for
plugins-contrib/echo-js.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from jackfield.errors import PluginError
from jackfield_chat_api import Message, specs

from tests.demo.wheels import CONTRIB
from tests.support.contract_plugins import HERE
from tests.support.contrib import Chatroom, chat_hostfile
from tests.support.guests import House, Program
from tests.support.node import node
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import WheelSource

USED = (("command", "command echo"), ("hook", "message_received"))
PLACES = ["inline", *(pytest.param(one, marks=pytest.mark.slow) for one in ("worker", "external", "javascript"))]
ECHO = CONTRIB / "echo-js"
MANIFEST = (ECHO / "plugin.toml").read_text(encoding="utf-8")
TWIN = (HERE / "twin" / "chat_echo_js" / "__init__.py").read_text(encoding="utf-8")


@dataclass
class Room:
    """A host with the plugin.

    Args:
        house: the host.
        place: where the plugin runs.
        chat: what it finds at `context.api`.
        key: with which it connects.
        programs: ended with the room.
    """

    house: House
    place: str
    chat: Chatroom
    key: Path
    programs: ExitStack

    async def up(self) -> None:
        """Have the plugin run."""
        host = self.house.host
        if self.place == "javascript":
            self.programs.enter_context(node(ECHO / "echo.js", host.layout.plugin_socket, self.key))
        elif self.place == "external":
            twin = Program(self.key.parent / "twin", TWIN.replace("class Echo", "class Main"), self.key.read_text())
            twin.start(host)
            self.programs.callback(twin.end)
        await host.plugins.wait_for("echo-js", timeout_seconds=20)

    async def wish(self) -> None:
        """Enable the plugin; one that connects is up when it does."""
        self.house.profile.state.change({"wish/echo-js": True}, by="test")
        await self.house.host.reload_changes()

    async def say(self, line: str) -> list[str]:
        """Give a command and return its answers."""
        speaker = Speaker()
        await self.house.host.commands.dispatch(line, speaker)
        return speaker.answers

    async def hear(self, *texts: str) -> None:
        """Let messages arrive."""
        for text in texts:
            message = Message(0, "lobby", "bea", text, metadata={"depth": {"of": [1, 2.5, None]}})
            assert await self.house.host.call.message_received(message=message) == message


@pytest.fixture(params=PLACES)
async def room(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    place, chat = request.param, Chatroom()
    house = House(tmp_path, specs=specs, hostfile=chat_hostfile(), api=chat.api)
    key = tmp_path / "echo-js.key"
    if place in ("inline", "worker"):
        files: dict[str, str | bytes] = {
            "chat_echo_js/plugin.toml": MANIFEST.replace('"external"', '"any"'),
            "chat_echo_js/__init__.py": TWIN,
        }
        entry = {"chat.plugins": {"echo-js": "chat_echo_js:Echo"}}
        house.profile.install(WheelSource("chat-echo-js", files=files, entry_points=entry).build(tmp_path / "wheels"))
        house.profile.enable("echo-js", isolation=cast("Any", place))
    else:
        key.write_text(house.know("echo-js", MANIFEST), encoding="ascii")
    await house.host.start()
    with ExitStack() as programs:
        yield Room(house, place, chat, key, programs)
        await house.host.stop()


async def test_a_command_takes_the_rest_of_the_line_as_it_is(room: Room):
    await room.up()
    assert await room.say("echo hello there") == ["hello there (0 heard)"]
    for text in ("zwei ü 三 🙂", 'a "b" c', "x" * 5000, "-1"):
        assert await room.say(f"echo {text}") == [f"{text} (0 heard)"]


async def test_its_command_is_offered_with_its_help(room: Room):
    await room.up()
    assert "echo <text>" in room.house.host.commands.help()


@pytest.mark.feature("C16")
async def test_a_hook_hears_each_message_and_leaves_it_as_it_is(room: Room):
    await room.up()
    await room.hear("one", "zwei ü 三", "x" * 8000)
    assert await room.say("echo now") == ["now (3 heard)"]


@pytest.mark.feature("C14")
async def test_what_it_stores_is_there_when_it_comes_up_anew(room: Room):
    await room.up()
    await room.hear("one", "two")
    await room.house.host.disable("echo-js")
    assert await room.say("echo gone") == []
    await room.wish()
    await room.up()
    assert await room.say("echo again") == ["again (2 heard)"]
    await room.hear("three")
    assert await room.say("echo and") == ["and (3 heard)"]


@pytest.mark.feature("C15", "K15")
async def test_an_event_that_it_sends_is_heard_and_a_line_of_its_log_is_its_own(room: Room):
    await room.up()
    await room.say("echo hello")
    line = await until(lambda: [one for one in room.house.host.logs.lines("echo-js") if "echoed hello" in one.message])
    assert (line[0].message, line[0].level) == ("echoed hello", "INFO")


async def test_its_uses_are_counted_as_any_plugins(room: Room):
    await room.up()
    await room.say("echo hello")
    await room.hear("one")
    (stats,) = [one for one in room.house.host.observed.stats() if one.plugin == "echo-js"]
    uses: dict[tuple[str, str], int] = {(use.kind, use.use): use.calls for use in stats.uses}
    assert {one: uses.get(one) for one in USED} == dict.fromkeys(USED, 1), uses


async def test_what_it_was_not_granted_fails_it_with_the_name_of_what_is_missing(room: Room):
    host, state = room.house.host, room.house.profile.state
    await host.disable("echo-js")
    grant = state.get("grants/echo-js")
    grant["permissions"] = [one for one in grant["permissions"] if one["resource"] != "storage"]
    state.change({"grants/echo-js": grant}, by="test")
    await room.wish()
    with pytest.raises(PluginError, match=r"may not storage:read"):
        await room.up()
    assert host.plugins.status("echo-js").refusals == {"storage:read": 1}
