"""Workers that end by themselves before their plugin is active: named, tried again with patience, left down at last."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from jackfield.errors import PluginError
from jackfield.host import Host
from jackfield.storage import FILES

from tests.support.frail import Specs, told
from tests.support.processes import is_there
from tests.support.waiting import until

pytestmark = pytest.mark.slow

DYING = """
import os, pathlib, signal
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

def die(place):
    \"\"\"End here, as often as there is a mark for it.\"\"\"
    for mark in sorted(pathlib.Path.home().glob(place + "-*")):
        mark.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

die("import")

class Main(Plugin):
    def on_load(self, previous):
        die("on_load")

    async def on_enable(self):
        die("on_enable")

    @hookimpl
    async def process(self):
        return os.getpid()
"""

STEPS = {
    "import": "while it was loaded",
    "on_load": "while it was loaded",
    "on_enable": "in on_enable",
}


@pytest.fixture
async def dying(profile, build) -> AsyncIterator[Callable[[str, int], Awaitable[tuple[Host, list[str]]]]]:
    """Start a host with a worker that is killed so often at a place, and say what was told of it."""
    started: list[Host] = []

    async def start(place: str, times: int) -> tuple[Host, list[str]]:
        profile.install(build("weather", code=DYING, isolation="worker"))
        profile.enable("weather", isolation="worker")
        home = profile.layout.data("weather") / FILES
        home.mkdir(parents=True)
        for number in range(times):
            (home / f"{place}-{number}").touch()
        host = profile.host(specs=Specs())
        started.append(host)
        said = told(host)
        await host.start()
        return host, said

    yield start
    for host in started:
        await host.stop()


@pytest.mark.feature("J25")
@pytest.mark.parametrize("place", STEPS)
async def test_one_that_is_killed_while_it_starts_is_named_and_comes_back(dying, place):
    host, said = await dying(place, 2)
    await until(lambda: host.plugins.status("weather").state == "active")
    assert {one for one in said if one.startswith("failed")} == {
        f"failed: weather was killed by SIGKILL ({STEPS[place]})"
    }
    assert host.plugins.status("weather").errors == 2
    assert len(await host.call.process()) == 1


@pytest.mark.feature("J25", "J26")
async def test_one_that_is_killed_at_each_start_is_left_down_until_its_user_enables_it(dying):
    host, said = await dying("on_enable", 5)
    await until(lambda: "ended 5 times within a minute" in host.plugins.status("weather").note)
    status = host.plugins.status("weather")
    assert status.state == "failed"
    assert not status.comes_back
    with pytest.raises(PluginError, match=r"weather is failed: .*was killed by SIGKILL"):
        await host.plugins.wait_for("weather")
    assert status.errors == 5
    assert "failed: weather was killed by SIGKILL (in on_enable)" in said
    await host.enable("weather")
    assert host.plugins.status("weather").state == "active"


async def test_one_whose_code_fails_is_not_tried_again(profile, build, running):
    profile.install(build("weather", code="1 / 0", isolation="worker"))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    status = host.plugins.status("weather")
    assert (status.state, status.comes_back) == ("failed", False)


@pytest.mark.feature("J25")
async def test_a_dead_worker_is_noticed_though_a_process_of_its_own_holds_its_line(profile, build, running):
    """Only where nothing confines it can a plugin leave one behind, out of the group that ends with it."""
    code = DYING.replace(
        'die("on_enable")',
        "if (child := os.fork()) == 0:\n            os.close(1); os.close(2)\n            signal.pause()\n"
        "        os.setpgid(child, child)\n"
        '        pathlib.Path.home().joinpath("child").write_text(str(child))',
    )
    profile.install(build("weather", code=code, isolation="worker"))
    profile.enable("weather", isolation="process")
    host = await running(specs=Specs())
    said = told(host)
    (pid,) = await host.call.process()
    left = profile.layout.data("weather") / FILES / "child"
    child = int(left.read_text())
    try:
        os.kill(pid, signal.SIGKILL)
        await until(lambda: said[:1] == ["failed: weather was killed by SIGKILL"])
        await until(lambda: host.plugins.status("weather").state == "active")
        assert is_there(child)
    finally:
        for one in {child, int(left.read_text())}:
            os.kill(one, signal.SIGKILL)
