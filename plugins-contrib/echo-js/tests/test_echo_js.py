"""Echo, as a real Node runs it against a real host."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from jackfield_chat_api import Message, specs

from tests.demo.wheels import CONTRIB
from tests.support.contrib import Chatroom, Running, chat_hostfile
from tests.support.guests import House
from tests.support.node import node
from tests.support.waiting import until

ECHO = CONTRIB / "echo-js"


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[tuple[House, Running, Path]]:
    """A host of the chat that knows the plugin, and the file with its key."""
    chat = Chatroom()
    opened = House(folder, specs=specs, hostfile=chat_hostfile(), api=chat.api)
    key = folder / "echo-js.key"
    text = (ECHO / "plugin.toml").read_text(encoding="utf-8")
    key.write_text(opened.know("echo-js", text) + "\n", encoding="ascii")
    await opened.host.start()
    try:
        yield opened, Running(opened.host, chat, opened.profile), key
    finally:
        await opened.host.stop()


def test_it_is_one_file_of_under_150_lines_without_a_dependency() -> None:
    text = (ECHO / "echo.js").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    assert {line.split("'")[1] for line in text.splitlines() if "require(" in line} == {"fs", "net"}
    assert not (ECHO / "package.json").exists()


@pytest.mark.feature("J13", "J18", "U35")
async def test_a_command_a_hook_an_event_storage_and_a_line_in_the_log(tmp_path: Path) -> None:
    async with house(tmp_path) as (opened, plugin, key):
        with node(ECHO / "echo.js", str(opened.host.gate.port), key):
            await opened.host.plugins.wait_for("echo-js", timeout_seconds=20)
            assert await plugin.command("echo hello there") == ["hello there (0 heard)"]
            for text in ("one", "zwei ü", "三"):
                message = Message(0, "lobby", "bea", text)
                assert await opened.host.call.message_received(message=message) == message
            assert await plugin.command("echo again") == ["again (3 heard)"]
            await until(lambda: "echoed hello there" in [one.message for one in opened.host.logs.lines("echo-js")])


async def test_what_it_keeps_is_there_when_it_comes_again_by_the_socket(tmp_path: Path) -> None:
    async with house(tmp_path) as (opened, plugin, key):
        message = Message(0, "lobby", "bea", "hi")
        with node(ECHO / "echo.js", str(opened.host.gate.port), key):
            await opened.host.plugins.wait_for("echo-js", timeout_seconds=20)
            await opened.host.call.message_received(message=message)
        await until(lambda: not opened.host.gate.connections.all())
        with tempfile.TemporaryDirectory() as place:
            short = Path(place) / "plugins.sock"  # Node takes 107 bytes at most
            short.symlink_to(opened.profile.layout.plugin_socket)
            with node(ECHO / "echo.js", short, key):
                await opened.host.plugins.wait_for("echo-js", timeout_seconds=20)
                assert await plugin.command("echo and") == ["and (1 heard)"]


async def test_a_wrong_key_ends_it_with_the_hosts_words(tmp_path: Path) -> None:
    async with house(tmp_path) as (opened, _, key):
        key.write_text("wrong", encoding="ascii")
        with node(ECHO / "echo.js", str(opened.host.gate.port), key) as process:
            await until(lambda: process.poll() is not None)
            assert process.stderr is not None
            assert "invalid key" in process.stderr.read()
            assert process.returncode == 1
