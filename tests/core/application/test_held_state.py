"""An application that has something to write while another process writes the state log: it runs on, and waits."""

from __future__ import annotations

import asyncio
import json

import pytest
from jackfield.application import Application

from tests.core.application.test_probation import GOOD, install
from tests.support.held_state import held_state
from tests.support.profiles import hostfile
from tests.support.revoking import code_of, elsewhere, revoke, running
from tests.support.revoking import install as install_from
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

PROBATION_SECONDS = 0.7
WAIT_SECONDS = 0.3


@pytest.fixture
async def painter(tmp_path):
    """An application with a plugin that has just come up, and has proved itself in a moment."""
    async with running(tmp_path / "home", None, probation_seconds=PROBATION_SECONDS) as application:
        await install(application, build_plugin(tmp_path, "painter", "1.0.0", code=GOOD), isolation="inline")
        await application.reload()
        assert application.host.state.get("probation/painter") == "1.0.0"
        yield application


def proved(application: Application) -> list[str]:
    return [entry.why for entry in application.host.state.history() if "proved itself" in entry.why]


@pytest.mark.feature("C46")
async def test_who_has_proved_itself_meanwhile_is_so_once_the_other_is_done(painter):
    async with held_state(painter.layout.state):
        await asyncio.sleep(PROBATION_SECONDS + WAIT_SECONDS)
        assert painter.host.state.get("probation/painter") == "1.0.0"
    await until(lambda: painter.host.state.get("probation/painter") is None)
    assert proved(painter) == ["painter 1.0.0 proved itself"]


@pytest.mark.feature("C46")
async def test_who_had_its_time_while_its_next_version_was_installed_says_nothing_of_that(painter):
    async with held_state(painter.layout.state):
        await asyncio.sleep(PROBATION_SECONDS + WAIT_SECONDS)
        told = {"transaction": "t", "at": "2026-11-27T00:00:00.000+00:00", "by": "cli", "why": "install painter"}
        changes = [["probation/painter", "1.0.0", "2.0.0"]]
        with (painter.layout.state / "log.jsonl").open("a") as log:  # as the other process does, whose turn it is
            log.write(json.dumps({**told, "changes": changes, "reverts": []}) + "\n")
    await asyncio.sleep(WAIT_SECONDS)
    assert painter.host.state.get("probation/painter") == "2.0.0"
    assert proved(painter) == []


@pytest.mark.feature("C46")
async def test_a_probation_that_is_ended_meanwhile_leaves_nothing_to_be_written(painter):
    async with held_state(painter.layout.state):
        await asyncio.sleep(PROBATION_SECONDS + WAIT_SECONDS)
        stopping = asyncio.ensure_future(painter.probation.stop())
        await asyncio.sleep(WAIT_SECONDS)
        assert not stopping.done()
    await stopping
    written = painter.host.state.version()
    await asyncio.sleep(WAIT_SECONDS)
    assert painter.host.state.version() == written
    assert proved(painter) == ["painter 1.0.0 proved itself"]


@pytest.mark.feature("C36", "K19")
async def test_what_is_revoked_is_stopped_meanwhile_and_kept_once_the_other_is_done(market, tmp_path):
    market.publish("sleeper", code=code_of("sleeper"))
    async with running(tmp_path, market) as application:
        await install_from(application, "sleeper")
        revoke(market, "sleeper")
        async with held_state(application.layout.state):
            await elsewhere(application, market).check_updates()
            following = [asyncio.ensure_future(application.reload()) for _ in range(3)]
            await until(lambda: application.host.plugins.status("sleeper").state == "blocked")
            await asyncio.sleep(WAIT_SECONDS)
            assert application.management.revocation_events() == []
        await asyncio.gather(*following)
        (event,) = application.management.revocation_events()
        assert (event.by, event.plugin) == (market.url, "sleeper")


async def test_an_application_that_stops_meanwhile_writes_first_what_it_has_to(market, tmp_path):
    market.publish("walker", code=code_of("walker"))
    async with running(tmp_path, market) as application:
        await install_from(application, "walker")
        revoke(market, "walker")
        async with held_state(application.layout.state):
            await elsewhere(application, market).check_updates()
            await until(lambda: application.host.plugins.status("walker").state == "blocked")
            stopping = asyncio.ensure_future(application.stop())
            await asyncio.sleep(WAIT_SECONDS)
            assert not stopping.done()
        await stopping
        written = application.host.state.version()
        assert [one.plugin for one in application.management.revocation_events()] == ["walker"]
        await asyncio.sleep(WAIT_SECONDS)
        assert application.host.state.version() == written


@pytest.mark.parametrize("broken_off", [False, True], ids=["goes on", "is broken off"])
async def test_a_start_waits_with_what_it_tells_of_its_script_folders(tmp_path, broken_off):
    (scripts := tmp_path / "scripts").mkdir()
    application = Application("chat", home=tmp_path / "home", hostfile=hostfile(), script_folders=[scripts])
    application.host.state.change({"wish/nobody": True}, by="test")
    async with held_state(application.layout.state):
        starting = asyncio.ensure_future(application.start())
        await asyncio.sleep(WAIT_SECONDS)
        if broken_off:
            starting.cancel()
            await asyncio.sleep(WAIT_SECONDS)
        assert not starting.done()
    if broken_off:
        with pytest.raises(asyncio.CancelledError):
            await starting
    else:
        await starting
        await application.stop()
    written = application.host.state.version()
    await asyncio.sleep(WAIT_SECONDS)
    assert application.host.state.version() == written
    async with running(tmp_path / "home", None):
        pass  # whatever was held is free
