"""An external plugin that comes again and again may do as much at once as one that stays."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from pathlib import Path

import pytest
from jackfield.host.remote.facets.turns import AT_ONCE
from jackfield.permissions import Permission

from tests.support.echo import an_open_house, gone, said, up
from tests.support.guests import House, answer_until_up, frame, manifest, program, status
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

HEARS = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    here = most = heard = 0

    async def on_enable(self):
        self.context.events.on("plugin:echo:news", self.hear)

    async def hear(self, event):
        self.heard += 1
        self.here += 1
        self.most = max(self.most, self.here)
        work = asyncio.create_task(asyncio.sleep(1))  # goes on, as a plain function does, if given up
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                pass
        self.here -= 1

    @command("heard")
    async def told(self, source):
        await source.reply(f"{self.heard} {self.most}")
"""

SENDS = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.sent = [asyncio.create_task(self.context.events.emit("news", {})) for _ in range(60)]
"""

EVENTS = '[[permissions]]\nresource = "events"\nactions = ["{}"]\nreason = "to know"\n'
FLOOD = "asked or sent too much over its connections before"
COMMANDS = '[contributes]\ncommands = [{ name = "heard" }]\n'


@pytest.mark.feature("J9", "C17")
async def test_events_of_all_its_connections_have_their_turns_together(tmp_path: Path):
    wheel = build_plugin(
        tmp_path, "victim", code=HEARS, permissions=EVENTS.format("listen"), more=COMMANDS, isolation="worker"
    )
    house = House(tmp_path)
    house.profile.install(wheel)
    house.profile.enable("victim", isolation="worker", permissions=(Permission("events", ("listen",)),))
    key = house.know(text=manifest(more=EVENTS.format("emit")))
    await house.host.start()

    async def heard() -> list[int]:
        speaker = Speaker()
        assert await house.host.commands.dispatch("heard", speaker)
        return [int(one) for one in speaker.answers[0].split()]

    try:
        before = 0
        for _ in range(2):
            with program(tmp_path / "echo", SENDS, key) as guest:
                guest.start(house.host)
                await until(lambda: status(house.host).state.runs_code)
                while (now := (await heard())[0]) == before:  # noqa: ASYNC110  # told by another process
                    await asyncio.sleep(0.02)
                before = now
            await until(lambda: not status(house.host).state.runs_code)
        assert (await heard())[1] <= AT_ONCE
    finally:
        await house.host.stop()


@pytest.mark.feature("J24", "C27")
async def test_what_it_asks_is_counted_over_all_its_connections(tmp_path: Path):
    """None of them is there when it is looked how much it asks: each goes as soon as it has asked."""
    async with an_open_house(tmp_path) as house:
        key = house.know(text=manifest(more="[limits]\nrequests = 10\n"))

        def come_and_go() -> None:
            with house.knock() as connection:
                connection.sendall(frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
                answer_until_up(connection)
                connection.sendall(frame(4, "log", {"level": 20, "message": "x"}) * 200)

        for _ in range(40):  # it may be late, and looked at while it is there
            with contextlib.suppress(OSError):  # it is refused
                await asyncio.to_thread(come_and_go)
            await gone(house.host)
            if FLOOD in status(house.host).note:
                break
        assert FLOOD in status(house.host).note


@pytest.mark.feature("J24", "K15")
async def test_its_lines_of_log_are_counted_over_all_its_connections(tmp_path: Path):
    most = 2 * 5  # its own side lets through half of that
    async with an_open_house(tmp_path) as house:
        key = house.know(text=manifest(more="[limits]\nlog = 5\n"))
        began, let_in = time.monotonic(), 0
        while let_in < 6:
            with house.knock() as connection:
                connection.sendall(frame(0, "jackfield", 1, 1, 1 << 20, {"key": key}))
                try:
                    await asyncio.to_thread(answer_until_up, connection)
                except ConnectionResetError:  # its last start took long, on a busy machine: it stays away as long
                    continue
                let_in += 1
                await up(house.host)
                connection.sendall(frame(4, "log", {"level": 40, "message": "mine"}) * 2 * most)
                connection.shutdown(socket.SHUT_WR)
                await gone(house.host)
        seconds = int(time.monotonic() - began)
        assert said(house.host).count("mine") <= most * (seconds + 1)
        assert "echo writes more than 10 lines of log a second; the rest is dropped" in said(house.host)
