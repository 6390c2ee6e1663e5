"""The user of what was revoked may run it for a day, and is told; then it is stopped again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from jackfield.revocation import ALLOWED, Allowance, allowances, now

from tests.support.revoking import code_of, elsewhere, install, revoke, running
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36", "K19")]


async def test_its_user_may_run_it_for_a_day_and_is_told_at_each_start(market, tmp_path, caplog):
    market.publish("wanted", code=code_of("wanted"))
    async with running(tmp_path, market) as application:
        await install(application, "wanted")
        revoke(market, "wanted")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("wanted").state == "blocked", timeout_seconds=30)
        report = elsewhere(application, market).allow_revoked("Wanted", by="alice")
        assert (report.stopped, report.allowed_until is not None) == (False, True)
        await until(lambda: application.host.plugins.status("wanted").state == "active", timeout_seconds=30)
        note = application.host.plugins.status("wanted").note
        assert note.startswith(f"runs until {report.allowed_until} though it was revoked by")
    caplog.clear()
    async with running(tmp_path, market) as application:
        assert application.host.plugins.status("wanted").state == "active"
        assert f"REVOKED: wanted 1.0.0 runs until {report.allowed_until} though it was revoked by" in caplog.text
        row = application.management.list()[0]
        assert row.revoked is not None
        assert (row.state, row.revoked.allowed_until) == ("enabled", report.allowed_until)
        events = [(event.by, event.why.partition(" ")[0]) for event in application.management.revocation_events()]
        assert ("alice", "wanted") in events
        # What is revoked after that the user has not read.
        revoke(market, "wanted", "==1.0.0")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("wanted").state == "blocked", timeout_seconds=30)


async def test_after_its_day_a_running_application_stops_it_again(market, tmp_path):
    market.publish("brief", code=code_of("brief"))
    async with running(tmp_path, market) as application:
        await install(application, "brief")
        revoke(market, "brief")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("brief").state == "blocked", timeout_seconds=30)
        elsewhere(application, market).allow_revoked("brief", by="alice")
        day = allowances(application.host.state.items(ALLOWED))["brief"]
        soon = Allowance(f"{now() + timedelta(seconds=3):%Y-%m-%dT%H:%M:%SZ}", day.keys)
        application.host.state.change({f"{ALLOWED}brief": soon.to_mapping()}, by="alice", why="for a moment")
        await application.reload()
        assert application.host.plugins.status("brief").state == "active"
        await until(lambda: application.host.plugins.status("brief").state == "blocked", timeout_seconds=30)


async def test_a_day_can_be_ended_and_what_is_not_revoked_any_more_runs(market, tmp_path):
    market.publish("cleared", code=code_of("cleared"))
    async with running(tmp_path, market) as application:
        await install(application, "cleared")
        number = revoke(market, "cleared")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("cleared").state == "blocked", timeout_seconds=30)
        management = elsewhere(application, market)
        management.allow_revoked("cleared", by="alice")
        await application.reload()
        assert application.host.plugins.status("cleared").state == "active"
        assert management.end_allowance("cleared", by="alice")
        assert not management.end_allowance("cleared", by="alice")
        await application.reload()
        assert application.host.plugins.status("cleared").state == "blocked"
        market.run("unrevoke", number)
        await management.check_updates()
        await until(lambda: application.host.plugins.status("cleared").state == "active", timeout_seconds=30)
        assert application.host.plugins.status("cleared").revoked == ""
        await until(lambda: "cleared is not revoked any more" in application.management.revocation_events()[0].why)
