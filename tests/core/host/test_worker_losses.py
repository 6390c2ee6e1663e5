"""What is said of a worker that is stopped or ends, in the log and in its status; and of what its start took (U39)."""

from __future__ import annotations

import logging
import os
import signal

import pytest

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


CODE = """
import os, time
from jackfield import Plugin, command

class Main(Plugin):
    @command("spin")
    def spin(self, source):
        while True:
            pass

    @command("fail")
    def fail(self, source):
        raise ValueError("not on Sundays")

    @command("where")
    async def where(self, source):
        await source.reply(str(os.getpid()))
"""
COMMANDS = '[contributes]\ncommands = [{ name = "spin" }, { name = "fail" }, { name = "where" }]\n'


@pytest.fixture
async def host(profile, build, running):
    """A host with a worker that has 300 ms for a call."""
    more = f'{COMMANDS}[limits]\ncall = "300ms"\n'
    profile.install(build("weather", code=CODE, isolation="worker", more=more))
    profile.enable("weather", isolation="worker")
    host = await running()
    assert host.plugins.status("weather").state == "active"
    return host


def said(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.name == "chat.plugins.weather"]


async def ended(host, line: str = "") -> None:
    """Give a command that ends the worker, and wait for the next one."""
    before = host.plugins.record("weather").remote
    if line:
        await host.commands.dispatch(line, Speaker())
    await until(lambda: host.plugins.record("weather").remote not in (None, before), timeout_seconds=20)
    await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=20)


@pytest.mark.feature("U39", "C26")
async def test_a_worker_that_was_stopped_is_one_sentence_in_the_log(host, caplog):
    await ended(host, "spin")
    (record,) = said(caplog)
    assert record.exc_info is None, "who raised it is the host, and its code explains nothing"
    assert record.getMessage() == (
        "weather failed in command spin: weather did not answer the command spin within 300 ms and was stopped "
        "(if it should: jackfield limits weather call=600ms)"
    )
    assert host.usage.one("weather").errors == 2, "the command and the process are counted all the same"


@pytest.mark.feature("U39", "J25")
async def test_one_that_was_killed_is_one_sentence_and_has_no_traceback_in_its_status(host, caplog):
    errors: list[str] = []
    host.plugins.on_change(lambda status: errors.append(status.error) if status.state == "failed" else None)
    speaker = Speaker()
    await host.commands.dispatch("where", speaker)
    os.kill(int(speaker.answers[0]), signal.SIGKILL)
    await ended(host)
    (record,) = said(caplog)
    assert record.getMessage() == "weather failed in its process: weather was killed by SIGKILL"
    assert errors == [""]


@pytest.mark.feature("U39")
async def test_what_its_code_raises_has_its_traceback_as_before(host, caplog):
    await host.commands.dispatch("fail", Speaker())
    (record,) = said(caplog)
    assert record.exc_info is not None
    assert "in fail" in host.plugins.status("weather").error


SLOW = """
import time
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        time.sleep(0.9)
"""
QUICK = "from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"


async def test_of_a_start_only_what_a_plugins_own_code_took_is_its_own(profile, build, running):
    profile.install(build("a", code=SLOW, isolation="worker"), build("b", code=QUICK, isolation="worker"))
    profile.enable("a", "b", isolation="worker")
    host = await running()
    records = host.plugins.records()
    assert records["a"].start_seconds >= 0.9
    assert records["b"].start_seconds < 0.9, "neither the process that forks nor its turn after a is its own"
    await host.reload("b")
    assert records["b"].start_seconds < 0.9
