"""What is revoked is stopped while it runs, does not start, is not installed."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jackfield.application import Application, RevocationWatch
from jackfield.errors import MarketUnreachable, PluginError
from jackfield.management import Management, diagnose
from jackfield.revocation import KeptList, Lists, now
from jackfield.store import Layout

from tests.support.profiles import hostfile
from tests.support.revoking import code_of, elsewhere, install, lives, revoke, running, written
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36", "K19")]


@pytest.mark.parametrize("severity", ["critical", "high"])
@pytest.mark.parametrize("isolation", ["worker", "inline"])
async def test_it_is_stopped_while_it_runs_when_another_process_learns_of_it(
    market, tmp_path, caplog, isolation, severity
):
    plugin = f"{isolation}-{severity}"
    market.publish(plugin, code=code_of(plugin), isolation=isolation)
    async with running(tmp_path, market) as application:
        await install(application, plugin)
        process = written(application, plugin, "process")
        assert process is not None
        assert (process == str(os.getpid())) == (isolation == "inline")
        told: list[str] = []
        application.host.plugins.on_change(lambda status: told.append(f"{status.id} {status.state}"))
        revoke(market, plugin, severity=severity)
        assert application.host.plugins.status(plugin).state == "active"  # nobody has told us yet
        (row,) = await elsewhere(application, market).check_updates()
        assert (row.new, row.id) == (None, plugin)
        await until(lambda: application.host.plugins.status(plugin).state == "blocked", timeout_seconds=30)
        status = application.host.plugins.status(plugin)
        assert status.problem == (
            f"was revoked by {market.url} ({severity}): It reads mail. Change passwords. Appeals: appeals@example.org"
        )
        assert row.revoked == f"1.0.0 {status.problem}"
        assert status.revoked == status.problem
        assert told[-1] == f"{plugin} blocked"
        # What does harm has no last word, and no process; what endangers may put its things away.
        assert (written(application, plugin, "last-words") is None) == (severity == "critical")
        if isolation == "worker":
            assert not lives(process)
        await until(lambda: bool(application.management.revocation_events()))
        (event,) = application.management.revocation_events()
        assert (event.by, event.plugin) == (market.url, plugin)
        assert f"{plugin} 1.0.0 was stopped: it was revoked by" in event.why
        assert f"REVOKED: {plugin} 1.0.0 was revoked by" in caplog.text


async def test_what_should_be_left_runs_on_and_says_so(market, tmp_path):
    market.publish("leave-it", code=code_of("leave-it"))
    async with running(tmp_path, market) as application:
        await install(application, "leave-it")
        revoke(market, "leave-it", severity="low")
        await elsewhere(application, market).check_updates()
        await until(lambda: "was revoked by" in application.host.plugins.status("leave-it").note)
        status = application.host.plugins.status("leave-it")
        assert (status.state, status.problem) == ("active", "")
        row = application.management.list()[0]
        assert row.revoked is not None
        assert (row.state, row.problem, row.revoked.stopped) == ("enabled", None, False)


async def test_it_does_not_start_with_the_last_list_while_nobody_answers(market, tmp_path, caplog):
    market.publish("sleeper", code=code_of("sleeper"))
    market.publish("needy", more='[requires]\nsleeper = "*"\n')
    async with running(tmp_path, market) as application:
        await install(application, "needy")
        root = application.layout.root
    revoke(market, "sleeper")
    await Management("chat", Layout(root), [market.url], hostfile()).check_updates()
    caplog.clear()
    async with running(tmp_path, None) as application:  # no marketplace is configured: nobody can be asked
        status = application.host.plugins.status("sleeper")
        assert (status.state, status.error) == ("blocked", "")
        assert "was revoked by" in status.problem
        needy = application.host.plugins.status("needy")
        assert needy.problem == f"needs sleeper, which {status.problem}"
        assert "REVOKED: sleeper 1.0.0 was revoked by" in caplog.text
        finding = next(one for one in _doctor(application) if one.kind == "revoked")
        assert (finding.plugin, "It reads mail" in finding.problem) == ("sleeper", True)
        assert "jackfield update sleeper, or jackfield remove sleeper" in finding.advice
        assert [one for one in _doctor(application) if one.kind == "old list"] == []
        _made_older(root, days=9)
        (old,) = [one for one in _doctor(application) if one.kind == "old list"]
        assert "9 days ago" in old.problem
        await application.reload()
        day = f"{now() - timedelta(days=9):%Y-%m-%d}"
        assert f"by its list of {day}" in application.host.plugins.status("sleeper").problem


async def test_a_list_that_is_damaged_is_told_and_the_application_starts(market, tmp_path, caplog):
    market.publish("plain", code=code_of("plain"))
    async with running(tmp_path, market) as application:
        await install(application, "plain")
        (path,) = Lists(application.layout.trust).paths()
    path.write_text("{")
    path.with_name("revoked.copy.json").write_text("{")
    async with running(tmp_path, market) as application:
        assert application.host.plugins.status("plain").state == "active"
        assert "what was revoked is not known" in caplog.text
        assert "is damaged" in next(one.problem for one in _doctor(application) if one.kind == "old list")
        assert await application.management.check_revocations() == {}
        assert [one for one in _doctor(application) if one.kind == "old list"] == []


@pytest.mark.parametrize("lost", [("revoked.json",), ("revoked.json", "revoked.copy.json")])
async def test_what_was_stopped_stays_so_where_its_list_is_damaged_and_nobody_answers(market, tmp_path, caplog, lost):
    plugin = f"lost{len(lost)}"
    market.publish(plugin, code=code_of(plugin))
    async with running(tmp_path, market) as application:
        await install(application, plugin)
        number = revoke(market, plugin)
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status(plugin).state == "blocked", timeout_seconds=30)
        (path,) = Lists(application.layout.trust).paths()
    for name in lost:
        path.with_name(name).write_text("{")
    async with running(tmp_path, market) as application:  # asks nobody at its start
        assert application.host.plugins.status(plugin).state == "blocked"
        assert "It reads mail" in application.host.plugins.status(plugin).problem
        assert f"{path} is damaged" in caplog.text
        (row,) = application.management.list()
        assert row.revoked is not None
        assert row.revoked.stopped
        application.management.allow_revoked(plugin, by="alice")
        await until(lambda: application.host.plugins.status(plugin).state == "active", timeout_seconds=60)
        application.management.end_allowance(plugin, by="alice")
        await until(lambda: application.host.plugins.status(plugin).state == "blocked", timeout_seconds=60)
        market.run("unrevoke", number)
        assert await application.management.check_revocations() == {}
        await until(lambda: application.host.plugins.status(plugin).state == "active", timeout_seconds=60)


async def test_a_library_is_revoked_and_who_runs_on_it_is_stopped(market, tmp_path):
    market.publish_library("paintlib", files={"paintlib/__init__.py": "PAINT = 'a library that is revoked later on'\n"})
    market.publish("painter", requires=["paintlib"], code="import paintlib\n" + code_of("painter"))
    market.publish("other", code=code_of("other"))
    async with running(tmp_path, market) as application:
        await install(application, "painter", "other")
        revoke(market, "paintlib")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("painter").state == "blocked", timeout_seconds=30)
        assert "needs the library paintlib 1.0.0, which was revoked by" in (
            application.host.plugins.status("painter").problem
        )
        assert application.host.plugins.status("other").state == "active"


async def test_an_application_asks_by_itself_and_one_that_was_never_met_is_not_met_so(market, tmp_path):
    market.publish("hourly", code=code_of("hourly"))
    async with running(tmp_path / "other", market) as application:
        assert await application.management.check_revocations() == {}
        assert Lists(application.layout.trust).kept() == ()
    async with running(tmp_path, market) as application:
        await install(application, "hourly")
        revoke(market, "hourly")
        watch = RevocationWatch(application.host, lambda: application.management, application.reload, every_seconds=0.1)
        _made_older(application.layout.root, days=1)
        watch.start()
        try:
            await until(lambda: application.host.plugins.status("hourly").state == "blocked", timeout_seconds=30)
        finally:
            await watch.stop()


async def test_a_round_that_cannot_even_begin_is_not_the_last(market, tmp_path, caplog):
    market.publish("patient", code=code_of("patient"))
    async with running(tmp_path, market) as application:
        await install(application, "patient")
        revoke(market, "patient")
        rounds = []

        def manages() -> Management:
            rounds.append(1)
            if len(rounds) == 1:
                raise OSError("no file can be opened now")
            return application.management

        watch = RevocationWatch(application.host, manages, application.reload, every_seconds=1)
        _made_older(application.layout.root, days=1)
        watch.start()
        try:
            await until(lambda: application.host.plugins.status("patient").state == "blocked", timeout_seconds=30)
        finally:
            await watch.stop()
    assert "nobody could be asked what was revoked" in caplog.text


async def test_who_does_not_answer_is_named_and_the_last_list_counts(market, tmp_path):
    market.publish("faithful", code=code_of("faithful"))
    async with running(tmp_path, market) as application:
        await install(application, "faithful")
        revoke(market, "faithful")
        await elsewhere(application, market).check_updates()
        (path,) = Lists(application.layout.trust).paths()
        kept = KeptList.load(path.parent)
        assert kept is not None
        nobody = Management("chat", application.layout, ["http://127.0.0.1:9"], hostfile())
        gone = path.parent.parent / "gone"
        gone.mkdir()
        failed = await nobody.check_revocations()
        assert failed == {}  # never met
        with pytest.raises(MarketUnreachable):
            await nobody.plan_install(["anything"])
        await until(lambda: application.host.plugins.status("faithful").state == "blocked", timeout_seconds=30)


async def test_what_is_revoked_is_not_installed_not_even_as_a_file_of_another_name(market, tmp_path):
    wheel = market.publish("spy", code=code_of("spy") + "\nSPY = 1\n")
    market.publish("spy", "1.1.0", code=code_of("spy") + "\nSPY = 0\n")
    revoke(market, "spy", "<1.1")
    async with running(tmp_path, market) as application:
        management = application.management
        with pytest.raises(
            PluginError, match=r"spy 1\.0\.0 was revoked by .* \(critical\): It reads mail\. Change"
        ) as told:
            await management.plan_install(["spy==1.0.0"])
        assert "jackfield allow-revoked spy" in (told.value.hint or "")
        plan = await management.plan_install(["spy"])
        assert [item.new_version for item in plan.added] == ["1.1.0"]
        with pytest.raises(PluginError, match=r"spy 1\.0\.0 was revoked by"):
            await management.plan_install([str(wheel)])
        renamed = build_plugin(tmp_path / "renamed", "friend", "9.0.0", code=code_of("spy") + "\nSPY = 1\n")
        with pytest.raises(PluginError, match=r"friend 9\.0\.0 was revoked by"):
            await management.plan_install([str(renamed)])
        honest = build_plugin(tmp_path / "honest", "friend", "9.0.0", code=code_of("spy") + "\nSPY = 2\n")
        assert (await management.plan_install([str(honest)])).added[0].new_version == "9.0.0"
        management.allow_revoked("spy", by="alice")
        assert (await management.plan_install(["spy==1.0.0"])).added[0].new_version == "1.0.0"


async def test_a_copy_under_another_name_that_was_there_before_is_stopped_too(market, tmp_path):
    """Its bytes are others, and nobody who revokes knows of it: it is known by the code in it."""
    market.publish("original", code=code_of("original"))
    copy = build_plugin(tmp_path / "copy", "copied", "9.0.0", code=code_of("original"))
    other = build_plugin(tmp_path / "copy", "ownwork", "9.0.0", code=code_of("ownwork"))
    async with running(tmp_path, market) as application:
        await install(application, "original")
        plan = await application.management.plan_install([str(copy), str(other)])
        await application.management.apply(plan, accept_permissions=True, by="tester")
        await application.reload()
        await application.host.plugins.wait_for("copied", timeout_seconds=60)
        number = revoke(market, "original")
        await elsewhere(application, market).check_updates()
        await until(lambda: application.host.plugins.status("copied").state == "blocked", timeout_seconds=30)
        assert application.host.plugins.status("ownwork").state == "active"
        (row,) = (row for row in application.management.list() if row.id == "copied")
        assert "was revoked by" in str(row.to_mapping()["revoked"])
        application.management.allow_revoked("copied", by="alice")
        await until(lambda: application.host.plugins.status("copied").state == "active", timeout_seconds=60)
        market.run("unrevoke", number)


def _doctor(application: Application) -> list[Any]:
    management = application.management
    return diagnose(management.layout, management.store, management.state, management.inventory)


def _made_older(root: Path, *, days: float) -> None:
    """Make every kept list look as if its marketplace had not been asked for some days."""
    for path in Lists(root / "trust").paths():
        values = json.loads(path.read_text())
        values["checked"] = f"{now() - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        path.write_text(json.dumps(values))
