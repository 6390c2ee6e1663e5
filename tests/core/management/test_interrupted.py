"""Cancelled, refused by the disk, met by another installer, or left without its marketplace: whole, and told so."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading

import pytest
from jackfield.errors import MarketError, StoreError, StoreLocked
from jackfield.management import Management
from jackfield.store import Activation, Disk, Store, now

from tests.support.waiting import until
from tests.support.wheels import build_plugin

STEPS_BEFORE = ["downloaded", "wheel-unpacked", "wheels-stored", "generation-built"]
# After "generation-renamed" the next step, which begins the journal, is on its way already: it is completed.
STEPS_AFTER = [
    "generation-renamed",
    "journal-begun",
    "pointer-written",
    "change-synced",
    "pointer-replaced",
    "state-recorded",
]


async def plan_of(management, wheel):
    return await management.plan_install([str(wheel)])


@pytest.mark.parametrize("victim", STEPS_BEFORE + STEPS_AFTER)
async def test_cancelled_at(victim, manage, layout, tmp_path):
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    task: asyncio.Task[object]

    def progress(step, *_):
        if step == victim:
            task.cancel()

    task = asyncio.ensure_future(management.apply(plan, accept_permissions=True, by="tester", progress=progress))
    with pytest.raises(asyncio.CancelledError):
        await task
    done = victim in STEPS_AFTER
    assert management.store.settled()
    assert [row.state for row in management.list()] == (["enabled"] if done else [])
    assert bool(management.state.items()) is done
    assert not layout.unfinished.exists()
    again = await plan_of(management, build_plugin(tmp_path, "dice"))
    await management.apply(again, accept_permissions=True, by="tester")
    assert "dice" in [row.id for row in management.list()]


class SlowDisk(Disk):
    """A disk that takes until somebody lets it go on."""

    def __init__(self, victim):
        self.victim = victim
        self.reached, self.released = threading.Event(), threading.Event()

    def _wait(self, call):
        if call == self.victim:
            self.reached.set()
            assert self.released.wait(30)

    def sync_filesystem(self, path, *, above_all=()):
        self._wait("the change" if above_all else "what came")
        super().sync_filesystem(path, above_all=above_all)

    def rename(self, source, target):
        self._wait("rename")
        super().rename(source, target)

    def replace(self, source, target):
        self._wait("replace")
        super().replace(source, target)


@pytest.mark.parametrize("victim", ["what came", "the change"])
async def test_cancelled_again_it_still_holds_the_profile_until_it_has_ended(victim, manage, layout, tmp_path):
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    disk = SlowDisk(victim)
    management.store = Store(layout, disk=disk)
    task = asyncio.ensure_future(management.apply(plan, accept_permissions=True, by="tester"))
    await until(disk.reached.is_set)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.02)
    assert not task.done()
    with pytest.raises(StoreLocked), Store(layout).lock(by="the next one", timeout_seconds=0):
        pass
    disk.released.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert Store(layout).settled()
    assert not layout.unfinished.exists()
    assert [row.state for row in manage().list()] == (["enabled"] if victim == "the change" else [])


async def test_who_cannot_tell_a_step_clears_up_while_it_holds_the_profile(manage, layout, tmp_path):
    """As where the pipe is closed to which it is told: a moment later, what it removes would be another one's."""
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))

    def progress(step, *_):
        if step == "generation-built":
            assert layout.unfinished.exists()
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError) as caught:
        await management.apply(plan, accept_permissions=True, by="tester", progress=progress)
    assert not layout.unfinished.exists()
    assert list(layout.generations.glob("*")) == []
    assert caught.traceback  # it holds on to all that was at work
    await management.apply(plan, accept_permissions=True, by="tester")
    assert [row.id for row in management.list()] == ["poll"]


class FullDisk(Disk):
    """A disk that is full from a certain call on."""

    def __init__(self, victim):
        self.victim = victim

    def _fill(self, call):
        if call == self.victim:
            raise OSError(28, "No space left on device")

    def write(self, path, data, *, wait=True):
        self._fill("write")
        super().write(path, data, wait=wait)

    def sync_filesystem(self, path, *, above_all=()):
        self._fill("sync the change" if above_all else "sync_filesystem")
        super().sync_filesystem(path, above_all=above_all)

    def rename(self, source, target):
        self._fill("rename")
        super().rename(source, target)

    def append(self, path, data, *, offset, wait=True):
        if json.loads(data)["record"] == "begin":
            self._fill("append")
        super().append(path, data, offset=offset, wait=wait)


