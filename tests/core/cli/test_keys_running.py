"""`jackfield keys` while the application runs: it follows at once."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.isolation import External

from tests.core.cli.conftest import Ran
from tests.core.cli.running import Running
from tests.support.guests import Program, manifest, program
from tests.support.profiles import hostfile

pytestmark = pytest.mark.slow

CODE = "from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    application = Application("chat", hostfile=hostfile(), home=tmp_path / "home", external=External())
    await application.start()
    yield Running(application, tmp_path / "home")
    await application.stop()


async def up(running: Running) -> None:
    await running.application.host.plugins.wait_for("echo", timeout_seconds=20)


def key_of(made: Ran) -> str:
    assert made.code == 0, made.err
    return str(made.json["key"])


async def ended(guest: Program) -> int:
    await asyncio.to_thread(guest.ended)
    return int(guest.process.returncode)


@pytest.mark.feature("J2", "J10", "J13")
async def test_a_key_is_made_used_listed_and_revoked_without_a_restart(running: Running, tmp_path: Path):
    (tmp_path / "plugin.toml").write_text(manifest(), encoding="utf-8")
    made = await running.run("keys", "new", "echo", "--manifest", str(tmp_path / "plugin.toml"), "--json")
    listed = (await running.run("keys", "--json")).json
    assert (listed["running"], [one["connected"] for one in listed["keys"]]) == (True, [False])
    assert "is not connected" in (await running.run("list")).out
    with program(tmp_path / "echo", CODE, key_of(made)) as guest:
        guest.start(running.application.host)
        await up(running)
        (key,) = (await running.run("keys", "--json")).json["keys"]
        assert key["connected"]
        assert key["last_used"] is not None
        assert key["address"].startswith("127.0.0.1:")
        assert key["memory_bytes"] is None, "nobody knows which process speaks TCP"
        assert "connected, its memory is unknown" in (await running.run("keys")).out
        assert f"from {key['address']}, its memory is unknown" in (await running.run("info", "echo")).out
        (row,) = (await running.run("list", "--json")).json["plugins"]
        assert (row["id"], row["isolation"], row["running"]["state"]) == ("echo", "external", "active")
        assert "echo" in (await running.run("stats")).out
        assert (await running.run("logs", "echo")).code == 0

        gone = await running.run("keys", "revoke", "echo")
        assert gone.out == "1 key of echo revoked. Its connection has ended.\n"
        assert running.application.host.gate.connections.all() == {}
        assert await ended(guest) == 3
        assert (await running.run("list", "--json")).json["plugins"] == []


@pytest.mark.feature("J13", "C27")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SO_PEERCRED is Linux's")
async def test_what_a_program_uses_that_comes_by_the_unix_socket_is_told(running: Running, tmp_path: Path):
    made = await running.run("keys", "new", "echo", "--json")
    with program(tmp_path / "echo", CODE, key_of(made)) as guest:
        guest.start(running.application.host, by_socket=True)
        await up(running)
        assert re.search(r"connected, uses \d[\d.]* MiB", (await running.run("keys")).out)
        assert re.search(r"connected +from .*, uses \d[\d.]* MiB", (await running.run("info", "echo")).out)


@pytest.mark.feature("J27")
async def test_a_temporary_key_is_one_of_the_running_application(running: Running, tmp_path: Path):
    made = await running.run("keys", "new", "echo", "--temporary", "--json")
    with program(tmp_path / "echo", CODE, key_of(made)) as guest:
        guest.start(running.application.host)
        await up(running)
        assert (await running.run("keys", "--json")).json["keys"] == [], "it is kept nowhere"
        assert (await running.run("keys", "revoke", "echo")).out == "echo had no key.\n"
        assert await ended(guest) == 3


async def test_disabling_it_on_the_command_line_says_goodbye_and_enabling_lets_it_in(running: Running, tmp_path: Path):
    made = await running.run("keys", "new", "echo", "--json")
    with program(tmp_path / "echo", CODE, key_of(made)) as guest:
        guest.start(running.application.host)
        await up(running)
        assert (await running.run("disable", "echo")).code == 0
        assert running.application.host.gate.connections.all() == {}
        await running.run("enable", "echo")
        await up(running)
