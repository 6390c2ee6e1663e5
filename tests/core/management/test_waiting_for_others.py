"""Who waits for another installer, or another writer of the state: beside the event loop, no longer than asked."""

from __future__ import annotations

import asyncio
import threading

import pytest
from jackfield.errors import StoreLocked
from jackfield.locks import Lock
from jackfield.store import Store

from tests.core.management.test_interrupted import SlowDisk, plan_of
from tests.support.waiting import until
from tests.support.wheels import build_plugin


@pytest.mark.parametrize("what", ["update", "rollback", "give up"])
async def test_who_waits_for_another_writer_of_the_state_keeps_no_loop_waiting(what, manage, layout, tmp_path):
    """The loop itself ends the wait here: were it kept waiting, nobody would."""
    management = manage()
    for version in ("1.0.0", "2.0.0"):
        await management.apply(
            await plan_of(management, build_plugin(tmp_path, "poll", version)), accept_permissions=True, by="tester"
        )
    plan = await plan_of(management, build_plugin(tmp_path, "poll", "3.0.0"))
    writer = Lock(layout.state / "lock")
    writer.take(0)
    asyncio.get_running_loop().call_later(0.3, writer.release)
    if what == "update":
        await management.apply(plan, accept_permissions=True, by="tester")
    elif what == "rollback":
        await management.rollback(by="tester")
    else:
        assert await management.give_up({"poll": "it failed"}, by="tester") is not None
    assert not writer.is_held
    assert [row.version for row in management.list()] == ["3.0.0" if what == "update" else "1.0.0"]


async def test_who_is_cancelled_while_it_waits_for_another_writer_holds_the_profile_until_it_is_done(
    manage, layout, tmp_path
):
    management = manage()
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    layout.state.mkdir(parents=True)
    writer = Lock(layout.state / "lock")
    writer.take(0)
    change = asyncio.ensure_future(management.apply(plan, accept_permissions=True, by="tester"))
    await asyncio.sleep(0.2)
    change.cancel()
    await asyncio.sleep(0.2)
    assert not change.done()
    with pytest.raises(StoreLocked), management.store.lock(by="another", timeout_seconds=0):
        pass
    writer.release()
    with pytest.raises(asyncio.CancelledError):
        await change
    assert management.list() == []
    with management.store.lock(by="another", timeout_seconds=0):
        pass


@pytest.mark.parametrize("what", ["install", "verify", "repair"])
async def test_who_gives_up_waiting_for_an_installer_ends_at_once(what, manage, layout, tmp_path):
    """As by Ctrl+C: `asyncio.run` waits for every thread, and one waited for the installer."""
    here = manage()
    plan = await plan_of(here, build_plugin(tmp_path, "poll"))
    await here.apply(plan, accept_permissions=True, by="tester")
    next(layout.store.glob("*/tree/chat_poll/__init__.py")).unlink()  # else who verifies waits for nobody
    later = await plan_of(here, build_plugin(tmp_path, "dice"))

    async def give_up():
        waiting = manage(lock_seconds=60)
        if what == "install":
            work = waiting.apply(later, accept_permissions=True, by="tester")
        else:
            work = waiting.verify(repair=what == "repair", by="tester")
        change = asyncio.ensure_future(work)
        await asyncio.sleep(0.5)
        assert not change.done()
        change.cancel()
        await asyncio.gather(change, return_exceptions=True)
        return change.cancelled()

    cancelled = []
    with here.store.lock(by="another"):
        program = threading.Thread(target=lambda: cancelled.append(asyncio.run(give_up())))
        program.start()
        program.join(20)
        assert cancelled == [True]
    program.join()


async def give_up_often(change, disk, layout):
    """As a loop does that ends, after Ctrl-C was pressed twice: it cancels whatever is there; the profile is held."""
    others = asyncio.all_tasks() - {change}
    await until(disk.reached.is_set)
    for _ in range(3):
        for task in asyncio.all_tasks() - others:
            task.cancel()
        await asyncio.sleep(0.05)
    assert not change.done()
    with pytest.raises(StoreLocked), Store(layout).lock(by="another", timeout_seconds=0):
        pass
    disk.released.set()
    with pytest.raises(asyncio.CancelledError):
        await change


@pytest.mark.parametrize(("slow", "there"), [("rename", []), ("replace", ["poll"])])
async def test_who_is_cancelled_over_and_over_holds_the_profile_until_the_disk_is_done(
    slow, there, manage, layout, tmp_path
):
    """Else another installer would change what this one still writes."""
    management, disk = manage(), SlowDisk(slow)
    plan = await plan_of(management, build_plugin(tmp_path, "poll"))
    management.store = Store(layout, disk=disk)
    change = asyncio.ensure_future(management.apply(plan, accept_permissions=True, by="tester"))
    await give_up_often(change, disk, layout)
    assert [row.id for row in manage().list()] == there
    assert Store(layout).settled()
    with Store(layout).lock(by="another", timeout_seconds=0):
        pass


async def test_who_is_cancelled_while_a_wheel_is_mended_holds_the_profile_until_it_is(manage, layout, tmp_path):
    management, disk = manage(), SlowDisk("replace")
    await management.apply(
        await plan_of(management, build_plugin(tmp_path, "poll")), accept_permissions=True, by="tester"
    )
    code = next(layout.store.glob("*/tree/chat_poll/__init__.py"))
    code.chmod(0o600)
    code.write_text("something else")
    management.store = Store(layout, disk=disk)
    change = asyncio.ensure_future(management.verify(repair=True, by="tester"))
    await give_up_often(change, disk, layout)
    assert Store(layout).verify() == {}
