"""`jackfield bisect` beside an application that runs: what is asked about is what runs there."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.storage import Starts

from tests.core.cli.conftest import Ran
from tests.support.processes import clean_environment, script
from tests.support.profiles import Profile, hostfile
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

LEAVES_A_MARK = """
from pathlib import Path
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self): Path({mark!r}).touch()
    def on_disable(self): Path({mark!r}).unlink()
"""
QUIET = "from jackfield import Plugin\nclass Main(Plugin): pass\n"


class Running:
    def __init__(self, application: Application, home: Path) -> None:
        self.application = application
        self._environment = clean_environment(JACKFIELD_HOME=str(home))

    async def bisect(self, program: str, *options: str) -> Ran:
        words = [script("jackfield"), "--app", "chat", "bisect", "--command", program, *options, "--json"]
        done = await asyncio.to_thread(
            subprocess.run, words, env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
async def begin(tmp_path: Path, mark: Path) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    begun = []

    async def begin(*, safe: bool) -> Running:
        home = tmp_path / "home"
        application = Application("chat", home=home, hostfile=hostfile(), safe=safe)
        profile = Profile(application.layout)
        code = {"b": LEAVES_A_MARK.format(mark=str(mark))}
        profile.install(*(build_plugin(tmp_path / "wheels", name, code=code.get(name, QUIET)) for name in "abc"))
        profile.enable("a", "b", "c")
        await application.start()
        begun.append(application)
        return Running(application, home)

    yield begin
    for application in begun:
        await application.stop()


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """It is there while plugin b runs in the application: told at once, where a slow command would let it follow."""
    return tmp_path / "mark"


async def test_a_running_application_has_followed_before_a_command_is_run(begin, mark):
    running = await begin(safe=False)
    found = await running.bisect(f"! test -e {mark}")
    assert (found.code, json.loads(found.out)["culprit"]) == (0, "b"), found.err
    assert running.application.safe_mode is None


async def test_a_search_leaves_safe_mode_for_a_while_for_without_plugins_nothing_happens(begin, mark):
    """Else the culprit would be started again as soon as it was found."""
    running = await begin(safe=True)
    before = running.application.safe_mode
    assert before is not None
    found = await running.bisect(f"! test -e {mark}")
    assert (found.code, json.loads(found.out)["culprit"]) == (0, "b"), found.err
    assert Starts(running.application.layout.starts).safe_mode() == before
    plugins = running.application.host.plugins
    await until(lambda: running.application.safe_mode == before and not plugins.active())
    assert not mark.exists()
    assert all(running.application.management.state.get(f"wish/{plugin}") for plugin in "abc")


async def test_without_its_culprit_the_application_runs_on_and_safe_mode_is_over(begin, mark):
    running = await begin(safe=True)
    found = await running.bisect(f"! test -e {mark}", "--disable")
    assert (found.code, json.loads(found.out)["disabled"]) == (0, True), found.err
    assert Starts(running.application.layout.starts).safe_mode() is None
    for plugin in "ac":
        assert (await running.application.host.plugins.wait_for(plugin, timeout_seconds=20)).state == "active"
    assert not mark.exists()
    assert running.application.management.state.get("wish/b") is False
