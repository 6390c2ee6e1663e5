"""A worker that is replaced under load, and killed in the middle of it: the old one, the new one, at each callback."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest
from jackfield.errors import PluginError
from jackfield.storage import FILES

from tests.core.host.test_worker_replaced import CODE, DECLARES, Specs, load_on
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow

DIES = (
    CODE.replace(
        "class Main",
        """
def die(place):
    \"\"\"Be killed here, if there is a mark for it.\"\"\"
    import pathlib, signal
    for mark in pathlib.Path.home().glob(place):
        mark.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

class Main""",
    )
    .replace("    def on_load(self, previous):\n", '    def on_load(self, previous):\n        die("on_load")\n')
    .replace("    def on_enable(self):\n", '    def on_enable(self):\n        die("on_enable")\n')
    .replace("    async def on_disable(self):\n", '    async def on_disable(self):\n        die("on_disable")\n')
    .replace("    def on_unload(self):\n", '    def on_unload(self):\n        die("on_unload")\n')
)


@pytest.fixture
def worker(profile, build, running):
    async def start():
        profile.install(build("a", code=DIES, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        host = await running(specs=Specs())
        assert host.plugins.status("a").state == "active", host.plugins.status("a")
        return host

    return start


async def works(host) -> bool:
    speaker = Speaker()
    return await host.commands.dispatch("added 1000000", speaker) and speaker.answers == ["1000000"]


def twice(host_known: list[int]) -> list[int]:
    return [one for one in set(host_known) if host_known.count(one) > 1]


@pytest.mark.feature("J25", "M36")
@pytest.mark.parametrize("place", ["on_disable", "on_unload", "on_load", "on_enable"])
async def test_one_that_is_killed_while_it_is_replaced_leaves_the_plugin_at_work(worker, profile, place):
    host = await worker()
    (before,) = await host.call.process()
    load = load_on(host)
    await load.more()
    (profile.layout.data("a") / FILES / place).touch()
    is_new = place in ("on_disable", "on_unload")
    with nullcontext() if is_new else pytest.raises(PluginError, match="a was not reloaded: a was killed by SIGKILL"):
        await host.reload("a")
    await until(lambda: host.plugins.status("a").state == "active")
    await load.more()
    await load.stop()
    pids = await host.call.process()
    assert len(pids) == 1, "its hooks are there once"
    assert (pids == [before]) is not is_new, "a new one that dies leaves the one before at work"
    assert await works(host)
    for what in ("command", "added", "heard", "told"):
        assert twice((await host.call.known(what=what))[0]) == []
    if not is_new:
        assert load.wrong == []
        assert sorted((await host.call.known(what="heard"))[0]) == list(range(load.given["tick"]))
    await asyncio.sleep(0.5)
    assert host.plugins.status("a").state == "active"
    assert await host.call.process() == pids, "nothing is started once more"


@pytest.mark.feature("J25", "M36")
async def test_two_replacements_at_once_and_a_disabling_among_them(worker):
    host = await worker()
    load = load_on(host)
    await load.more()
    await asyncio.gather(*(host.reload("a") for _ in range(3)))
    await load.more()
    await load.stop()
    assert load.wrong == []
    assert sorted((await host.call.known(what="heard"))[0]) == list(range(load.given["tick"]))
    reloading = asyncio.gather(*(host.reload("a") for _ in range(2)), return_exceptions=True)
    await asyncio.sleep(0.05)
    await host.disable("a")
    await reloading
    assert host.plugins.status("a").state != "active"
    assert not await host.commands.dispatch("added 1", Speaker())
    assert await host.call.process() == []
    await host.enable("a")
    assert await works(host)
