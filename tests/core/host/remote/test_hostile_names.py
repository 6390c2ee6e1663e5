"""Names that a plugin's process gives stand in the log, in figures and in sentences: they are that and nothing more."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest
from jackfield.host.remote import RemotePlugin
from jackfield.host.remote.facets.telling import MOST_LOGGERS, ServedLogger
from jackfield.host.remote.loading import served_life
from jackfield.host.remote.plugin import MOST_LEFT
from jackfield.host.remote.sources import Sources
from jackfield.isolation import Line, LineRate
from jackfield.rpc import Link

from tests.support.plain_workers import served
from tests.support.refusals import refused

pytestmark = pytest.mark.slow

EVIL = "x\x1b[2J\u202e\nERROR jackfield.host: forged"
FUNCTION = {"parameters": [], "documentation": ""}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("events.on", {"event": EVIL, "handler": 1}),
        ("events.on", {"event": f"plugin:probe:{EVIL}", "handler": 1}),
        ("events.emit", {"event": EVIL}),
        ("commands.add", {"name": f"probe-{EVIL}", "handler": 1, "function": FUNCTION}),
        ("commands.add", {"name": "probe-x", "aliases": [EVIL], "handler": 1, "function": FUNCTION}),
        ("commands.add_tree", {"tree": {"name": "probe-x", "children": [{"name": EVIL, "handler": 1}]}}),
        ("ui.add_component", {"name": EVIL, "render": 1}),
        ("ui.add_menu_item", {"item": {"id": EVIL, "label": "x"}}),
        ("services.provide", {"service": "x\x1b[2J", "handler": 1, "methods": []}),
        ("services.provide", {"service": "x" * 201, "handler": 1, "methods": []}),
    ],
)
async def test_one_that_is_more_than_a_name_is_refused(hostile, method, arguments):
    _, line = hostile
    said = await refused(line, method, arguments, "cannot name")
    assert said.isprintable()


async def test_a_logger_below_the_plugins_own_begins_no_line(hostile, caplog):
    _, line = hostile
    await line.call("log", {"level": 40, "message": "mine", "name": EVIL})
    (record,) = [one for one in caplog.records if one.getMessage() == "mine"]
    assert record.name == "chat.plugins.probe.x\\x1b[2J\\u202e ERROR jackfield.host: forged"


async def test_one_process_after_the_other_leaves_no_more_loggers(hostile):
    side, _ = hostile
    before = len(logging.Logger.manager.loggerDict)
    for process in range(5):
        logger = ServedLogger(side.wiring.context, LineRate("probe", lambda: 10_000, logging.error))
        for number in range(MOST_LOGGERS):
            logger.log(40, "line", name=f"p{process}n{number}")
    assert len(logging.Logger.manager.loggerDict) - before <= MOST_LOGGERS


async def test_a_failure_that_a_plugin_tells_of_begins_no_line_of_its_own(hostile, caplog):
    side, line = hostile
    told = {"what": EVIL, "kind": EVIL, "message": EVIL, "traceback": EVIL}
    side.served |= served_life("probe", Sources(), side.wiring.around.guard)
    await line.call("plugin.failed", told)
    text = caplog.text
    assert "forged" in text
    assert not [one for one in text.splitlines() if one.startswith("ERROR jackfield.host: forged")]
    assert not any(one in text for one in "\x1b\u202e")


async def test_what_a_process_says_it_left_behind_is_told_in_a_few_plain_lines():
    def close() -> list[str]:
        return [EVIL] * 10_000

    ours, theirs = socket.socketpair()
    line, other = (
        Line(Link(one, served(methods), peer="the other"), plugin="probe")
        for one, methods in ((ours, {}), (theirs, {"scope.close": close}))
    )
    await asyncio.gather(line.greet(), other.greet())
    remote = RemotePlugin("probe", line, None)
    left = await remote.close_scope(5)
    assert len(left) == MOST_LEFT
    assert all(one.isprintable() for one in left)
    await remote.end()
    await other.wait_closed()
