"""Echo, as a real Node runs it against a real host."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jackfield_chat_api import Message, specs

from tests.demo.wheels import CONTRIB
from tests.support.contrib import Chatroom, Running, chat_hostfile
from tests.support.guests import House
from tests.support.node import node
from tests.support.waiting import until

pytestmark = pytest.mark.slow


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
        await until(lambda: opened.host.plugins.status("echo-js").state != "active")
        with tempfile.TemporaryDirectory() as place:
            short = Path(place) / "plugins.sock"  # Node takes 107 bytes at most
            short.symlink_to(opened.profile.layout.plugin_socket)
            with node(ECHO / "echo.js", short, key):
                await opened.host.plugins.wait_for("echo-js", timeout_seconds=20)
                assert await plugin.command("echo and") == ["and (1 heard)"]


def said(connection: socket.socket) -> Any:
    """One message of the plugin's."""
    head = connection.recv(4, socket.MSG_WAITALL)
    return msgspec.msgpack.decode(connection.recv(int.from_bytes(head, "little"), socket.MSG_WAITALL))


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


ODD = [
    *(b"\xcc\xff", b"\xcd\xff\xff", b"\xce\xff\xff\xff\xff", b"\xcf" + b"\xff" * 8, b"\x7f", b"\xe0"),
    *(b"\xd0\x80", b"\xd1\x80\x00", b"\xd2\x80\x00\x00\x00", b"\xd3\x80" + bytes(7), b"\xca" + bytes(4)),
    *(b"\xcb" + bytes(8), b"\xc0", b"\xc2", b"\xc3", b"\xd9\x01a", b"\xda\x00\x01a", b"\xdb\x00\x00\x00\x01a"),
    *(b"\xc4\x01\xff", b"\xc5\x00\x01\xff", b"\xc6\x00\x00\x00\x01\xff", b"\xa2\xff\xfe", b"\xa0", b"\x90", b"\x80"),
    *(b"\xdc\x00\x01\x01", b"\xdd\x00\x00\x00\x01\x01", b"\xde\x00\x01\xa1a\x01", b"\xdf\x00\x00\x00\x01\xa1a\x01"),
    *(b"\xd4\x01a", b"\xd5\x01aa", b"\xd6\xff" + bytes(4), b"\xd7\xff" + bytes(8), b"\xd8\x01" + bytes(16)),
    *(b"\xc7\x01\x01a", b"\xc8\x00\x01\x01a", b"\xc9\x00\x00\x00\x01\x01a", b"\x81\xa9__proto__\x01"),
]
"""One value in each form that msgpack has, the widest and the narrowest of each kind."""


def test_frames_in_any_form_and_any_pieces_are_read(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("jfk\n", encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as host:
        host.settimeout(20)
        with node(ECHO / "echo.js", str(host.getsockname()[1]), key) as process:
            connection = host.accept()[0]
            connection.settimeout(20)
            with connection:
                assert said(connection)[:2] == [0, "jackfield"]
                whole = framed(msgspec.msgpack.encode([0, "jackfield", 1, 1, 1 << 20, {"plugin": "echo-js"}]))
                for number, odd in enumerate(ODD, start=1):
                    health = b"\x95\x01" + bytes([number]) + msgspec.msgpack.encode("plugin.health")
                    whole += framed(health + b"\x81\xa3odd" + odd + b"\x00")
                for begin in range(0, len(whole), 7):  # no piece ends where a frame does, and some hold several ends
                    connection.sendall(whole[begin : begin + 7])
                answers = [said(connection) for _ in ODD]
                assert sorted(answers) == [[2, number, None] for number in range(1, len(ODD) + 1)]
                many = [{}, {}, {}]
                for message in (
                    (1, 100, "toString", {}, 0),
                    (5, 101, "plugin.health", many, 0),
                    (5, 102, "none", many, 0),
                    (4, "none", {}),
                ):
                    connection.sendall(framed(msgspec.msgpack.encode(message)))
                told = {answer[1]: answer for answer in (said(connection), said(connection), said(connection))}
                assert told[100][:4] == [3, 100, "UsageError", "no method toString"]
                assert told[101] == [6, 101, [None] * 3, []]
                assert [one[:3] for one in told[102][3]] == [
                    [place, "UsageError", "no method none"] for place in range(3)
                ]
                connection.sendall(framed(msgspec.msgpack.encode((8, "that is all"))))
                assert connection.recv(1) == b""
            assert process.wait(20) == 1
            assert process.stderr is not None
            assert process.stderr.read().strip() == "that is all"


async def test_a_wrong_key_ends_it_with_the_hosts_words(tmp_path: Path) -> None:
    async with house(tmp_path) as (opened, _, key):
        key.write_text("wrong", encoding="ascii")
        with node(ECHO / "echo.js", str(opened.host.gate.port), key) as process:
            await until(lambda: process.poll() is not None)
            assert process.stderr is not None
            assert "invalid key" in process.stderr.read()
            assert process.returncode == 1
