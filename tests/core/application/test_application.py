"""An embedded application: changes by others take effect while it runs, and one host runs for each profile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from jackfield.application import Application, Watch
from jackfield.errors import PluginError, StoreError, StoreLocked
from jackfield.host import PluginStatus
from jackfield.permissions import Grant, Permission
from jackfield.store import Activation, now

from tests.support.profiles import SOURCE, Profile, hostfile, pin_of
from tests.support.speakers import Speaker
from tests.support.wheels import build_plugin

GREETER = """
from jackfield import Plugin, command
from tests.support.speakers import Speaker

class Main(Plugin):
    @command("greet")
    async def greet(self, source):
        await source.reply("hello from VERSION")
"""

REGISTER = '[[permissions]]\nresource = "commands"\nactions = ["register"]\nreason = "to greet"'


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    one = Application("chat", home=tmp_path, hostfile=hostfile())
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def elsewhere(application: Application) -> Profile:
    """The same profile as another process sees it: objects of its own."""
    return Profile(application.layout)


@pytest.fixture
def greeter(tmp_path: Path) -> Callable[[str], Path]:
    return lambda version: build_plugin(
        tmp_path / "wheels", "greeter", version, code=GREETER.replace("VERSION", version), permissions=REGISTER
    )


async def told(application: Application, condition: Callable[[PluginStatus], bool]) -> PluginStatus:
    """Wait until a plugin's life took a step that fits."""
    found: asyncio.Future[PluginStatus] = asyncio.get_running_loop().create_future()

    def listen(status: PluginStatus) -> None:
        if condition(status) and not found.done():
            found.set_result(status)

    stop = application.host.plugins.on_change(listen)
    try:
        async with asyncio.timeout(10):
            return await found
    finally:
        stop()


async def test_what_another_process_enables_updates_and_disables_takes_effect(application, elsewhere, greeter):
    elsewhere.install(greeter("1.0.0"))
    elsewhere.enable("greeter")
    assert (await application.host.plugins.wait_for("greeter", timeout_seconds=10)).version == "1.0.0"

    elsewhere.install(greeter("1.1.0"))
    await told(application, lambda status: status.state == "active" and status.version == "1.1.0")
    source = Speaker()
    assert await application.host.commands.dispatch("greet", source)
    assert source.answers == ["hello from 1.1.0"]

    elsewhere.disable("greeter")
    await told(application, lambda status: status.state == "idle")
    assert not await application.host.commands.dispatch("greet", source)


async def test_a_second_host_of_one_profile_is_refused_and_names_the_first(application, tmp_path):
    second = Application("chat", home=tmp_path, hostfile=hostfile())
    with pytest.raises(StoreLocked, match=r"another chat \(process \d+\) runs with these plugins"):
        await second.start()
    await application.stop()
    await second.start()
    await second.stop()


@pytest.mark.slow
async def test_a_start_that_is_broken_off_leaves_nothing_running_and_can_be_begun_again(application, tmp_path):
    quick = "from jackfield import Plugin\n\nclass Main(Plugin): pass\n"
    slow = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self): await asyncio.sleep(2)
