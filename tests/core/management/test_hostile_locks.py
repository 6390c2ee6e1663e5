"""A stranger's lock says which files, in which version, and where they run: none of it is believed without a look."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.errors import ConsentRequired, PluginError, StoreError, UsageError, WheelError
from jackfield.management import Management
from jackfield.manifest import HostFile, Pin
from jackfield.store import Layout, LockedSet, LockFile, read_lockfile

from tests.core.management.story import SEND, installed

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8")]


@pytest.fixture
def elsewhere(tmp_path: Path, hostfile: HostFile) -> Callable[..., Management]:
    def make(*urls: str) -> Management:
        return Management("chat", Layout(tmp_path / "elsewhere"), urls, hostfile)

    return make


async def changed(management: Management, change: Callable[[LockedSet], LockedSet]) -> LockFile:
    """The lock of what is installed, with its only set changed."""
    lock = await management.lock()
    return replace(lock, sets=tuple(map(change, lock.sets)))


async def synced(management: Management, lock: LockFile, *, accept_permissions: bool) -> None:
    plan = await management.plan_sync(read_lockfile(lock.text().encode(), source="some.lock"), {})
    await management.apply(plan, accept_permissions=accept_permissions, by="tester")


def inside(one: LockedSet) -> LockedSet:
    """All of it in the application's process."""
    return replace(one, inline=one.pins, workers={})


async def test_less_confinement_is_asked_for_though_nothing_else_changes(market, manage):
    market.publish("choosy", permissions=SEND, isolation="any")
    here = manage(market.url)
    await installed(here, "choosy")
    assert here.isolation("choosy").placement.own_process
    lock = await changed(here, lambda one: replace(inside(one), choices={"choosy": "inline"}))
    with pytest.raises(ConsentRequired, match="choosy"):
        await synced(here, lock, accept_permissions=False)
    assert here.isolation("choosy").placement.own_process
    await synced(here, lock, accept_permissions=True)
    assert here.isolation("choosy").placement.isolation == "inline"
    back = await changed(here, lambda one: replace(one, inline=(), workers={"choosy": one.inline}, choices={}))
    await synced(here, back, accept_permissions=False)
    assert here.isolation("choosy").placement.own_process, "more confinement is asked of nobody"
    assert [*here.store.active().workers] == ["choosy"]


async def test_a_plugin_runs_where_its_manifest_allows(market, manage, elsewhere):
    market.publish("confined", permissions=SEND, isolation="worker")
    here = manage(market.url)
    await installed(here, "confined")
    lock = await changed(here, inside)
    for management in (here, elsewhere(market.url)):
        with pytest.raises(UsageError, match="the lock has confined in the application's process, and here it runs in"):
            await synced(management, lock, accept_permissions=True)
    chosen = await changed(here, lambda one: replace(inside(one), choices={"confined": "inline"}))
    with pytest.raises(UsageError, match='has confined run as inline: its manifest says isolation = "worker"'):
        await synced(here, chosen, accept_permissions=True)


async def test_nothing_is_chosen_for_plugins_that_the_lock_does_not_hold(market, manage):
    market.publish("lockheld", permissions=SEND, isolation="any")
    here = manage(market.url)
    await installed(here, "lockheld")
    lock = await changed(here, lambda one: replace(one, choices={"another": "inline"}))
    await synced(here, lock, accept_permissions=True)
    assert here.state.items("isolation/") == {}


async def test_a_version_that_is_not_the_files_is_refused(market, manage, elsewhere):
    """Ranges of revocations are held against it, and it is what a user reads."""
    market.publish("renumbered", "1.0.0", permissions=SEND)
    here = manage(market.url)
    await installed(here, "renumbered")

    def renumber(one: LockedSet) -> LockedSet:
        own = {cid: tuple(replace(pin, version="1.0.1") for pin in pins) for cid, pins in one.workers.items()}
        return replace(one, workers=own)

    with pytest.raises(WheelError, match=r"chat_renumbered-1\.0\.0-py3-none-any\.whl is not version 1\.0\.1, which"):
        await synced(elsewhere(market.url), await changed(here, renumber), accept_permissions=True)


