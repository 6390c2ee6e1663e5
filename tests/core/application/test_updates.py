"""An application that runs looks for updates by itself, and its start pays nothing for it (C41)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from jackfield.application import Application, UpdateWatch
from jackfield.errors import StoreError
from jackfield.management import Management, Update

from tests.support.marketplace import running_marketplace
from tests.support.profiles import hostfile


@pytest.mark.slow
@pytest.mark.feature("C41")
async def test_it_tells_what_each_round_found(tmp_path: Path) -> None:
    rounds: asyncio.Queue[Sequence[Update]] = asyncio.Queue()
    with running_marketplace(tmp_path) as market:
        market.publish("greeter")
        application = Application(
            "chat",
            home=tmp_path / "home",
            hostfile=hostfile(),
            marketplaces=(market.url,),
            updates_every_seconds=0.2,
            on_updates=rounds.put_nowait,
        )
        await application.start()
        try:
            assert await asyncio.wait_for(rounds.get(), 20) == []
            plan = await application.management.plan_install(["greeter"])
            await application.management.apply(plan, accept_permissions=True, by="test")
            market.publish("greeter", "1.1.0")
            async with asyncio.timeout(20):
                while not (found := await rounds.get()):
                    pass
            assert [(one.id, one.new) for one in found] == [("greeter", "1.1.0")]
        finally:
            await application.stop()


async def test_a_start_neither_asks_nor_loads_what_asks(tmp_path: Path) -> None:
    marketplaces = ("http://127.0.0.1:9",)
    application = Application(
        "chat", home=tmp_path, hostfile=hostfile(), marketplaces=marketplaces, updates_every_seconds=86400
    )
    await application.start()
    await asyncio.sleep(0)
    assert "management" not in vars(application)
    await application.stop()


async def test_what_cannot_begin_is_logged_and_nothing_else_happens(caplog: pytest.LogCaptureFixture) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def damaged() -> Management:
        loop.call_soon_threadsafe(asked.set)
        raise StoreError("the state log is damaged")

    watch = UpdateWatch(damaged, lambda updates: None, every_seconds=0.01)
    with caplog.at_level(logging.ERROR):
        watch.start()
        await asyncio.wait_for(asked.wait(), 20)
        await watch.stop()
        await watch.stop()


async def test_an_application_without_marketplaces_looks_for_nothing(tmp_path: Path) -> None:
    application = Application("chat", home=tmp_path, hostfile=hostfile(), updates_every_seconds=0.001)
    await application.start()
    await asyncio.sleep(0.02)
    assert "management" not in vars(application)
    await application.stop()
