"""Looking for updates by timer and on demand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from jackfield.errors import MarketUnreachable
from jackfield.management import Update, UpdateSchedule

from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


@pytest.mark.feature("C41")
async def test_it_looks_at_once_then_by_timer_and_on_demand(market, manage):
    market.publish("scheduled")
    management = manage(market.url)
    plan = await management.plan_install(["scheduled"])
    await management.apply(plan, accept_permissions=True, by="tester")
    market.publish("scheduled", "1.1.0")
    rounds: asyncio.Queue[list[Update]] = asyncio.Queue()
    schedule = UpdateSchedule(management, rounds.put_nowait, every_seconds=0.2)
    schedule.start()
    try:
        for _ in range(3):
            (update,) = await asyncio.wait_for(rounds.get(), 20)
            assert (update.id, update.new) == ("scheduled", "1.1.0")
    finally:
        await schedule.stop()
    assert [update.new for update in await schedule.check()] == ["1.1.0"]


async def test_a_round_of_yesterday_counts_after_a_restart(market, manage):
    now = 1_000_000.0
    rounds: list[list[Update]] = []
    management = manage(market.url)
    schedule = UpdateSchedule(management, rounds.append, clock=lambda: now)
    await schedule.check()
    schedule = UpdateSchedule(management, rounds.append, clock=lambda: now + 3600)
    assert schedule.due_in_seconds() == 23 * 3600
    schedule = UpdateSchedule(management, rounds.append, clock=lambda: now - 10 * 365 * 86400)
    assert schedule.due_in_seconds() == 24 * 3600
    assert rounds == [[]]


@pytest.fixture
def warnings() -> Iterator[asyncio.Queue[str]]:
    """What the schedule logs."""
    said: asyncio.Queue[str] = asyncio.Queue()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.put_nowait(record.getMessage())

    handler = Handler()
    logging.getLogger("jackfield.management").addHandler(handler)
    yield said
    logging.getLogger("jackfield.management").removeHandler(handler)


async def test_a_marketplace_that_is_down_is_tried_again_later(manage, unused_url, warnings, tmp_path):
    management = manage(unused_url)
    plan = await manage().plan_install([str(build_plugin(tmp_path, "local"))])
    await management.apply(plan, accept_permissions=True, by="tester")
    source = management.layout.generations / "1" / "workers" / "pylock.local.toml"
    source.write_text(source.read_text().replace('source = "file"', f'source = "{unused_url}"'))
    rounds: list[list[Update]] = []
    schedule = UpdateSchedule(management, rounds.append, retry_seconds=0.01, draw=lambda: 0.0)
    with pytest.raises(MarketUnreachable):
        await schedule.check()
    schedule.start()
    try:
        for _ in range(2):
            assert "cannot be reached" in await asyncio.wait_for(warnings.get(), 20)
    finally:
        await schedule.stop()
    assert rounds == []


@pytest.mark.feature("C41")
async def test_a_listener_that_fails_ends_no_later_round(market, manage, warnings):
    told: asyncio.Queue[None] = asyncio.Queue()

    def fail(updates: list[Update]) -> None:
        told.put_nowait(None)
        raise RuntimeError("the listener went wrong")

    schedule = UpdateSchedule(manage(market.url), fail, every_seconds=0.01, retry_seconds=0.01)
    schedule.start()
    try:
        for _ in range(2):
            await asyncio.wait_for(told.get(), 20)
            assert await asyncio.wait_for(warnings.get(), 20) == "no update check"
    finally:
        await schedule.stop()


@pytest.mark.feature("C41")
def test_rounds_are_spread_so_that_machines_do_not_ask_together(manage):
    def later(drawn: float, due: float) -> float:
        return UpdateSchedule(manage(), lambda updates: None, draw=lambda: drawn).later_seconds(due)

    assert later(0.0, 3600.0) == later(0.0, 0.0) == 0.0
    assert later(1.0, 3600.0) == 2.4 * 3600
    assert later(1.0, 0.0) == 60.0, "one that is overdue waits a minute at most"
