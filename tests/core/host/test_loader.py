"""What an entry point may name (K1, K2), and what becomes of code that is no plugin."""

from __future__ import annotations

import gc
import sys

import pytest
from jackfield import Plugin

OBJECT = """
from jackfield import Plugin

class _Weather(Plugin):
    def on_enable(self):
        self.places = (self.context.data_dir, self.context.config_dir)

Main = _Weather()
"""


@pytest.mark.feature("K1", "K2")
@pytest.mark.parametrize("code", [OBJECT, OBJECT.replace("Main = _Weather()", "class Main(_Weather): ...")])
async def test_a_class_or_an_object_is_one_plugin_with_folders_of_its_own(profile, build, running, code):
    profile.install(build("a", code=code))
    profile.enable("a")
    host = await running()
    assert host.plugins.status("a").state == "active", host.plugins.status("a").error
    target = host.plugins.record("a").loaded.target
    assert isinstance(target, Plugin)
    data, config = vars(target)["places"]
    assert data.is_dir()
    assert config.is_dir()
    assert data != config
    for _ in range(2):
        await host.disable("a")
        await host.enable("a")
    assert host.plugins.record("a").loaded.target is target


@pytest.mark.feature("K1")
@pytest.mark.parametrize(
    ("code", "what"), [("def Main(): ...", "function"), ("Main = 7", "int"), ("Main = 'text'", "str")]
)
async def test_what_cannot_be_a_plugin_is_refused_by_name(profile, build, running, code, what):
    profile.install(build("a", code=code))
    profile.enable("a")
    host = await running()
    status = host.plugins.status("a")
    assert status.state == "failed"
    told = f"a: the entry point chat_a:Main names a {what}: a plugin is a class, a module, or an object of a class"
    assert status.problem.startswith(told)


@pytest.mark.feature("J12", "J16")
async def test_who_is_in_the_start_list_runs_at_every_start_and_who_is_asked_for_runs_this_once(
    profile, build, running
):
    profile.install(build("listed"), build("asked"))
    profile.enable("listed", "asked")
    profile.disable("asked")
    host = await running()
    assert [status.id for status in host.plugins.active()] == ["listed"]
    await host.load("asked", by="alice")
    assert [status.id for status in host.plugins.active()] == ["asked", "listed"]
    await host.stop()
    await host.start()
    assert [status.id for status in host.plugins.active()] == ["listed"]


@pytest.mark.feature("J10", "J14")
async def test_the_map_of_running_plugins_holds_who_is_up_and_each_way_down_has_steps_of_its_own(
    profile, build, running
):
    code = """
from jackfield import Plugin
class Main(Plugin):
    def __init__(self): self.steps = []
    def on_disable(self): self.steps.append("disable")
    def on_unload(self): self.steps.append("unload")
"""
    profile.install(build("a", code=code))
    profile.enable("a")
    host = await running()

    async def steps_of(way) -> tuple[list[str], str, bool]:
        target = host.plugins.record("a").loaded.target
        await way("a")
        return target.steps, str(host.plugins.status("a").state), "chat_a" in sys.modules

    assert [status.id for status in host.plugins.active()] == ["a"]
    assert await steps_of(host.disable) == (["disable"], "idle", True)
    assert host.plugins.active() == []
    await host.enable("a")
    assert [status.id for status in host.plugins.active()] == ["a"]
    assert await steps_of(host.unload) == (["disable", "disable", "unload"], "unloaded", False)
    assert host.plugins.active() == []


@pytest.mark.feature("J24")
async def test_a_plugin_in_the_hosts_process_has_no_link_to_lose_and_what_it_answers_wrongly_is_refused(
    profile, build, running
):
    from jackfield.hooks import HookspecMarker

    hookspec = HookspecMarker("chat")

    class Specs:
        @hookspec(pipeline="text")
        async def said(self, text: str) -> str: ...

    code = """
from jackfield import Plugin
from jackfield.hooks import HookimplMarker
class Main(Plugin):
    @HookimplMarker("chat")
    async def said(self, text): return ANSWER
"""
    profile.install(
        build("bad", code=code.replace("ANSWER", "7")), build("good", code=code.replace("ANSWER", "text.upper()"))
    )
    profile.enable("bad", "good")
    host = await running(specs=Specs)
    assert await host.call.said(text="hi") == "HI"
    status = host.plugins.status("bad")
    assert (status.state, status.errors) == ("active", 1)
    assert "bad answered said with int, not str or None" in status.problem


@pytest.mark.slow
async def test_reloads_leave_no_old_code_behind(profile, build, running):
    code = "from jackfield import Plugin\nclass Main(Plugin):\n    payload = bytearray(1)\n"
    profile.install(build("a", code=code), build("needs-a", code=code, more='[requires]\na = "*"'))
    profile.enable("a", "needs-a")
    host = await running()
    for _ in range(50):
        await host.reload("a")
    gc.collect()
    left = [one for one in gc.get_objects() if isinstance(one, Plugin) and type(one).__module__.startswith("chat_")]
    assert len(left) == 2
