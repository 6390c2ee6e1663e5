"""A new version that fails within its probation takes its change back by itself, says why, and is not taken again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jackfield.application import Application
from jackfield.errors import PluginError
from jackfield.management import diagnose, on_probation
from jackfield.permissions import Choice

from tests.support.processes import clean_environment
from tests.support.profiles import hostfile
from tests.support.waiting import until
from tests.support.wheels import WheelSource, build_plugin, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "C46", "U10")]

GOOD = "from jackfield import Plugin\nclass Main(Plugin):\n    pass\n"
HEAD = "import os, time\nfrom jackfield import Plugin\n"
FAILURES = {
    "import": ("raise ImportError('no paint')\n", "ImportError: no paint (while it was loaded)"),
    "load": ("class Main(Plugin):\n    def on_load(self, previous): 1 / 0\n", "while it was loaded"),
    "enable": ("class Main(Plugin):\n    def on_enable(self): raise ValueError('no paint')\n", "ValueError: no paint"),
    "health": (
        "class Main(Plugin):\n    async def on_health(self): return 'the paint is dry'\n",
        "the paint is dry",
    ),
    "health raises": ("class Main(Plugin):\n    def on_health(self): 1 / 0\n", "(in on_health)"),
}


@asynccontextmanager
async def running(home: Path, **options: Any) -> AsyncIterator[Application]:
    application = Application("chat", home=home, hostfile=hostfile(), **options)
    await application.start()
    try:
        yield application
    finally:
        await application.stop()


async def install(application: Application, *wheels: Path, isolation: Choice | None = None) -> None:
    """Install as another process would, with a yes to everything."""
    plan = await application.management.plan_install([str(wheel) for wheel in wheels])
    await application.management.apply(plan, accept_permissions=True, by="tester")
    if isolation is not None:
        for item in plan.added:
            moved = await application.management.plan_isolation(item.id or "", isolation)
            await application.management.apply(moved, accept_permissions=True, by="tester")


def version_of(application: Application, plugin: str = "painter") -> str | None:
    return next((row.version for row in application.management.list() if row.id == plugin), None)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.mark.parametrize("isolation", ["inline", pytest.param("worker", marks=pytest.mark.slow)])
@pytest.mark.parametrize("failure", FAILURES)
async def test_a_version_that_fails_is_rolled_back_and_the_former_one_runs(tmp_path, wheels, failure, isolation):
    code, told = FAILURES[failure]
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "painter", "1.0.0", code=GOOD), isolation=isolation)
        await application.reload()
        await application.host.plugins.wait_for("painter", timeout_seconds=30)
        await install(application, build_plugin(wheels, "painter", "2.0.0", code=HEAD + code))
        await application.reload()
        plugins = application.host.plugins
        await until(lambda: plugins.status("painter").version == "1.0.0", timeout_seconds=30)
        await plugins.wait_for("painter", timeout_seconds=30)
        (failed,) = application.management.failed()
        assert (failed.plugin, failed.version, failed.back_to) == ("painter", "2.0.0", "1.0.0")
        assert told in failed.why
        newest = application.management.history()[0]
        assert newest.what == 'roll back to before "install painter"'
        assert newest.by == "Chat by itself"
        assert told in newest.why
        finding = next(one for one in _doctor(application) if one.kind == "rolled back")
        assert finding.plugin == "painter"
        assert told in finding.problem


async def test_a_version_is_asked_at_once_also_where_it_was_installed_while_the_former_came_up(tmp_path, wheels):
    may_go_on = tmp_path / "may go on"
    slow = (
        "import asyncio, pathlib\nfrom jackfield import Plugin\nclass Main(Plugin):\n    async def on_enable(self):\n"
        f"        while not pathlib.Path({str(may_go_on)!r}).exists():\n            await asyncio.sleep(0.01)\n"
    )
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "painter", "1.0.0", code=slow), isolation="inline")
        coming_up = asyncio.ensure_future(application.reload())
        await until(lambda: [one.state for one in application.host.plugins] == ["loaded"])
        await install(application, build_plugin(wheels, "painter", "2.0.0", code=HEAD + FAILURES["health"][0]))
        may_go_on.touch()
        await coming_up
        await application.reload()
        # Long before it would be asked a second time.
        await until(lambda: version_of(application) == "1.0.0", timeout_seconds=20)
        assert application.management.failed()[0].why == "the paint is dry"


async def test_a_plugin_that_never_worked_is_taken_out_again(tmp_path, wheels, caplog):
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "painter", code=HEAD + FAILURES["enable"][0]))
        await application.reload()
        assert application.management.list() == []
        assert application.management.failed()[0].back_to is None
        assert application.management.state.items("wish/") == {}
        assert application.management.state.items("grants/") == {}
        assert "painter 1.0.0 was taken out again: ValueError: no paint (in on_enable)" in caplog.text


async def test_whoever_goes_back_with_it_is_named_and_can_come_again(tmp_path, wheels, caplog):
    """What came later was never tried without it, so it goes too; its user is told so."""
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "before", code=GOOD))
        await install(application, build_plugin(wheels, "painter", code=HEAD + FAILURES["enable"][0]))
        later = build_plugin(wheels, "later", code=GOOD)
        await install(application, later)
        await application.reload()
        assert [row.id for row in application.management.list()] == ["before"]
        (failed,) = application.management.failed()
        assert (failed.plugin, failed.along) == ("painter", ("later 1.0.0",))
        assert "later 1.0.0 was taken out again: it came with painter, which failed, or later" in caplog.text
        assert failed.outcome.endswith("; later 1.0.0, which came with it or later, went too")
        assert next(one for one in _doctor(application) if one.kind == "rolled back").problem.endswith(" went too")
        await install(application, later)
        await application.reload()
        assert application.host.plugins.status("later").state == "active"


async def test_what_failed_is_not_taken_again_until_it_is_released(tmp_path, wheels):
    bad = build_plugin(wheels, "painter", "2.0.0", code=HEAD + FAILURES["enable"][0])
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "painter", "1.0.0", code=GOOD))
        await install(application, bad)
        await application.reload()
        management = application.management
        with pytest.raises(PluginError, match=r"painter 2\.0\.0 failed here and is held back: ValueError: no paint"):
            await management.plan_install([str(bad)])
        mended = build_plugin(tmp_path / "mended", "painter", "2.0.0", code=GOOD)
        assert (await management.plan_install([str(mended)])).changed[0].new_version == "2.0.0"
        assert management.release("painter", by="tester")
        assert not management.release("painter", by="tester")
        assert (await management.plan_install([str(bad)])).changed[0].new_version == "2.0.0"


async def test_who_runs_long_enough_has_proved_itself_and_may_fail_later(tmp_path, wheels):
    async with running(tmp_path / "home", probation_seconds=0.05) as application:
        await install(application, build_plugin(wheels, "painter", code=GOOD))
        assert on_probation(application.host.state) == {"painter": "1.0.0"}
        await application.reload()
        await until(lambda: not on_probation(application.host.state))
        report = await application.management.rollback(by="tester")
        assert report.kept == ()  # that the probation is over is nothing to tell
        assert on_probation(application.host.state) == {}


async def test_the_library_that_broke_a_plugin_goes_back_with_its_change(tmp_path, wheels):
    """One state: the plugin's own library in its process, its version and its grant go back together."""
    for version in ("1.0.0", "2.0.0"):
        code = "VALUE = 1\n" if version == "1.0.0" else "raise ImportError('the new library is broken')\n"
        WheelSource("paintlib", version, files={"paintlib.py": code}).build(wheels / version)
        source = plugin_source(
            "painter", version, code=HEAD + "import paintlib\nclass Main(Plugin):\n    pass\n", isolation="worker"
        )
        source.requires = [f"paintlib=={version}"]
        source.build(wheels / version)
    async with running(tmp_path / "home") as application:
        from tests.support.profiles import Profile

        profile = Profile(application.layout)
        first, second = (sorted((wheels / version).glob("*.whl")) for version in ("1.0.0", "2.0.0"))
        assert [wheel.name.split("-")[0] for wheel in first] == ["chat_painter", "paintlib"]
        profile.install_apart([], {"painter": first})
        profile.enable("painter", isolation="worker")
        await application.reload()
        await application.host.plugins.wait_for("painter", timeout_seconds=30)
        before = profile.state.items()
        profile.install_apart([], {"painter": second}, changes={"probation/painter": "2.0.0", "wish/other": True})
        await application.reload()
        status = await application.host.plugins.wait_for("painter", timeout_seconds=30)
        assert status.version == "1.0.0"
        active = profile.store.active()
        assert [(pin.distribution, pin.version) for pin in active.workers["painter"]] == [
            ("chat-painter", "1.0.0"),
            ("paintlib", "1.0.0"),
        ]
        after = {key: value for key, value in profile.state.items().items() if not key.startswith("failed/")}
        assert after == before


