"""A host that has something to write while another process writes the state log: it waits, and its loop does not."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.held_state import held_state
from tests.support.wheels import manifest_text

PLAIN = "from jackfield import Plugin\nclass Main(Plugin):\n    pass\n"
SHAPES = """
from jackfield import Plugin
class Main(Plugin):
    async def on_migrate(self, old, new):
        (self.context.data_dir / "note").write_text(f"{old} to {new}")
"""
WAIT_SECONDS = 0.15


@pytest.mark.feature("K20", "K21")
async def test_a_wish_is_kept_once_the_other_is_done_and_followed_then(profile, build, running):
    profile.install(build("poll", code=PLAIN))
    profile.enable("poll")
    host = await running()
    plugins = host.plugins
    async with held_state(profile.layout.state):
        doing = asyncio.ensure_future(host.disable("poll", by="alice"))
        await asyncio.sleep(WAIT_SECONDS)
        assert (doing.done(), plugins.status("poll").state, host.state.get("wish/poll")) == (False, "active", True)
    assert str((await doing).state) == "idle"
    async with held_state(profile.layout.state):
        doing = asyncio.ensure_future(host.enable("poll", by="alice"))
        await asyncio.sleep(WAIT_SECONDS)
        assert (doing.done(), plugins.status("poll").state) == (False, "idle")
    assert str((await doing).state) == "active"
    assert [entry.why for entry in host.state.history()][-2:] == ["disable poll", "enable poll"]


async def test_two_wishes_are_kept_in_the_order_in_which_they_were_said(profile, build, running):
    profile.install(build("poll", code=PLAIN))
    profile.enable("poll")
    host = await running()
    async with held_state(profile.layout.state):
        off = asyncio.ensure_future(host.disable("poll", by="alice"))
        on = asyncio.ensure_future(host.enable("poll", by="bob"))
        await asyncio.sleep(WAIT_SECONDS)
    await asyncio.gather(off, on)
    assert host.state.get("wish/poll") is True
    assert [entry.by for entry in host.state.history()][-2:] == ["alice", "bob"]


async def test_a_host_that_stops_keeps_what_was_wished_first_and_writes_nothing_afterwards(profile, build, running):
    profile.install(build("poll", code=PLAIN))
    profile.enable("poll")
    host = await running()
    async with held_state(profile.layout.state):
        doing = asyncio.ensure_future(host.disable("poll", by="alice"))
        await asyncio.sleep(WAIT_SECONDS)
        doing.cancel()  # whoever wished it is gone
        stopping = asyncio.ensure_future(host.stop())
        await asyncio.sleep(WAIT_SECONDS)
        assert not stopping.done()
    await stopping
    written = host.state.version()
    assert host.state.get("wish/poll") is False
    await asyncio.sleep(WAIT_SECONDS)
    assert host.state.version() == written


async def test_a_plugin_that_comes_up_for_the_first_time_waits_with_the_shape_of_its_data(profile, build):
    profile.install(build("poll", code=PLAIN))
    profile.enable("poll")
    host = profile.host()
    async with held_state(profile.layout.state):
        starting = asyncio.ensure_future(host.start())
        await asyncio.sleep(WAIT_SECONDS)
        assert (starting.done(), host.plugins.status("poll").state) == (False, "loaded")
    await starting
    try:
        assert host.plugins.status("poll").state == "active"
        assert host.state.get("data_version/poll") == 1
    finally:
        await host.stop()


async def test_a_start_that_is_broken_off_meanwhile_has_nothing_written_behind_it(profile, build):
    profile.install(build("poll", code=PLAIN))
    profile.enable("poll")
    host = profile.host()
    async with held_state(profile.layout.state):
        starting = asyncio.ensure_future(host.start())
        await asyncio.sleep(WAIT_SECONDS)
        starting.cancel()
        await asyncio.sleep(WAIT_SECONDS)
        assert not starting.done(), "its thread waits for the log"
    with pytest.raises(asyncio.CancelledError):
        await starting
    await host.stop()
    written = host.state.version()
    await asyncio.sleep(WAIT_SECONDS)
    assert host.state.version() == written


@pytest.mark.parametrize("shape", [2, 1], ids=["forward", "back"])
async def test_data_changes_its_shape_once_the_other_is_done(profile, build, shape):
    text = manifest_text("poll", "1.0.0", isolation="any")
    text = text.replace("\n[host]", f"data_version = {shape}\n\n[host]", 1)
    profile.install(build("poll", code=SHAPES, manifest=text))
    profile.enable("poll")
    profile.state.change({"data_version/poll": 3 - shape}, by="test")
    data = profile.layout.data("poll")
    data.mkdir(parents=True)
    (data / "kept").write_text("of before")
    host = profile.host()
    async with held_state(profile.layout.state):
        starting = asyncio.ensure_future(host.start())
        await asyncio.sleep(WAIT_SECONDS)
        assert not starting.done()
    await starting
    try:
        assert host.plugins.status("poll").state == "active", host.plugins.status("poll")
        assert host.state.get("data_version/poll") == shape
        assert (data / "kept").exists() == (shape == 2)
    finally:
        await host.stop()
