"""The names that scripts import: there while the console is enabled, and RCON as servers speak it."""

from __future__ import annotations

import importlib
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.sources import imported

CONSOLE = Path(__file__).parents[1]


@pytest.fixture
def shim() -> Iterator[ModuleType]:
    with imported(CONSOLE, "chat_console.shim") as module:
        yield module


def test_every_module_of_the_table_can_be_imported_and_is_gone_afterwards(shim):
    finder = shim.ShimFinder()
    finder.install()
    try:
        for name in shim.MODULES:
            assert importlib.import_module(name).__name__ == name
        everything = sys.modules["mcdreforged.api.all"]
        assert everything.Literal is sys.modules["mcdreforged.api.command"].Literal
        assert sys.modules["utils.rtext"].RText is everything.RText
        assert len(everything.__all__) > 80
        with pytest.raises(ModuleNotFoundError, match=r"mcdreforged\.handler"):
            importlib.import_module("mcdreforged.handler")
    finally:
        finder.remove()
    assert not [name for name in sys.modules if name.partition(".")[0] in ("mcdreforged", "utils")]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mcdreforged.api.all")


def test_a_module_of_the_application_keeps_its_name(shim, tmp_path, monkeypatch):
    (tmp_path / "utils.py").write_text("OWN = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    finder = shim.ShimFinder()
    finder.install()
    try:
        assert importlib.import_module("utils").OWN
    finally:
        finder.remove()
        sys.modules.pop("utils", None)


def test_versions_and_requirements_compare_as_the_framework_does(shim):
    with imported(CONSOLE, "chat_console.metadata") as metadata:
        version, requirement = metadata.Version, metadata.VersionRequirement
        assert version("1.2") < version("1.10.0-beta.1") < version("1.10")
        assert version("1.2") == version("1.2.0")
        assert requirement("^1.2 <1.9").accept("1.8.3")
        assert not requirement("==1.2.3").accept(version("1.2.4"))
        with pytest.raises(metadata.VersionParsingError):
            version("one")


def test_rcon_answers_are_put_together_of_their_parts(shim):
    answers = ["first ", "second"]
    listener = socket.create_server(("127.0.0.1", 0))

    def packet(number: int, kind: int, text: str) -> bytes:
        body = struct.pack("<ii", number, kind) + text.encode() + b"\0\0"
        return struct.pack("<i", len(body)) + body

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while head := connection.recv(4, socket.MSG_WAITALL):
                body = connection.recv(struct.unpack("<i", head)[0], socket.MSG_WAITALL)
                number, kind = struct.unpack("<ii", body[:8])
                text = body[8:-2].decode()
                if kind == 3:
                    connection.sendall(packet(number if text == "secret" else -1, 2, ""))
                elif kind == 2:
                    for part in answers:
                        connection.sendall(packet(number, 0, part))
                else:
                    connection.sendall(packet(number, 0, "Unknown request 0"))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with imported(CONSOLE, "chat_console.rcon") as rcon, listener:
        connection = rcon.RconConnection("127.0.0.1", listener.getsockname()[1], "secret")
        assert connection.connect()
        assert connection.send_command("list") == "first second"
        connection.disconnect()
        assert connection.send_command("list") is None
    thread.join(5)
