"""What the command line tells of a running application, and of one that ran."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jackfield.analytics import UsageFile
from jackfield.application import Application
from jackfield.hooks import HookspecMarker

from tests.core.cli.running import Running
from tests.support.processes import script
from tests.support.profiles import Profile
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec
    def told(self, text: str) -> None:
        """Hear."""


class Api:
    def __init__(self, plugin: str, check: Any) -> None:
        self._check = check

    def send(self) -> None:
        self._check("messages", "send")


CODE = """
from jackfield import HookimplMarker, Plugin, command
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def told(self, text): self.context.api.send()

    @command("say")
    async def say(self, source, text: str):
        self.context.logger.debug("about to say %s", text)
        self.context.logger.warning("said %s", text, extra={"place": "Vienna"})
"""
MORE = '[contributes]\ncommands = [{ name = "say" }]\n'
SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "speaks"\n'


async def use(running: Running) -> None:
    """Have the plugin do everything it can, once."""
    running.application.host.hook.told(text="hello")
    await running.application.host.commands.dispatch("say hello", Speaker())


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    home = tmp_path / "home"
    application = Application("chat", home=home, specs=Specs, api=Api)
    profile = Profile(application.layout)
    profile.install(
        build_plugin(tmp_path / "wheels", "weather", "1.0.0", code=CODE, more=MORE, permissions=SEND),
        build_plugin(tmp_path / "wheels", "broken", "1.0.0", code="raise ValueError('no rain')"),
    )
    profile.enable("weather")
    await application.start()
    yield Running(application, home)
    await application.stop()


@pytest.mark.feature("C29", "C31")
async def test_stats_are_a_table_the_most_used_first_and_one_plugin_has_its_uses(running):
    await use(running)
    lines = (await running.run("stats")).out.splitlines()
    assert lines[0].split() == ["PLUGIN", "CALLS", "TIME", "WORST", "P99", "ERRORS", "MESSAGES", "STORAGE"]
    first = lines[1].split()
    assert first[0] == "weather"
    assert int(first[1]) >= 2
    assert (await running.run("stats", "--top", "1")).out.count("\n") == 2

    one = (await running.run("stats", "weather")).out
    assert re.search(r"^told +hook +1 ", one, re.MULTILINE)
    assert re.search(r"^command say +command +1 ", one, re.MULTILINE)

    told = (await running.run("stats", "--json")).json
    assert told["running"] is True
    assert told["plugins"][0]["messages"] == 1


@pytest.mark.feature("C31")
async def test_top_without_a_number_is_the_ten_that_were_called_most(running):
    await use(running)
    await running.application.stop()
    kept = UsageFile(running.application.layout.usage)
    uses = next(one.uses for one in kept.read() if one.plugin == "weather")
    kept.merge(replace(use, plugin=f"plugin-{number}") for number in range(12) for use in uses)
    assert len((await running.run("stats", "--json")).json["plugins"]) == 13
    assert len((await running.run("stats", "--top", "--json")).json["plugins"]) == 10
    assert len((await running.run("stats", "--top", "12", "--json")).json["plugins"]) == 12


async def test_without_a_running_application_its_earlier_runs_are_told(running):
    await use(running)
    await running.application.stop()
    ran = await running.run("stats", "--json")
    assert ran.json["running"] is False
    assert ran.json["plugins"][0]["plugin"] == "weather"
    assert "earlier runs" in (await running.run("stats")).out
    missing = await running.run("stats", "nobody")
    assert (missing.code, missing.err.splitlines()[-2:]) == (
        1,
        ["error: nothing was counted of a plugin nobody", "hint: jackfield --app chat stats"],
    )


async def test_list_shows_the_live_state_and_the_counts_while_it_runs(running):
    await use(running)
    out = (await running.run("list")).out
    assert "HOOKS  CALLS" in out
    assert re.search(r"^weather +1\.0\.0 +active +\w+ +1 +\d", out, re.MULTILINE)
    rows = {one["id"]: one for one in (await running.run("list", "--json")).json["plugins"]}
    assert rows["weather"]["running"]["calls"] >= 2
    await running.application.stop()
    assert "HOOKS" not in (await running.run("list")).out


@pytest.mark.feature("U39")
async def test_enable_and_disable_tell_the_running_application_and_report_how_it_went(running):
    off = await running.run("disable", "weather")
    assert "weather is idle" in off.out
    assert running.application.host.plugins.status("weather").state == "idle"
    on = await running.run("enable", "weather", "--accept-permissions")
    assert (on.code, "weather is active" in on.out) == (0, True)

    failed = await running.run("enable", "broken", "--accept-permissions")
    assert failed.code == 1
    assert "ValueError: no rain" in failed.err
    assert "See: jackfield --app chat logs broken" in failed.err
    told = (await running.run("info", "broken")).out
    assert re.search(r"problem +failed in the running application: .*ValueError: no rain", " ".join(told.split()))
    assert re.search(r"from +no marketplace is configured", told)
    listed = (await running.run("list")).out
    assert re.search(r"broken .*failed .*ValueError: no rain.* · jackfield --app chat logs broken", listed)
    logged = (await running.run("logs", "broken")).out
    assert "ValueError: no rain" in logged


async def test_list_says_why_a_plugin_is_blocked_in_the_running_application(running):
    (code,) = running.application.layout.store.glob("*/tree/chat_broken/__init__.py")
    code.chmod(0o644)
    code.write_text("raise ValueError('something else')")
    await running.run("enable", "broken", "--accept-permissions")
    listed = (await running.run("list")).out
    assert re.search(
        r"broken .*blocked .*was changed since it was installed: jackfield --app chat store verify", listed
    )


async def test_the_doctor_names_what_failed_in_the_running_application(running):
    assert (await running.run("doctor")).out.endswith("\nAll is well.\n")
    await running.run("enable", "broken", "--accept-permissions")
    seen = await running.run("doctor")
    assert seen.code == 1
    assert re.search(r"^failed: broken: .*ValueError: no rain", seen.out, re.MULTILINE)
    assert "  → jackfield --app chat logs broken, or jackfield --app chat disable broken\n" in seen.out
    await running.application.stop()
    seen = await running.run("doctor")
    assert seen.code == 1
    failed = r"^failed: broken: .*ValueError: no rain.*, when the application last ran\n"
    assert re.search(failed, seen.out, re.MULTILINE)
    assert re.search(r"broken .* enabled .* failed when it last ran: .*no rain", (await running.run("list")).out)
    (row,) = [row for row in (await running.run("list", "--json")).json["plugins"] if row["id"] == "broken"]
    assert "no rain" in row["last_failure"]
    await running.run("disable", "broken")
    assert (await running.run("doctor")).out.endswith("\nAll is well.\n")


async def test_a_version_that_was_rolled_back_is_a_note_and_nothing_wrong(running, tmp_path):
    code = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise OSError('no disk')\n"
    wheel = build_plugin(tmp_path / "wheels", "weather", "2.0.0", code=code)
    await running.run("install", str(wheel), "--yes", "--accept-permissions")
    await until(lambda: running.application.host.plugins.status("weather").version == "1.0.0")
    await running.application.probation.decided()
    seen = await running.run("doctor")
    assert seen.code == 0
    assert re.search(r"^note: weather: 2\.0\.0 failed here, 1\.0\.0 is back since: .*no disk", seen.out, re.MULTILINE)
    assert "pin weather --release\n" in seen.out
    assert seen.out.endswith("\nAll is well.\n")
    (finding,) = (await running.run("doctor", "--json")).json["findings"]
    assert (finding["kind"], finding["note"]) == ("rolled back", True)


@pytest.mark.feature("K15")
async def test_logs_are_shown_filtered_and_outlast_the_application(running):
    await use(running)
    out = (await running.run("logs", "weather")).out
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING said hello  place=Vienna\n", out)
    assert "has logged nothing" in (await running.run("logs", "weather", "--least", "error")).out
    assert (await running.run("logs", "weather", "-n", "0", "--json")).json["lines"] == []
    await running.application.stop()
    kept = await running.run("logs", "weather", "--json")
    assert [line["message"] for line in kept.json["lines"]] == ["said hello"]
    assert kept.json["running"] is False
    follow = await running.run("logs", "weather", "--follow")
    assert (follow.code, "no application runs" in follow.err) == (1, True)


@pytest.mark.feature("K15")
async def test_the_level_is_set_for_a_running_application(running):
    assert "weather keeps log lines from debug on." in (await running.run("logs", "weather", "--level", "debug")).out
    await until(lambda: running.application.host.logs.level("weather") == "debug")
    await use(running)
    assert "DEBUG   about to say hello" in (await running.run("logs", "weather")).out
    await running.run("logs", "weather", "--level", "default")
    await until(lambda: running.application.host.logs.level("weather") == "info")
    assert (await running.run("logs", "nobody")).code == 1
    assert (await running.run("logs", "weather", "--level", "loud")).code == 2


async def test_lines_are_followed_as_they_come(running):
    reader = await asyncio.create_subprocess_exec(
        script("jackfield"), "--app", "chat", "logs", "weather", "--follow", "--json",
        env={**running.environment, "PYTHONUNBUFFERED": "1"}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert reader.stdout is not None
    await use(running)
    line = json.loads(await asyncio.wait_for(reader.stdout.readline(), 60))
    assert line["message"] == "said hello"
    await running.application.stop()
    assert await reader.wait() == 0


async def test_whoever_follows_ends_it_with_ctrl_c_and_that_is_no_failure(running):
    reader = await asyncio.create_subprocess_exec(
        script("jackfield"), "--app", "chat", "logs", "weather", "--follow",
        env={**running.environment, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert reader.stdout is not None
    await use(running)
    assert b"said hello" in await asyncio.wait_for(reader.stdout.readline(), 60)
    reader.send_signal(signal.SIGINT)
    _, told = await asyncio.wait_for(reader.communicate(), 60)
    assert (reader.returncode, told.strip()) == (0, b"")


@pytest.mark.feature("U19")
async def test_the_threads_of_a_running_application_are_dumped(running):
    out = (await running.run("debug", "threads")).out
    assert re.match(r"process \d+: \d+ threads?, \d+ tasks?\n", out)
    assert "thread MainThread" in out
    assert "task jackfield: watch" in out
    told = (await running.run("debug", "threads", "--json")).json
    assert {"name", "stack", "plugin", "daemon"} <= set(told["threads"][0])
    await running.application.stop()
    assert (await running.run("debug", "threads")).code == 1


async def test_install_says_where_the_plugin_stands_in_the_running_application(running, tmp_path):
    good = build_plugin(tmp_path / "more", "calm", "1.0.0")
    ran = await running.run("install", str(good), "--accept-permissions", "--json")
    assert (ran.code, ran.json["running"]) == (0, {"calm": {"state": "active", "problem": None}})
    code = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise OSError('no disk')\n"
    bad = build_plugin(tmp_path / "more", "brittle", "1.0.0", code=code)
    ran = await running.run("install", str(bad), "--accept-permissions")
    assert ran.code == 1
    assert "brittle 1.0.0 was installed and enabled" in ran.out
    assert re.search(
        r"note: brittle 1\.0\.0 failed here and is held back: OSError: no disk .*; it was taken out again\. "
        r"See: jackfield --app chat logs brittle\. To try it again: jackfield --app chat pin brittle --release",
        ran.err,
    )
    ran = await running.run("logs", "brittle")
    assert (ran.code, ran.err) == (0, "")
    logged = ran.out
    assert "line 3, in on_enable" in logged  # its author needs the traceback, though it is not installed any more
    assert "OSError: no disk" in logged
    released = await running.run("pin", "brittle", "--release")  # of what is not installed nothing can be updated
    assert released.out.splitlines()[0] == "brittle 1.0.0 can be taken again: jackfield --app chat install brittle"


async def test_what_was_told_of_a_build_is_told_no_more_where_the_next_one_is_installed(running, tmp_path):
    """The most common round of an author: a build fails, and the next one has the same version."""
    code = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): {}\n"
    bad = build_plugin(tmp_path / "first", "rebuilt", "1.0.0", code=code.format("raise OSError('no disk')"))
    good = build_plugin(tmp_path / "second", "rebuilt", "1.0.0", code=code.format("pass"))
    worse = build_plugin(tmp_path / "third", "rebuilt", "1.0.0", code=code.format("raise OSError('no paper')"))
    assert (await running.run("install", str(bad), "--accept-permissions")).code == 1
    ran = await running.run("install", str(good), "--accept-permissions")
    assert (ran.code, ran.err) == (0, "")
    assert "no disk" not in (await running.run("list")).out
    assert "no disk" not in (await running.run("doctor")).out
    assert "it failed here" in (await running.run("pin", "rebuilt")).out  # those very bytes are held back all the same
    ran = await running.run("install", str(worse), "--accept-permissions")
    assert ran.code == 1
    assert "no paper" in ran.err
    assert "the build before is back" in ran.err
    assert "rebuilt 1.0.0 was rolled back to the build before by itself" in (await running.run("list")).out
    newer = build_plugin(tmp_path / "fourth", "rebuilt", "1.1.0", code=code.format("pass"))
    assert (await running.run("install", str(newer), "--yes")).code == 0
    assert "rolled back" not in (await running.run("list")).out, "what came after it runs"
    assert "rolled back" not in (await running.run("doctor")).out
    mended = build_plugin(tmp_path / "fifth", "rebuilt", "1.0.0", code=code.format("return"))
    assert (await running.run("install", str(mended), "--accept-permissions")).code == 0
    assert "no paper" not in (await running.run("list")).out