async def test_a_worker_that_keeps_crashing_is_rolled_back_and_its_first_ends_are_forgiven(tmp_path, wheels):
    dies = "import asyncio\nclass Main(Plugin):\n    def on_enable(self):\n"
    dies += "        self.context.scheduler.after(0.05, lambda: os._exit(9))\n"
    async with running(tmp_path / "home") as application:
        await install(application, build_plugin(wheels, "painter", "1.0.0", code=GOOD, isolation="worker"))
        await application.reload()
        await application.host.plugins.wait_for("painter", timeout_seconds=30)
        await install(application, build_plugin(wheels, "painter", "2.0.0", code=HEAD + dies, isolation="worker"))
        ends = []
        application.host.plugins.on_change(lambda status: ends.append(status) if status.state == "failed" else None)
        await application.reload()
        await until(application.management.failed, timeout_seconds=60)  # the state comes after the pointer
        assert version_of(application) == "1.0.0"
        assert any(status.comes_back for status in ends), "the first ends are followed by another start"
        (failed,) = application.management.failed()
        assert failed.why.endswith("its process ended 5 times within a minute")  # and nothing starts it again


async def test_a_version_that_blocks_the_event_loop_is_rolled_back(tmp_path, wheels):
    blocks = "class Main(Plugin):\n    def on_enable(self):\n"
    blocks += "        self.context.scheduler.every(0.01, self.block)\n"
    blocks += "    async def block(self): time.sleep(0.6)\n"
    async with running(tmp_path / "home", watchdog_seconds=0.2) as application:
        await install(application, build_plugin(wheels, "painter", "1.0.0", code=GOOD), isolation="inline")
        await application.reload()
        await install(application, build_plugin(wheels, "painter", "2.0.0", code=HEAD + blocks))
        await application.reload()
        await until(application.management.failed, timeout_seconds=60)  # the state comes after the pointer
        assert version_of(application) == "1.0.0"
        (failed,) = application.management.failed()
        assert "painter 2.0.0 blocked the event loop" in failed.why


