"""Plugins in processes of their own, each with its own libraries; a switch replaces those whose libraries changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.host import Host

from tests.support.profiles import Profile
from tests.support.speakers import Speaker
from tests.support.wheels import WheelSource

pytestmark = pytest.mark.slow

SAYS = """
import os
import jflib
from jackfield import Plugin, command

class Main(Plugin):
    @command("{name}")
    async def say(self, source):
        await source.reply(f"{{jflib.VERSION}} {{os.getpid()}}")

    @command("{name}-sees")
    async def sees(self, source, module: str):
        try:
            __import__(module)
        except ImportError:
            await source.reply("nothing")
        else:
            await source.reply(module)
"""


@pytest.fixture
def library(tmp_path: Path) -> Callable[[str], Path]:
    """Builds a version of one library."""
    return lambda version: WheelSource("jflib", version, files={"jflib.py": f'VERSION = "{version}"\n'}).build(
        tmp_path / "wheels"
    )


@pytest.fixture
def talker(build: Callable[..., Path]) -> Callable[..., Path]:
    """Builds a plugin that says which version of the library it has, and in which process."""

    def make(name: str, **options: str) -> Path:
        declared = f'[contributes]\ncommands = [{{ name = "{name}" }}, {{ name = "{name}-sees" }}]\n'
        return build(name, code=SAYS.format(name=name), more=declared, **options)

    return make


async def run(host: Host, line: str) -> list[str]:
    speaker = Speaker()
    await host.commands.dispatch(line, speaker)
    return speaker.answers


async def said(host: Host, name: str) -> tuple[str, str]:
    (answer,) = await run(host, name)
    version, process = answer.split()
    return version, process


@pytest.mark.feature("K41", "K30")
async def test_two_processes_have_two_versions_of_one_library_and_a_third_is_in_this_one(
    profile: Profile, talker, library, running
) -> None:
    profile.install_apart(
        [talker("clock", isolation="inline"), library("3.0")],
        {"owl": [talker("owl"), library("1.0")], "elk": [talker("elk"), library("2.0")]},
    )
    profile.enable("owl", "elk", "clock", isolation="worker")
    host = await running()
    found = {name: await said(host, name) for name in ("owl", "elk", "clock")}
    assert {name: version for name, (version, _) in found.items()} == {"owl": "1.0", "elk": "2.0", "clock": "3.0"}
    assert len({process for _, process in found.values()}) == 3


@pytest.mark.feature("K30", "K42", "C28")
async def test_a_process_of_its_own_sees_nobody_elses_code(profile: Profile, talker, library, running) -> None:
    profile.install_apart([], {"owl": [talker("owl"), library("1.0")], "elk": [talker("elk"), library("2.0")]})
    profile.enable("owl", "elk", isolation="worker")
    host = await running()
    for module, seen in {
        "jflib": "jflib",
        "jackfield.api": "jackfield.api",
        "msgspec": "msgspec",
        "jackfield_chat_api": "jackfield_chat_api",
        "chat_elk": "nothing",
        "httpx": "nothing",
        "jackfield_chat": "nothing",
    }.items():
        assert await run(host, f"owl-sees {module}") == [seen], module


@pytest.mark.feature("K41")
async def test_whose_library_changed_is_replaced_and_nobody_else(profile: Profile, talker, library, running) -> None:
    owl, elk = talker("owl"), talker("elk")
    inline = [talker("clock", isolation="inline"), library("1.0")]
    profile.install_apart(inline, {"owl": [owl, library("1.0")], "elk": [elk, library("1.0")]})
    profile.enable("owl", "elk", "clock", isolation="worker")
    host = await running()
    before = {name: await said(host, name) for name in ("owl", "elk", "clock")}
    profile.install_apart(inline, {"owl": [owl, library("2.0")], "elk": [elk, library("1.0")]})
    await host.reload_changes()
    after = {name: await said(host, name) for name in ("owl", "elk", "clock")}
    assert {name: version for name, (version, _) in after.items()} == {"owl": "2.0", "elk": "1.0", "clock": "1.0"}
    assert [name for name in before if before[name][1] != after[name][1]] == ["owl"]
    assert {status.state for status in host.plugins.list()} == {"active"}  # nobody waits for a restart


async def test_one_that_is_let_into_the_application_and_out_again_moves_while_the_host_runs(
    profile: Profile, talker, library, running
) -> None:
    profile.install(talker("owl"), library("1.0"), requires={"chat-owl": ["jflib"]})
    profile.enable("owl", isolation="worker")
    host = await running()
    outside = (await said(host, "owl"))[1]
    profile.enable("owl", isolation="inline")
    await host.reload_changes()
    status = host.plugins.status("owl")
    assert (status.state, status.isolation, status.grade) == ("active", "inline", "")
    inside = (await said(host, "owl"))[1]
    profile.enable("owl", isolation="worker")
    await host.reload_changes()
    assert len({outside, inside, (await said(host, "owl"))[1]}) == 3
    assert host.plugins.status("owl").isolation == "worker"