async def test_what_failed_here_does_not_come_back_by_a_lock(market, manage):
    market.publish("failedlock", "1.0.0", permissions=SEND)
    market.publish("failedlock", "2.0.0", permissions=SEND)
    here = manage(market.url)
    await installed(here, "failedlock==1.0.0")
    await here.apply(await here.plan_update(), accept_permissions=True, by="tester")
    lock = await here.lock()
    assert await here.give_up({"failedlock": "it does not work"}, by="itself") is not None
    with pytest.raises(
        PluginError, match=r"failedlock 2\.0\.0 failed here and is held back: it does not work"
    ) as error:
        await synced(here, lock, accept_permissions=True)
    assert error.value.hint == "jackfield pin --release failedlock"
    here.release("failedlock", by="tester")
    await synced(here, lock, accept_permissions=True)
    assert here.list()[0].version == "2.0.0"


@pytest.mark.parametrize("kind", ["one process", "two processes", "one id", "a library's place", "another's process"])
async def test_nothing_is_there_twice(market, manage, elsewhere, kind):
    """Of two files in one place a user would be shown one, and both would be installed."""
    market.publish("twice", permissions=SEND)
    here = manage(market.url)
    await installed(here, "twice")

    def second(pin: Pin) -> Pin:
        return replace(pin, version="1.0.1", source="file", file=replace(pin.file, sha256="0" * 64, url="/evil.whl"))

    def double(one: LockedSet) -> LockedSet:
        (pin,) = one.workers["twice"]
        other = second(pin)
        if kind == "one process":
            return replace(one, inline=(pin, other), workers={})
        if kind == "two processes":
            return replace(one, inline=(other,))
        if kind == "one id":
            return replace(one, inline=(replace(other, distribution="chat-other"),))
        if kind == "a library's place":
            return replace(one, inline=(replace(other, id=None),))
        return replace(one, workers={"twice": (pin, replace(other, id="other", distribution="chat-other"))})

    with pytest.raises(UsageError, match=r"some\.lock is no lock file, or is damaged"):
        await synced(elsewhere(market.url), await changed(here, double), accept_permissions=True)


@pytest.mark.parametrize("place", ["the application's process", "the plugin's own"])
@pytest.mark.parametrize("name", ["pluggy", "jackfield-chat-api"])
async def test_what_the_application_has_does_not_come_a_second_time(market, manage, elsewhere, place, name):
    """Not even without a package that would hide: its version would be there to be read beside the real one."""
    plugin, version = f"{name}-beside", "98.0"
    if place == "the plugin's own":
        plugin, version = f"{name}-within", "99.0"
    module = f"{plugin.replace('-', '_')}.py"
    market.publish_library(f"{plugin}-library", files={f"library_{module}": ""})
    wheel = market.publish_library(name, version, files={f"more_{module}": ""})
    market.publish(plugin, permissions=SEND, isolation="worker", requires=[f"{plugin}-library"])
    here = manage(market.url)
    await installed(here, plugin)

    def second(one: LockedSet) -> LockedSet:
        (library,) = [pin for pin in one.workers[plugin] if pin.id is None]
        told, digest = library.file, hashlib.sha256(wheel.read_bytes()).hexdigest()
        url = told.url.replace(told.sha256, digest).replace(told.filename, wheel.name)
        size = wheel.stat().st_size
        file = replace(told, filename=wheel.name, url=url, sha256=digest, size=size, metadata_sha256=None)
        pin = replace(library, distribution=name, version=version, file=file)
        if place == "the application's process":
            return replace(one, inline=(pin,))
        return replace(one, workers={plugin: (*one.workers[plugin], pin)})

    other = elsewhere(market.url)
    with pytest.raises(StoreError, match=f"{name} {version} would be there a second time: chat has its own"):
        await synced(other, await changed(here, second), accept_permissions=True)
    assert other.list() == []
