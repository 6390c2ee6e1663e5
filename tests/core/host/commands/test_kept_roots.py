"""Who had a root of commands keeps it: no plugin puts another one out of work by naming its command alike."""

from __future__ import annotations

import logging
import os
import shutil
import signal

import pytest
from jackfield.management import Trial

from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.feature("U13")

POLL = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("poll")
    async def poll(self, source): ...
"""
DECLARES = '[contributes]\ncommands = [{ name = "poll" }]\n'
ALIAS = '[contributes]\ncommands = [{ name = "ask", aliases = ["poll"] }]\n'
ADDS = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await asyncio.sleep(0.2)
        self.context.commands.add("poll", self.poll)

    async def poll(self, source): ...
"""
NOTHING = "from jackfield import Plugin\nclass Main(Plugin): pass\n"
FAILS = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise ValueError('boom')\n"
REGISTERS = "[[permissions]]\nresource = 'commands'\nactions = ['register']\n"
TAKEN = "the command poll of aaa is taken by poll"


@pytest.fixture
def polls(build):
    """The wheel of a plugin with a command `poll`, which it declares."""
    return lambda name, version="1.0.0", **more: build(name, version, **{"code": POLL, "more": DECLARES, **more})


def require_kept(host, *, failed: str = "aaa") -> None:
    status = host.plugins.status
    assert (status("poll").state, host.commands.owner("poll")) == ("active", "poll"), status("poll").problem
    assert status(failed).state == "failed"
    assert status(failed).problem.startswith(TAKEN), status(failed).problem


@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_a_newcomer_that_comes_up_first_does_not_take_it(profile, running, polls, isolation):
    profile.install(polls("poll"))
    profile.enable("poll", isolation=isolation)
    host = await running()
    assert host.plugins.status("poll").state == "active"
    await host.stop()
    profile.install(polls("poll"), polls("aaa"))
    profile.enable("aaa", isolation=isolation)
    require_kept(await running())


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("second", [{"code": POLL, "more": DECLARES}, {"code": ADDS, "permissions": REGISTERS}])
async def test_a_clash_is_one_sentence_in_the_log_and_no_traceback(
    profile, build, running, polls, isolation, second, caplog
):
    profile.install(polls("poll"), build("aaa", **second))
    profile.enable("poll")
    profile.enable("aaa", isolation=isolation)
    host = await running()
    require_kept(host)
    (line,) = (one for one in caplog.records if one.name == "chat.plugins.aaa")
    where = "hooks and commands" if second["code"] is POLL else "on_enable"
    assert logging.Formatter().format(line) == f"aaa failed in {where}: {TAKEN}"
    assert host.plugins.status("aaa").error == ""


async def test_of_two_that_never_ran_who_was_enabled_first_has_it(profile, running, polls):
    profile.install(polls("poll"), polls("aaa"))
    profile.enable("poll")
    profile.enable("aaa")
    require_kept(await running())


async def test_an_update_of_one_enabled_longer_takes_no_root_that_another_had(profile, build, running, polls):
    profile.install(build("aaa", code=NOTHING), polls("poll"))
    profile.enable("aaa")
    profile.enable("poll")
    await (await running()).stop()
    profile.install(build("aaa", "2.0.0", code=POLL, more=ALIAS), polls("poll"))
    require_kept(await running())


async def test_a_root_that_is_only_added_is_kept_too_however_late_its_plugin_comes_up(profile, build, running, polls):
    poll = build("poll", code=ADDS, permissions=REGISTERS, more='[requires]\nbase = "*"\n')
    base = build("base", code=NOTHING)
    profile.install(base, poll)
    profile.enable("base", "poll")
    await (await running()).stop()
    profile.install(base, poll, polls("aaa"))
    profile.enable("aaa")
    require_kept(await running())


async def test_one_that_is_asleep_keeps_it(profile, build, running, polls):
    on_demand = manifest_text("poll", more=DECLARES).replace("\n\n", '\nactivation = "demand"\n\n', 1)
    profile.install(polls("poll", manifest=on_demand))
    profile.enable("poll")
    await (await running()).stop()
    profile.install(polls("poll", manifest=on_demand), polls("aaa"))
    profile.enable("aaa")
    host = await running()
    assert host.commands.owner("poll") == "poll"
    assert host.plugins.status("aaa").problem.startswith(TAKEN)


async def test_one_that_fails_keeps_it_until_its_user_disables_it(profile, build, running, polls):
    profile.install(polls("poll"))
    profile.enable("poll")
    await (await running()).stop()
    profile.install(build("poll", "1.1.0", code=FAILS, more=DECLARES), polls("aaa"))
    profile.enable("aaa")
    host = await running()
    assert host.plugins.status("poll").state == "failed"
    assert host.plugins.status("aaa").problem.startswith(TAKEN)
    await host.disable("poll")
    assert (await host.enable("aaa")).state == "active"
    await host.stop()
    profile.install(polls("poll", "1.2.0"), polls("aaa"))
    profile.enable("poll")  # who has it now keeps it
    host = await running()
    assert host.commands.owner("poll") == "aaa"
    assert host.plugins.status("poll").problem.startswith("the command poll of poll is taken by aaa")