PROGRAM = """
import asyncio, sys
from pathlib import Path
from jackfield.application import Application
from tests.support.profiles import hostfile

async def main():
    application = Application("chat", home=Path(sys.argv[1]), hostfile=hostfile())
    await application.start()
    await asyncio.sleep(float(sys.argv[2]))
    print([f"{one.id} {one.version}" for one in application.host.plugins.active()], application.safe_mode is not None)
    await application.stop()

asyncio.run(main())
"""


def begin(home: Path, seconds: float = 0.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home), str(seconds)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean_environment(),
        cwd=Path(__file__).parents[3],
    )


async def test_two_starts_that_a_new_version_kills_lead_back_and_not_to_safe_mode(tmp_path, wheels):
    application = Application("chat", home=tmp_path, hostfile=hostfile())  # never started: as the command line
    await install(application, build_plugin(wheels, "good"), build_plugin(wheels, "painter", "1.0.0", code=GOOD))
    application.host.state.change({"probation/good": None, "probation/painter": None}, by="test")
    kills = HEAD + "class Main(Plugin):\n    def on_enable(self): os._exit(7)\n"
    await install(application, build_plugin(wheels, "painter", "2.0.0", code=kills), isolation="inline")
    moved = await application.management.plan_isolation("painter", "inline")
    await application.management.apply(moved, accept_permissions=True, by="tester")
    assert [begin(tmp_path).returncode for _ in range(2)] == [7, 7]
    third = begin(tmp_path)
    assert third.stdout == "['good 1.0.0', 'painter 1.0.0'] False\n", third.stderr
    assert "painter 2.0.0 was rolled back to 1.0.0" in third.stderr
    (failed,) = application.management.failed()
    assert failed.why.startswith("the last 2 starts did not come through")


async def test_what_was_installed_without_the_application_is_judged_at_its_next_start(tmp_path, wheels):
    application = Application("chat", home=tmp_path, hostfile=hostfile())
    await install(application, build_plugin(wheels, "painter", "1.0.0", code=GOOD))
    await install(application, build_plugin(wheels, "painter", "2.0.0", code=HEAD + FAILURES["enable"][0]))
    assert begin(tmp_path, 1.5).stdout == "['painter 1.0.0'] False\n"
    assert application.management.failed()[0].version == "2.0.0"


def _doctor(application: Application) -> list[Any]:
    management = application.management
    return diagnose(management.layout, management.store, management.state, management.inventory)