@pytest.mark.parametrize("victim", ["sync_filesystem", "rename", "append", "write", "sync the change"])
async def test_a_full_disk_is_a_sentence_and_nothing_changes(victim, manage, layout, tmp_path):
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    management.store = Store(layout, disk=FullDisk(victim))
    with pytest.raises(StoreError, match="cannot be written: No space left on device"):
        await management.apply(plan, accept_permissions=True, by="tester")
    assert Store(layout).settled()
    assert manage().list() == []
    assert manage().state.items() == {}
    await manage().apply(plan, accept_permissions=True, by="tester")
    assert [row.id for row in manage().list()] == ["poll"]


async def test_a_generation_that_the_power_cut_emptied_goes_with_the_change_that_made_it(manage, layout, tmp_path):
    """Until all of a change is on disk any part of it may be lost, also the bytes of a file that has its name."""
    management = manage()
    await management.apply(await plan_of(management, build_plugin(tmp_path, "poll")), accept_permissions=True, by="one")
    plan = await plan_of(management, build_plugin(tmp_path, "dice"))
    activation = Activation("two", previous=1, generation=0, at=now(), by="two", what="install dice")
    with management.store.lock(by="two"):
        steps = management.store.commit(plan.pins, plan.files, activation=activation, record=lambda _: None)
        assert "pointer-written" in steps  # which is as far as it comes
    for file in (layout.generations / "2").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    assert not manage().store.settled()
    manage().collect(by="three")
    assert manage().store.settled()
    assert manage().store.numbers() == (1,)
    assert [row.id for row in manage().list()] == ["poll"]


async def test_a_second_installer_waits_and_is_told_if_it_takes_too_long(manage, tmp_path):
    management, hasty = manage(), manage(lock_seconds=0.1)
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    with management.store.lock(by="the other one"), pytest.raises(StoreLocked, match="the other one, process"):
        await hasty.apply(plan, accept_permissions=True, by="tester")
    assert hasty.list() == []