async def test_what_a_plugin_gives_up_is_free(profile, build, running, polls):
    profile.install(polls("poll"))
    profile.enable("poll")
    await (await running()).stop()
    profile.install(build("poll", "2.0.0", code=NOTHING))
    await (await running()).stop()
    profile.install(build("poll", "2.0.0", code=NOTHING), polls("aaa"))
    profile.enable("aaa")
    assert (await running()).commands.owner("poll") == "aaa"


@pytest.mark.parametrize("activation", ["startup", "demand"])
@pytest.mark.parametrize("code", [NOTHING, FAILS], ids=["runs", "fails"])
async def test_what_the_next_manifest_leaves_out_is_free_at_once(profile, build, running, polls, activation, code):
    def manifest(version, more):
        return manifest_text("poll", version, more=more).replace("\n\n", f'\nactivation = "{activation}"\n\n', 1)

    other = '[contributes]\ncommands = [{ name = "other" }]\n'
    profile.install(polls("poll", manifest=manifest("1.0.0", DECLARES)), polls("aaa"))
    profile.enable("poll")
    profile.enable("aaa")
    host = await running()
    assert host.commands.owner("poll") == "poll"
    await host.stop()
    profile.install(build("poll", "2.0.0", code=code, manifest=manifest("2.0.0", other)), polls("aaa"))
    host = await running()
    assert (host.commands.owner("poll"), host.plugins.status("aaa").state) == ("aaa", "active")


async def test_one_whose_files_are_gone_keeps_it(profile, running, polls):
    profile.install(polls("poll"), polls("aaa"))
    profile.enable("poll")
    await (await running()).stop()
    for tree in profile.store.active().plugin_trees:
        if (tree / "chat_poll").exists():
            shutil.rmtree(tree)
    profile.enable("aaa")
    host = await running()
    assert host.plugins.status("aaa").problem.startswith(TAKEN)


async def test_one_that_declares_a_root_and_adds_none_keeps_it_from_nobody(profile, build, running, polls):
    profile.install(build("aaa", code=NOTHING, more=DECLARES), polls("poll"))
    profile.enable("aaa")
    profile.enable("poll")
    host = await running()
    assert {one.state for one in host.plugins.list()} == {"active"}
    await host.stop()
    assert (await running()).commands.owner("poll") == "poll"


async def test_start_without_plugins_forgets_nothing(profile, running, polls):
    profile.install(polls("poll"))
    profile.enable("poll")
    await (await running()).stop()
    await (await running(safe=True)).stop()
    profile.install(polls("poll"), polls("aaa", code=ADDS))
    profile.disable("poll")
    profile.enable("aaa")
    profile.enable("poll")
    require_kept(await running())


async def test_a_search_for_who_is_to_blame_takes_it_from_nobody(profile, running, polls):
    profile.install(polls("poll"), polls("aaa"))
    profile.enable("poll")
    profile.enable("aaa")
    require_kept(host := await running())
    trial = Trial(profile.state, ("aaa", "poll"), "tester")
    trial.begin()
    trial.run_with(("aaa",))
    await host.reload_changes()
    assert (host.plugins.status("aaa").state, host.commands.owner("poll")) == ("failed", None)
    await host.stop()
    host = await running()  # one that crashes is started for each question
    assert host.plugins.status("aaa").problem.startswith(TAKEN)
    trial.restore()
    await host.reload_changes()
    require_kept(host)


ODD = [f'{{"roots": {roots}, "declared": []}}' for roots in ('{"poll": 3}', '{"poll": "../"}', "[3]", "null")]


@pytest.mark.parametrize("text", ["", "[]", '{"poll": "aaa"}', *ODD, "[" * 100_000, "\udcff"])
async def test_damaged_record_counts_as_none(profile, running, polls, text):
    profile.install(polls("poll"), polls("aaa"))
    profile.enable("poll")
    await (await running()).stop()
    profile.layout.roots.write_bytes(text.encode(errors="surrogateescape"))
    profile.enable("aaa")
    require_kept(await running())


SNATCHES = """
import asyncio
from jackfield import Plugin
from jackfield.errors import PluginError

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.start(self.snatch(), name="snatch")

    async def snatch(self):
        while True:
            try:
                self.context.commands.add("poll", self.poll)
                return
            except PluginError:
                await asyncio.sleep(0)

    async def poll(self, source):
        await source.reply("aaa")
"""
ANSWERS = POLL.replace("...", "await source.reply('poll')")


@pytest.mark.slow
async def test_one_whose_process_was_killed_finds_it_again(profile, build, running, polls):
    profile.install(polls("poll", code=ANSWERS), build("aaa", code=SNATCHES, permissions=REGISTERS))
    profile.enable("poll", isolation="worker")
    profile.enable("aaa")
    host = await running()
    assert {one.state for one in host.plugins.list()} == {"active"}
    states: list[str] = []
    host.plugins.on_change(lambda status: states.append(str(status.state)) if status.id == "poll" else None)
    os.kill(host.plugins.record("poll").remote.process.pid, signal.SIGKILL)
    await until(lambda: "active" in states)
    speaker = Speaker()
    assert await host.commands.dispatch("poll", speaker)
    assert speaker.answers == ["poll"]
    await host.disable("poll")
    await until(lambda: host.commands.owner("poll") == "aaa")
