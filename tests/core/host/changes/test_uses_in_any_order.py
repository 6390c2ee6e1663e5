"""Whoever uses whichever of plugins that are loaded on demand, at whatever moment: no use is lost, and none doubled."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.host import Host
from jackfield.storage import FILES
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.sleepers import PERMISSIONS, Specs
from tests.support.speakers import Speaker
from tests.support.wheels import build_plugin, manifest_text

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c", "d")
NEEDS = {"b": "a", "d": "c"}
CODE = """
import asyncio, json
from jackfield import HookimplMarker, Plugin, command

class Counting:
    def __init__(self, plugin):
        self.plugin = plugin

    async def count(self, what: str) -> str:
        self.plugin.used.append(what)
        return f"NAME counted {what}"

class Main(Plugin):
    async def on_enable(self):
        self.plan = json.loads((self.context.data_dir / "plan.json").read_text())
        self.used = []
        self.context.services.provide("of_NAME", Counting(self))
        for step in self.plan["start"]:
            await asyncio.sleep(0)
            if step == "sing":
                await self.context.events.emit("sang", {"what": "NAME"})
            elif step != "wait":
                await self.use(step)
        if self.plan["fails"]:
            raise ValueError("boom")

    async def use(self, other):
        service = await self.context.services.get("of_" + other)
        if service is not None:
            await service.count("start")

    @HookimplMarker("chat")
    async def heard(self, text: str):
        return f"{text} NAME"

    @command("of_NAME")
    async def told(self, source, what: str):
        self.used.append(what)
        await source.reply(f"NAME has {what}")
"""
USED = """
[contributes]
hooks = ["heard"]
commands = [{ name = "of_NAME" }]
services = ["of_NAME"]
events = ["sang"]
listens = ["plugin:a:sang", "plugin:b:sang", "plugin:c:sang", "plugin:d:sang"]
"""
PLANS = st.fixed_dictionaries(
    {
        "start": st.lists(st.sampled_from(("wait", "sing", *NAMES)), max_size=5),
        "fails": st.sampled_from((False, False, False, True)),
    }
)
USES = st.lists(
    st.tuples(
        st.sampled_from(("hook", "command", "event", "service")),
        st.sampled_from(NAMES),
        st.integers(0, 40),
        st.sampled_from((False, False, False, True)),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    made = []
    for name in NAMES:
        needs = f'[requires]\n{NEEDS[name]} = "*"\n' if name in NEEDS else ""
        more = needs + USED.replace("NAME", name)
        text = manifest_text(name, permissions=PERMISSIONS, more=more)
        text = text.replace("\n\n", '\nactivation = "demand"\n\n', 1)
        made.append(build_plugin(folder, name, code=CODE.replace("NAME", name), manifest=text))
    return made


async def use(host: Host, way: str, name: str, what: str, ticks: int) -> str:
    for _ in range(ticks):
        await asyncio.sleep(0)
    if way == "hook":
        said: str = await host.call.heard(text=what)
        return said
    if way == "command":
        speaker = Speaker()
        assert await host.commands.dispatch(f"of_{name} {what}", speaker)
        (said,) = speaker.answers
        return said
    await (host.wake_for("services", f"of_{name}") if way == "service" else host.wake_for("listens", "plugin:a:sang"))
    return ""


async def follow(wheels: Sequence[Path], plans: Mapping[str, Any], uses: Sequence[Any], folder: Path) -> None:
    profile = Profile(Layout(folder / "profile"))
    profile.install(*wheels)
    profile.enable(*NAMES)
    for name, plan in plans.items():
        place = profile.layout.data(name) / FILES
        place.mkdir(parents=True)
        (place / "plan.json").write_text(json.dumps(plan))
    host = Host("chat", layout=profile.layout, hostfile=hostfile(), specs=Specs, callback_timeout_seconds=20)
    await host.start()
    try:
        async with asyncio.timeout(60):
            tasks = [
                asyncio.create_task(use(host, way, name, f"use{number}", ticks))
                for number, (way, name, ticks, _) in enumerate(uses)
            ]
            for (_, _, ticks, gives_up), task in zip(uses, tasks, strict=True):
                if gives_up:
                    for _ in range(ticks):
                        await asyncio.sleep(0)
                    task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        states = {one.id: one for one in host.plugins}
        fails = {name for name in NAMES if plans[name]["fails"]}
        fails |= {name for name, need in NEEDS.items() if need in fails}
        for number, ((way, name, _, gives_up), answer) in enumerate(zip(uses, answers, strict=True)):
            what = f"use{number}"
            if gives_up and isinstance(answer, asyncio.CancelledError):
                continue
            assert isinstance(answer, str), answer
            if way == "hook":
                assert sorted(answer.split()) == sorted({what, *NAMES} - fails)
            elif way == "command":
                refused = f"{name} could not be started: {states[name].problem}"
                assert answer == (refused if name in fails else f"{name} has {what}")
                loaded: Any = host.plugins.record(name).loaded
                assert (loaded.target.used.count(what) if loaded is not None else 0) == (name not in fails)
            else:
                assert states[name].state != "resolved" or way == "event"
    finally:  # else what it imported would be in the way of the next example
        await host.stop()


@settings(max_examples=20)
@given(plans=st.fixed_dictionaries(dict.fromkeys(NAMES, PLANS)), uses=USES)
def test_uses_in_any_order_reach_each_plugin_once(wheels, plans, uses):
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        runner.run(follow(wheels, plans, uses, Path(folder)))
