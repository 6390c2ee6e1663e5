"""Hooks of plugins in other processes: sent to all before any answer is awaited, nested without a deadlock, in time."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.errors import PluginError
from jackfield.hooks import HookManager, HookspecMarker
from jackfield.host.remote import RemotePlugin
from jackfield.host.remote.hooks import proxy_of, spec_places
from jackfield.runtime import HookData

from tests.support.plain_workers import plain_worker

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def met(self, name: str) -> str: ...

    @hookspec
    def asked(self, depth: int) -> int: ...

    @hookspec(timeout=0.2)
    async def slow(self, seconds: float) -> str: ...


#: Answers when the other one has been called, too; the host tells who is there.
MEETS = """
import time
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main:
    @hookimpl
    async def met(self, name: str):
        return await self.context.calls.call("host.meet", {"name": name + PLACE}, str)

    @hookimpl
    def asked(self, depth: int):
        return self.context.calls.call_now("host.deeper", {"depth": depth}, int)

    @hookimpl
    def slow(self, seconds: float):
        time.sleep(seconds)
        return "done"
"""


def managed() -> HookManager:
    manager = HookManager("chat", on_error="skip", count=True)
    manager.add_hookspecs(Specs)
    return manager


async def registered(manager: HookManager, worker, plugin: str) -> RemotePlugin:
    described = await worker.load(spec_places(manager))
    remote = RemotePlugin(plugin, worker.line, None)
    manager.register(proxy_of(remote, described.hooks, manager), name=plugin)
    return remote


async def test_all_processes_are_called_before_any_answer_is_awaited(tmp_path):
    here = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        async with asyncio.timeout(30):
            await here.wait()
        return name

    manager = managed()
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    async with (
        plain_worker(folders[0], "PLACE='1'" + MEETS, {"host.meet": meet}, plugin="a") as one,
        plain_worker(folders[1], "PLACE='2'" + MEETS, {"host.meet": meet}, plugin="b") as other,
    ):
        await registered(manager, one, "a")
        await registered(manager, other, "b")
        assert await manager.call.met(name="x") == ["x2", "x1"]
        assert await manager.call.met.batch([{"name": "y"}]) == [["y2", "y1"]]
        counts = {(one.plugin, one.hook): one.calls for one in manager.counters}
        assert counts["a", "met"] == counts["b", "met"] == 2


async def test_a_hook_that_calls_back_and_is_called_again_does_not_deadlock(tmp_path):
    manager = managed()

    async def deeper(depth: int) -> int:
        return 1 + sum(await manager.call.asked(depth=depth - 1)) if depth else 0

    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    async with (
        plain_worker(folders[0], "PLACE='1'" + MEETS, {"host.deeper": deeper}, plugin="a") as one,
        plain_worker(folders[1], "PLACE='2'" + MEETS, {"host.deeper": deeper}, plugin="b") as other,
    ):
        await registered(manager, one, "a")
        await registered(manager, other, "b")
        assert await manager.call.asked(depth=0) == [0, 0]
        assert await manager.call.asked(depth=1) == [1, 1]
        assert await manager.call.asked(depth=4) == [15, 15]


def test_a_synchronous_call_that_leads_back_to_its_plugins_does_not_deadlock(tmp_path):
    manager = managed()

    async def deeper(depth: int) -> int:
        await asyncio.sleep(0)
        return 1 + sum(await manager.call.asked(depth=depth - 1)) if depth else 0

    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with asyncio.Runner() as runner:
        sides = [
            plain_worker(folder, "PLACE='1'" + MEETS, {"host.deeper": deeper}, plugin=folder.name) for folder in folders
        ]
        for side, folder in zip(sides, folders, strict=True):
            worker = runner.run(side.__aenter__())
            runner.run(registered(manager, worker, folder.name))
        assert manager.hook.asked(depth=0) == [0, 0]
        assert manager.hook.asked(depth=3) == [7, 7]
        for side in sides:
            runner.run(side.__aexit__(None, None, None))


async def test_a_call_that_takes_longer_than_its_hook_allows_is_blamed(tmp_path):
    manager, blamed = managed(), []
    manager.add_blame_listener(lambda plugin, hook, error: blamed.append((plugin, hook, str(error))))
    async with plain_worker(tmp_path, "PLACE='1'" + MEETS) as worker:
        await registered(manager, worker, "weather")
        assert await manager.call.slow(seconds=0.0) == ["done"]
        assert await manager.call.slow(seconds=1.0) == []
    assert blamed == [("weather", "slow", "weather did not answer hook slow within 0.2 s")]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (HookData("asked", ("depth): pass\nimport os #",)), "which the hook does not have"),
        (HookData("asked", ("depth",), ("depth=print(1)",)), "which the hook does not have"),
        (HookData("asked(): pass\nimport os #"), "the application has no such hook"),
        (HookData("register"), "the application has no such hook"),
    ],
)
async def test_names_that_a_hostile_plugin_tells_never_become_code(tmp_path, told, why):
    manager = managed()
    async with plain_worker(tmp_path, "PLACE='1'" + MEETS) as worker:
        remote = RemotePlugin("weather", worker.line, None)
        with pytest.raises(PluginError, match=why):
            proxy_of(remote, [told], manager)
