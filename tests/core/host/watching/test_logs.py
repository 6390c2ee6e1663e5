"""Each plugin's logger: levels that the user sets, messages made only when wanted, the last lines kept."""

from __future__ import annotations

import logging

import pytest
from jackfield.analytics import LogFile

from tests.support.speakers import Speaker
from tests.support.waiting import until

CODE = """
from jackfield import Plugin, command

class Main(Plugin):
    made = 0

    def costly(self):
        self.made += 1
        return f"made {self.made}"

    @command("talk")
    async def talk(self, source):
        self.context.logger.debug(self.costly)
        self.context.logger.info("%d mm", 3, extra={"place": "Vienna"})
        self.context.logger.warning(lambda: "lazy, too")
        on = self.context.logger.isEnabledFor(10)
        await source.reply(f"{on} {self.made}")

    @command("fail")
    async def fail(self, source): raise ValueError("wet")
"""
MORE = '[contributes]\ncommands = [{ name = "talk" }, { name = "fail" }]\n'


@pytest.fixture
async def host(profile, build, running):
    profile.install(build("weather", code=CODE, more=MORE))
    profile.enable("weather")
    return await running()


async def say(host, text: str) -> str:
    speaker = Speaker()
    await host.commands.dispatch(text, speaker)
    return speaker.answers[-1]


def lines(host) -> list[tuple[str, str]]:
    return [(line.level, line.message) for line in host.logs.lines("weather")]


@pytest.mark.feature("K15", "M4")
async def test_a_message_is_made_only_if_its_level_is_on_and_the_level_can_be_asked_for(host, profile):
    assert await say(host, "talk") == "False 0"
    assert lines(host) == [("INFO", "3 mm"), ("WARNING", "lazy, too")]
    assert host.logs.lines("weather")[0].fields == {"place": "Vienna"}


@pytest.mark.feature("K15")
async def test_the_user_sets_the_level_and_a_running_host_follows(host, profile):
    profile.state.change({"log_level/weather": "debug"}, by="test")
    await host.reload_changes()
    assert host.logs.level("weather") == "debug"
    assert await say(host, "talk") == "True 1"
    assert lines(host)[0] == ("DEBUG", "made 1")

    profile.state.change({"log_level/weather": "error"}, by="test")
    await host.reload_changes()
    await say(host, "talk")
    assert len(lines(host)) == 3

    profile.state.change({"log_level/weather": None}, by="test")
    await host.reload_changes()
    assert host.logs.level("weather") == "info"


@pytest.mark.feature("M4")
async def test_the_applications_own_log_shows_what_it_would_have_shown(host, profile, caplog):
    await say(host, "talk")
    assert [(one.name, one.getMessage()) for one in caplog.records if one.name.startswith("chat.")] == [
        ("chat.plugins.weather", "lazy, too")  # pytest's root logger begins at WARNING
    ]
    profile.state.change({"log_level/weather": "debug"}, by="test")
    await host.reload_changes()
    caplog.clear()
    await say(host, "talk")
    assert [one.levelname for one in caplog.records if one.name.startswith("chat.")] == ["DEBUG", "INFO", "WARNING"]


async def test_failures_stand_among_the_lines_with_their_traceback(host):
    await say(host, "fail")
    line = host.logs.lines("weather")[-1]
    assert (line.level, line.message) == ("ERROR", "weather failed in command fail")
    assert "ValueError: wet" in line.traceback


async def test_the_lines_are_on_disk_when_the_host_has_stopped_and_the_logger_is_as_before(host, profile):
    await say(host, "talk")
    await host.stop()
    kept = LogFile(profile.layout.logs / "weather.jsonl").read()
    assert [line.message for line in kept] == ["3 mm", "lazy, too"]
    logger = logging.getLogger("chat.plugins.weather")
    assert (logger.handlers, logger.filters, logger.level) == ([], [], logging.NOTSET)


async def test_lines_of_a_logger_below_are_the_plugins_too(host):
    logging.getLogger("chat.plugins.weather.radar").warning(lambda: "echo")
    assert lines(host) == [("WARNING", "echo")]


async def test_a_level_that_is_none_counts_as_none(host, profile):
    profile.state.change({"log_level/weather": "loud"}, by="test")
    await host.reload_changes()
    assert host.logs.level("weather") == "info"


SAYS = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.logger.warning("PLUGIN says so")
        self.context.logger.getChild("pro").warning("PLUGIN says more")
        print("PLUGIN prints", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_no_id_puts_a_logger_below_that_of_another_plugin(profile, build, running, isolation):
    names = ("weather", "weather.pro")
    profile.install(*(build(name, code=SAYS.replace("PLUGIN", name), isolation="any") for name in names))
    profile.enable(*names, isolation=isolation)
    host = await running()
    printed = ["printed: {} prints"] if isolation == "worker" else []
    wanted = {name: {one.format(name) for one in ("{} says so", "{} says more", *printed)} for name in names}

    def said() -> dict[str, set[str]]:
        return {name: {line.to_mapping()["message"] for line in host.logs.lines(name)} for name in names}

    await until(lambda: all(said()[name] >= wanted[name] for name in names))
    assert said() == wanted