"""
    await application.stop()
    profile = Profile(application.layout)
    profile.install(
        build_plugin(tmp_path / "wheels", "quick", code=quick),
        build_plugin(tmp_path / "wheels", "slow", code=slow, more='[requires]\nquick = "*"'),
    )
    profile.enable("quick", "slow")
    starting = asyncio.create_task(application.start())
    await application.host.plugins.wait_for("quick", timeout_seconds=10)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert [str(one.state) for one in application.host.plugins.list()] == ["unloaded", "unloaded"]
    await application.start()
    assert [str(one.state) for one in application.host.plugins.list()] == ["active", "active"]


async def test_an_application_without_marketplaces_runs(application):
    assert application.marketplaces == ()
    assert list(application.host.plugins) == []


def test_a_running_application_needs_no_network_library():
    code = "import sys, jackfield.application; print(sorted({'httpx', 'tuf', 'click'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


class TestInterruptedInstall:
    """An installer moves the pointer, then writes the wishes and grants that belong to it."""

    def activation(self, profile: Profile) -> Activation:
        grant = Grant("greeter", SOURCE, None, (Permission("commands", ("register",)),), "1.0.0")
        changes = {"wish/greeter": True, "isolation/greeter": "inline", "grants/greeter": grant.to_mapping()}
        return Activation("t1", 0, 0, now(), "test", "install greeter", changes)

    def steps(self, profile: Profile, wheel: Path) -> Iterator[str]:
        pin = pin_of(wheel, {})

        def record(activation: Activation) -> None:
            profile.state.change(activation.changes, by="test", transaction=activation.transaction)

        return profile.store.commit([pin], {pin.file.sha256: wheel}, activation=self.activation(profile), record=record)

    async def test_one_that_died_is_completed_at_the_next_start(self, tmp_path, greeter):
        application = Application("chat", home=tmp_path, hostfile=hostfile())
        profile = Profile(application.layout)
        for step in self.steps(profile, greeter("1.0.0")):
            if step == "pointer-replaced":
                break
        await application.start()
        assert application.host.plugins.status("greeter").state == "active"
        await application.stop()

    @pytest.mark.slow
    async def test_one_that_dies_while_it_runs_is_completed_by_itself(self, application, elsewhere, greeter):
        for step in self.steps(elsewhere, greeter("1.0.0")):
            if step == "pointer-replaced":
                break
        await application.host.plugins.wait_for("greeter", timeout_seconds=30)
        assert elsewhere.store.settled()

    async def test_one_that_is_at_work_is_followed_when_it_is_done(self, application, elsewhere, greeter):
        looked = asyncio.Event()

        async def follow() -> None:
            looked.set()

        watch = Watch(application.layout, follow, settle=follow, poll_seconds=0.01)
        watch.start()
        for step in self.steps(elsewhere, greeter("1.0.0")):
            if step in ("pointer-replaced", "pointer-synced"):
                await asyncio.sleep(0.05)
                assert not looked.is_set()
        async with asyncio.timeout(10):
            await looked.wait()
        await watch.stop()


async def test_a_change_that_cannot_be_followed_is_logged_and_the_watch_goes_on(application, caplog):
    called = asyncio.Event()

    async def fail() -> None:
        called.set()
        raise StoreError("the generation is damaged")

    watch = Watch(application.layout, fail, settle=fail, poll_seconds=0.01)
    watch.start()
    for wish in (True, False):
        called.clear()
        application.host.state.change({"wish/x": wish}, by="test")
        async with asyncio.timeout(10):
            await called.wait()
    await watch.stop()
    assert "the generation is damaged" in caplog.text


@pytest.mark.feature("M3", "M36")
@pytest.mark.slow
async def test_a_saved_script_is_followed_and_the_command_line_knows_its_folder(tmp_path):
    folder = tmp_path / "scripts"
    folder.mkdir()
    one = Application("chat", home=tmp_path / "home", hostfile=hostfile(), script_folders=[folder])
    await one.start()
    try:
        script = folder / "counter.py"
        text = "PLUGIN_METADATA = {'id': 'counter', 'version': '1.0.0'}\n"
        script.write_text(text, encoding="utf-8")
        await told(one, lambda status: status.version == "1.0.0" and status.state == "active")
        (row,) = one.management.list()
        assert (row.id, row.origin, row.source, row.state, row.isolation) == (
            "counter",
            "script",
            "script",
            "enabled",
            "inline",
        )
        one.management.disable("counter", by="tester")
        await told(one, lambda status: status.state == "idle")
        assert one.management.list()[0].state == "disabled"
        one.management.enable("counter", by="tester")
        await told(one, lambda status: status.state == "active")
        script.write_text(text.replace("1.0.0", "1.10.0"), encoding="utf-8")
        await told(one, lambda status: status.version == "1.10.0" and status.state == "active")
        with pytest.raises(PluginError, match="counter is a script"):
            one.management.plan_remove(["counter"])
    finally:
        await one.stop()
