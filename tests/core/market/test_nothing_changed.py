"""An installation from a marketplace that misbehaves: one sentence, in bounded time, and the profile as it was."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from jackfield.errors import JackfieldError, MarketUnreachable
from jackfield.management import Management
from jackfield.manifest import read_hostfile
from jackfield.market import Marketplace
from jackfield.store import Layout

from tests.support.wheels import build_plugin

HOST = 'schema = 1\napp = "chat"\nname = "Chat"\napi_version = "1.0.0"\ngroups = ["chat.plugins"]\n'


class Stall:
    """Answers what a marketplace with the one plugin `poll` answers; `cheats` replaces answers by the end of a path."""

    def __init__(self, wheel: Path) -> None:
        with ZipFile(wheel) as archive:
            metadata, manifest = (
                archive.read("chat_poll-1.0.0.dist-info/METADATA"),
                archive.read("chat_poll/plugin.toml"),
            )
        content = wheel.read_bytes()
        file = {
            "filename": wheel.name,
            "url": f"../../files/{wheel.name}",
            "hashes": {"sha256": sha256(content)},
            "size": len(content),
            "core-metadata": {"sha256": sha256(metadata)},
            "_jackfield": {"plugin_toml": {"sha256": sha256(manifest)}, "id": "poll"},
        }
        self.page = {"meta": {"api-version": "1.4"}, "name": "chat-poll", "files": [file]}
        self.content = content
        self.answers = {
            "/plugins/poll": b'{"id": "poll", "distribution": "chat-poll"}',
            "/simple/chat-poll/": json.dumps(self.page).encode(),
            ".whl": content,
            ".metadata": metadata,
            ".plugin.toml": manifest,
        }
        self.cheats: dict[str, Callable[[socket.socket, threading.Event], None]] = {}
        self.path = ""

    def hear(self, request: bytes) -> None:
        self.path = request.split(b" ", 2)[1].decode()

    def answer(self, connection, ended) -> None:
        for end, cheat in self.cheats.items():
            if self.path.endswith(end):
                cheat(connection, ended)
                return
        body = next((body for end, body in self.answers.items() if self.path.endswith(end)), None)
        said = (b"404 Not Found", b"") if body is None else (b"200 OK", body)
        head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (said[0], len(said[1]))
        connection.sendall(head + said[1])


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def say(body: bytes, status: bytes = b"200 OK", *headers: bytes):
    head = b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Connection: close", *headers])
    return lambda connection, ended: connection.sendall(head + b"\r\n\r\n" + body)


def flood(connection, ended) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not ended.is_set():
        connection.sendall(b"x" * 65536)


def break_off(connection, ended) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nPK")


def hang(connection, ended) -> None:
    ended.wait(20)


@pytest.fixture
def stall(tmp_path):
    return Stall(build_plugin(tmp_path / "wheels", "poll"))


@pytest.fixture
def management(bad_server, stall, tmp_path):
    url = bad_server(stall.answer, heard=stall.hear)
    layout = Layout(tmp_path / "profile")
    return Management("chat", layout, [url], read_hostfile(HOST, source="host.toml"))


async def install(management) -> None:
    plan = await management.plan_install(["poll"])
    await management.apply(plan, accept_permissions=True, by="test")


def installed(management) -> list[str]:
    return [pin.distribution for pin in management.store.active().pins]


async def test_it_installs_where_nobody_cheats(management):
    await install(management)
    assert installed(management) == ["chat-poll"]


@pytest.mark.parametrize(
    ("end", "cheat", "words"),
    [
        ("/plugins/poll", say(b"<html>Welcome</html>"), "what no marketplace answers"),
        ("/plugins/poll", say(b"", b"500 Oops"), "answers 500"),
        ("/plugins/poll", say(b"", b"429 Busy", b"Retry-After: 9999"), "asks to wait 9999 s"),
        ("/simple/chat-poll/", say(b"<html>Welcome</html>"), "what no marketplace answers"),
        ("/simple/chat-poll/", say(b'{"name": "evil", "files": []}'), "is the page of 'evil', not of chat-poll"),
        ("/simple/chat-poll/", say(b"", b"302 Found", b"Location: http://127.0.0.1:9/"), "redirects to"),
        ("/simple/chat-poll/", flood, "answers more than 8 MiB"),
        (".metadata", say(b"Name: other\n\n"), "other bytes than its index promised"),
        (".metadata", say(b"", b"404 Not Found"), "serves nothing for"),
        (".plugin.toml", say(b'schema = 1\nid = "poll"\n'), "other bytes than its index promised"),
        (".whl", say(b"<html>Welcome</html>"), "ended after 20 of"),
        (".whl", say(b"", b"404 Not Found"), "answers 404"),
        (".whl", flood, "that were promised"),
        (".whl", break_off, "cannot be reached"),
        (".whl", say(b"", b"302 Found", b"Location: http://127.0.0.1:9/"), "redirects to"),
    ],
)
async def test_a_cheat_is_one_sentence_and_changes_nothing(management, stall, end, cheat, words):
    stall.cheats[end] = cheat
    began = time.monotonic()
    with pytest.raises(JackfieldError) as caught:
        await install(management)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 15
    assert installed(management) == []
    assert management.store.active_number() == 0
    assert management.history() == []
    stall.cheats.clear()
    await install(management)
    assert installed(management) == ["chat-poll"]


@pytest.mark.parametrize("end", [".metadata", ".plugin.toml"])
async def test_a_busy_server_has_no_version_that_cannot_be_read(management, stall, end):
    stall.cheats[end] = say(b"", b"503 Busy", b"Retry-After: 9999")
    with pytest.raises(MarketUnreachable, match="asks to wait 9999 s"):  # else an older version would step in
        await install(management)
    assert installed(management) == []


async def test_wrong_bytes_of_the_right_size(management, stall):
    stall.cheats[".whl"] = say(stall.content[::-1])
    with pytest.raises(JackfieldError, match="the index promised"):
        await install(management)
    assert installed(management) == []


@pytest.mark.slow
@pytest.mark.parametrize("end", ["/plugins/poll", "/simple/chat-poll/", ".metadata", ".whl"])
async def test_silence_is_ended(management, stall, end, monkeypatch):
    monkeypatch.setitem(Marketplace.__init__.__kwdefaults__, "timeout_seconds", 0.5)
    stall.cheats[end] = hang
    with pytest.raises(JackfieldError, match=r"did not answer within \d+(\.\d+)? s"):
        await install(management)
    assert installed(management) == []