async def test_of_two_at_once_one_is_told_to_plan_again(manage, tmp_path):
    one, two = manage(), manage()
    plans = [
        await plan_of(one, build_plugin(tmp_path, "poll")),
        await plan_of(two, build_plugin(tmp_path, "dice")),
    ]
    outcomes = await asyncio.gather(
        *(
            management.apply(plan, accept_permissions=True, by="tester")
            for management, plan in zip((one, two), plans, strict=True)
        ),
        return_exceptions=True,
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert isinstance(refused, StoreError)
    assert "meanwhile" in str(refused)
    assert len(one.list()) == 1


async def test_a_grant_that_changed_since_the_plan_makes_it_void(manage, tmp_path):
    permissions = '[[permissions]]\nresource = "messages"\nactions = ["send"]\n'
    management = manage()
    first = await plan_of(management, build_plugin(tmp_path, "poll", permissions=permissions))
    await management.apply(first, accept_permissions=True, by="tester")
    second = await plan_of(management, build_plugin(tmp_path, "poll", "1.1.0", permissions=permissions))
    management.revoke("poll", "messages:send", by="tester")
    with pytest.raises(StoreError, match="meanwhile"):
        await management.apply(second, accept_permissions=True, by="tester")
    assert not management.permissions("poll").grant.allows("messages", "send")


@pytest.mark.parametrize("step", ["downloaded", "wheel-unpacked", "generation-built"])
async def test_what_is_revoked_while_wheels_are_fetched_does_not_come_back(manage, tmp_path, step):
    permissions = '[[permissions]]\nresource = "messages"\nactions = ["send"]\n'
    management = manage()
    first = await plan_of(management, build_plugin(tmp_path, "poll", permissions=permissions))
    await management.apply(first, accept_permissions=True, by="tester")
    second = await plan_of(management, build_plugin(tmp_path, "poll", "1.1.0", permissions=permissions))

    def revoke(done: str, *_: object) -> None:
        if done == step:
            manage().revoke("poll", "messages:send", by="somebody in another terminal")

    with pytest.raises(StoreError, match="granted meanwhile"):
        await management.apply(second, accept_permissions=True, by="tester", progress=revoke)
    assert not management.permissions("poll").grant.allows("messages", "send")
    assert [row.version for row in management.list()] == ["1.0.0"]
    third = await plan_of(management, build_plugin(tmp_path, "poll", "1.1.0", permissions=permissions))
    await management.apply(third, accept_permissions=True, by="tester")
    assert not management.permissions("poll").grant.allows("messages", "send"), "nor by the update that is made anew"


async def test_a_damaged_pointer_is_mended_by_a_rollback(manage, layout, tmp_path):
    management = manage()
    for version in ("1.0.0", "2.0.0"):
        plan = await plan_of(management, build_plugin(tmp_path, "poll", version))
        await management.apply(plan, accept_permissions=True, by="tester")
    layout.current.write_text("nonsense")
    with pytest.raises(StoreError, match="jackfield rollback"):
        management.list()
    await management.rollback(by="tester")
    assert [row.version for row in management.list()] == ["1.0.0"]


def without_place(state):
    """A file where the folder was."""
    state.rename(state.with_name("moved"))
    state.touch()


def with_nonsense(state):
    """Damaged in its middle: no torn last line."""
    log = state / "log.jsonl"
    log.write_bytes(b"nonsense\n" + log.read_bytes())


def without_lock(state):
    """Readable, and nobody can write to it."""
    (state / "lock").unlink()
    (state / "lock").mkdir()


@pytest.mark.parametrize("spoil", [without_place, with_nonsense, without_lock])
async def test_what_cannot_be_recorded_is_not_switched(spoil, manage, layout, tmp_path):
    management = manage()
    for version in ("1.0.0", "2.0.0"):
        plan = await plan_of(management, build_plugin(tmp_path, "poll", version))
        await management.apply(plan, accept_permissions=True, by="tester")
    third = await plan_of(management, build_plugin(tmp_path, "poll", "3.0.0"))
    spoil(layout.state)
    here = Management("chat", layout, [], management.hostfile)
    with pytest.raises(StoreError, match="state"):
        await here.rollback(by="tester")
    with pytest.raises(StoreError, match="state"):
        await here.apply(third, accept_permissions=True, by="tester")
    assert here.store.active_number() == 2
    assert here.store.settled()
    assert len(here.history()) == 2


async def test_a_reader_completes_what_a_dead_installer_left(manage, layout, tmp_path):
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))

    class Died(BaseException):
        pass

    def progress(step, *_):
        if step == "pointer-replaced":
            raise Died

    with pytest.raises(Died):
        await management.apply(plan, accept_permissions=True, by="tester", progress=progress)
    assert not management.store.settled()
    assert [row.state for row in Management("chat", layout, [], management.hostfile).list()] == ["enabled"]
    assert management.store.settled()


@pytest.mark.slow
async def test_a_marketplace_that_loses_a_wheel_between_plan_and_download(market, manage, layout):
    market.publish("vanishing")
    management = manage(market.url)
    plan = await management.plan_install(["vanishing"])
    digest = plan.every_pin[0].file.sha256
    with sqlite3.connect(market.data / "marketplace.sqlite3") as database:
        assert database.execute("DELETE FROM contents WHERE sha256 = ?", (digest,)).rowcount == 1
    database.close()
    with pytest.raises(MarketError):
        await management.apply(plan, accept_permissions=True, by="tester")
    assert management.list() == []
    assert not layout.generations.exists()


@pytest.mark.parametrize("victim", ["generation-renamed", "journal-begun", "pointer-written", "change-synced"])
async def test_who_waited_for_an_installer_that_died_installs_the_same(victim, manage, tmp_path, monkeypatch):
    """Its plan is older than the death, and nobody has looked at the store in between."""
    wheel = build_plugin(tmp_path, "poll")
    dying, waiting = manage(), manage()
    plans = await plan_of(dying, wheel), await plan_of(waiting, wheel)

    class Died(BaseException):
        pass

    def progress(step, *_):
        if step == victim:
            raise Died

    with monkeypatch.context() as killed:  # who is killed clears up nothing
        killed.setattr(Store, "_clear_if_possible", lambda _store: None)
        with pytest.raises(Died):
            await dying.apply(plans[0], accept_permissions=True, by="one", progress=progress)
    await waiting.apply(plans[1], accept_permissions=True, by="two")
    assert [row.id for row in manage().list()] == ["poll"]
