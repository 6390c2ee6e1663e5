"""Whatever is asked of single plugins, in any order: what runs can run, and what is told is true."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker
from jackfield.host import Host, State
from jackfield.permissions import Permission
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin, manifest_text

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec
    async def told(self) -> str: ...


CODE = """
from jackfield import Plugin
from jackfield.hooks import HookimplMarker
class Main(Plugin):
    @HookimplMarker("chat")
    async def told(self): return self.context.plugin_id
"""
PARENT = CODE + "    async def on_enable(self): await self.context.plugins.load('child')\n"
NEEDS = {"top": "middle", "middle": "bottom", "sleeper": "bottom"}
NAMES = ("top", "middle", "bottom", "child", "parent", "sleeper")
MANAGES = Permission("plugins", ("manage",))

ORDERS = st.lists(
    st.tuples(
        st.sampled_from(("enable", "disable", "load", "unload", "reload", "wish", "unwish", "call", "restart")),
        st.sampled_from(NAMES),
    ),
    min_size=1,
    max_size=10,
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    made = []
    for name in NAMES:
        needs = f'[requires]\n{NEEDS[name]} = "*"\n' if name in NEEDS else ""
        permissions = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\n' if name == "parent" else ""
        text = manifest_text(name, more=needs + '[contributes]\nhooks = ["told"]\n', permissions=permissions)
        if name == "sleeper":
            text = text.replace("\n\n", '\nactivation = "demand"\n\n', 1)
        made.append(build_plugin(folder, name, code=PARENT if name == "parent" else CODE, manifest=text))
    return made


async def carry_out(host: Host, profile: Profile, order: str, name: str) -> None:
    match order:
        case "wish" | "unwish":
            profile.state.change({f"wish/{name}": order == "wish"}, by="test")
            await host.reload_changes()
        case "call":
            await host.call.told()
        case "restart":
            await host.stop()
            await host.start()
        case _:
            with contextlib.suppress(PluginError):  # blocked, or not enabled: its status says so, which is checked
                await getattr(host, order)(name)


async def follow(wheels: Sequence[Path], orders: Sequence[tuple[str, str]], folder: Path) -> None:
    profile = Profile(Layout(folder / "profile"))
    profile.install(*wheels)
    profile.enable(*NAMES)
    profile.disable(*NAMES)
    host = Host("chat", layout=profile.layout, hostfile=hostfile(), specs=Specs, callback_timeout_seconds=5)
    await host.start()
    for order, name in orders:
        await carry_out(host, profile, order, name)
        await check(host, profile)
    await host.stop()
    assert not {f"chat_{name}" for name in NAMES} & sys.modules.keys()


async def check(host: Host, profile: Profile) -> None:
    states = {status.id: status for status in host.plugins}
    for name, status in states.items():
        assert status.enabled == bool(profile.state.get(f"wish/{name}"))
        assert status.state in (
            State.FOUND,
            State.RESOLVED,
            State.LOADED,  # reloaded while it was idle
            State.ACTIVE,
            State.IDLE,
            State.UNLOADED,
            State.BLOCKED,
        ), status
        assert (f"chat_{name}" in sys.modules) == status.state.runs_code, status
        if status.state is State.ACTIVE and name in NEEDS:
            assert states[NEEDS[name]].state is State.ACTIVE
        if status.state is State.BLOCKED:
            assert status.problem.startswith("needs ")
        if status.state is State.RESOLVED:
            assert name in {"sleeper", "bottom"} or status.note, status
        if status.state is State.ACTIVE and not status.enabled:
            assert status.problem == ""
    parent = states["parent"].state
    if parent is State.ACTIVE and not states["child"].enabled:
        assert states["child"].state in (State.ACTIVE, State.UNLOADED, State.IDLE)
    awake = sorted(name for name, status in states.items() if status.state is State.ACTIVE)
    if states["sleeper"].state is not State.RESOLVED:  # else the call would wake it
        assert sorted(await host.call.told()) == awake


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders=ORDERS)
def test_orders_in_any_order_leave_what_runs_able_to_run(wheels, orders):
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        runner.run(follow(wheels, orders, Path(folder)))
