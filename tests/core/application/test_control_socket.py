"""A running host takes orders of its own user, beside its event loop and within bounds."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from jackfield.application import Application, RunningHost
from jackfield.application.control_socket import MOST_CLIENTS
from jackfield.errors import HostUnreachable, JackfieldError, PluginError, UnknownPlugin, UsageError
from jackfield.isolation import reachable
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

CODE = """
import time
from jackfield import Plugin, command

class Main(Plugin):
    @command("say")
    async def say(self, source, text: str):
        self.context.logger.info("said %s", text)

    @command("hang")
    async def hang(self, source): time.sleep(1.0)
"""
MORE = '[contributes]\ncommands = [{ name = "say" }, { name = "hang" }]\n'


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    application = Application("chat", home=tmp_path / "home", hostfile=hostfile(), watchdog_seconds=None)
    profile = Profile(application.layout)
    wheels = tmp_path / "wheels"
    profile.install(
        build_plugin(wheels, "talker", "1.0.0", code=CODE, more=MORE),
        build_plugin(wheels, "broken", "1.0.0", code="raise ValueError('no')"),
    )
    profile.enable("talker")
    await application.start()
    yield application
    await application.stop()


async def ask(application: Application, command: str, **arguments: Any) -> dict[str, Any]:
    """Ask as another process does: this one's loop has to run meanwhile."""
    return await asyncio.to_thread(RunningHost(application.layout).ask, command, **arguments)


def raw(layout: Layout, text: bytes) -> bytes:
    """What the host answers to bytes."""
    with socket.socket(socket.AF_UNIX) as connection, reachable(layout.control) as address:
        connection.settimeout(20)
        connection.connect(address)
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
        return answer


async def test_it_is_the_users_alone_and_goes_with_the_host(application):
    path = application.layout.control
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert path.stat().st_mode & 0o777 == 0o600
    assert await ask(application, "ping") == {"app": "chat", "process": os.getpid(), "safe": False}
    await application.stop()
    assert not path.exists()
    assert not RunningHost(application.layout).is_there


async def test_without_a_host_the_sentence_says_so(tmp_path):
    layout = Layout(tmp_path / "profile")
    with pytest.raises(HostUnreachable, match="no application runs with these plugins"):
        RunningHost(layout).ask("ping")


async def test_a_socket_that_a_dead_host_left_is_replaced(application, tmp_path):
    await application.stop()
    left = socket.socket(socket.AF_UNIX)
    with reachable(application.layout.control) as address:
        left.bind(address)
    left.close()
    assert not RunningHost(application.layout).is_there
    await application.start()
    assert (await ask(application, "ping"))["app"] == "chat"


async def test_plugins_are_listed_with_their_live_states_and_counts(application):
    await application.host.commands.dispatch("say hello", Speaker())
    rows = {one["id"]: one for one in (await ask(application, "list"))["plugins"]}
    assert (rows["talker"]["state"], rows["talker"]["hooks"]) == ("active", 0)
    assert rows["talker"]["calls"] >= 1
    assert rows["broken"]["state"] == "found"


@pytest.mark.feature("C31")
async def test_stats_of_all_and_of_one(application):
    await application.host.commands.dispatch("say hello", Speaker())
    found = (await ask(application, "stats"))["plugins"]
    assert [one["plugin"] for one in found] == ["talker", "broken"]
    (one,) = (await ask(application, "stats", plugin="talker"))["plugins"]
    assert one["commands"] == 1
    with pytest.raises(UnknownPlugin):
        await ask(application, "stats", plugin="nobody")


@pytest.mark.feature("U39")
async def test_enable_disable_and_reload_are_carried_out_and_their_outcome_told(application):
    told = await ask(application, "disable", plugin="talker", by="alice")
    assert told["plugin"]["state"] in ("idle", "found")
    assert application.host.plugins.status("talker").state != "active"
    told = await ask(application, "enable", plugin="Talker", by="alice")
    assert told["plugin"]["state"] == "active"
    assert (await ask(application, "reload", plugin="talker"))["plugin"]["state"] == "active"

    Profile(application.layout).enable("broken")
    with pytest.raises(PluginError, match="ValueError: no") as raised:
        await ask(application, "enable", plugin="broken")
    assert raised.value.plugin == "broken"
    rows = {one["id"]: one for one in (await ask(application, "list"))["plugins"]}
    assert (rows["broken"]["state"], rows["broken"]["failure"]) == ("failed", "ValueError: no")


async def test_what_was_installed_a_moment_ago_is_known(application, tmp_path):
    profile = Profile(application.layout)
    pins = [
        build_plugin(tmp_path / "wheels", "fresh", "1.0.0"),
        build_plugin(tmp_path / "wheels", "talker", "1.0.0", code=CODE, more=MORE),
    ]
    profile.install(*pins)
    profile.enable("fresh")
    assert (await ask(application, "enable", plugin="fresh"))["plugin"]["state"] == "active"
    with pytest.raises(UnknownPlugin):
        await ask(application, "enable", plugin="nobody")


async def test_an_order_ends_safe_mode_as_any_other_change_does(application):
    await application.stop()
    one = Application("chat", home=application.layout.root.parents[1], hostfile=hostfile(), safe=True)
    assert one.layout == application.layout
    await one.start()
    try:
        assert (await ask(one, "ping"))["safe"] is True
        Profile(one.layout).disable("talker")
        Profile(one.layout).enable("talker")
        from jackfield.storage import Starts

        Starts(one.layout.starts).leave()
        assert (await ask(one, "enable", plugin="talker"))["plugin"]["state"] == "active"
    finally:
        await one.stop()


@pytest.mark.feature("K15")
async def test_a_log_is_followed_until_the_reader_goes(application):
    await application.host.commands.dispatch("say one", Speaker())
    seen: list[str] = []

    def follow() -> None:
        answers: Iterator[dict[str, Any]] = RunningHost(application.layout).follow("logs", plugin="talker", follow=True)
        for answer in answers:
            seen.extend(line["message"] for line in answer["lines"])
            if "said two" in seen:
                break

    following = asyncio.create_task(asyncio.to_thread(follow))
    await until(lambda: seen == ["said one"])
    await application.host.commands.dispatch("say two", Speaker())
    await following
    assert seen == ["said one", "said two"]


@pytest.mark.feature("U19")
async def test_it_answers_while_the_event_loop_is_stuck(application):
    found: dict[str, Any] = {}

    def look() -> None:
        time.sleep(0.3)
        begun = time.monotonic()
        found.update(RunningHost(application.layout).ask("threads"), began=begun)

    looking = threading.Thread(target=look)
    looking.start()
    await application.host.commands.dispatch("hang", Speaker())
    looking.join()

    (stuck,) = [one for one in found["threads"] if one["plugin"] == "talker"]
    assert "in hang" in stuck["stack"]


@pytest.mark.parametrize(
    ("request_text", "problem"),
    [
        (b"hello\n", "no JSON"),
        (b"[1]\n", "no JSON object"),
        (b'{"jackfield": 99, "command": "ping"}\n', "speaks protocol 1"),
        (b'{"jackfield": 1, "command": "explode"}\n', "knows no command 'explode'"),
        (b'{"jackfield": 1, "command": ["ping"]}\n', "knows no command"),
        (b'{"jackfield": 1, "command": "logs"}\n', "no plugin None"),
        (b"x" * 200_000, "a line of more than"),
        (b"[" * 60_000 + b"\n", "no JSON"),
    ],
)
async def test_a_bad_request_is_refused_with_a_sentence_and_the_host_goes_on(application, request_text, problem):
    answer = await asyncio.to_thread(raw, application.layout, request_text)
    assert problem in json.loads(answer)["error"]["message"]
    assert (await ask(application, "ping"))["app"] == "chat"


async def test_who_says_nothing_holds_nobody_up(application):
    with reachable(application.layout.control) as address:
        silent = [socket.socket(socket.AF_UNIX) for _ in range(5)]
        for one in silent:
            one.connect(address)
    assert (await ask(application, "ping"))["app"] == "chat"
    await application.stop()
    for one in silent:
        one.close()


@pytest.mark.feature("K15")
async def test_who_comes_when_it_answers_as_many_as_it_can_is_told_what_to_do(application):
    silent = [socket.socket(socket.AF_UNIX) for _ in range(MOST_CLIENTS)]
    try:
        with reachable(application.layout.control) as address:
            for one in silent:
                one.connect(address)
        for _ in range(20):  # whether it has been turned away before it has asked, or after
            with pytest.raises(HostUnreachable, match="the running host answers 16 others already") as refused:
                await ask(application, "ping")
            assert "end one of them" in (refused.value.hint or "")
    finally:
        for one in silent:
            one.close()
    async with asyncio.timeout(10):
        while await is_refused(application):  # noqa: ASYNC110 (until it has noticed that they went)
            await asyncio.sleep(0.01)


def drip(layout: Layout) -> float:
    """Send a byte from time to time, until the host has enough; returns after how many seconds."""
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as connection, reachable(layout.control) as address:
        connection.connect(address)
        try:
            while time.monotonic() - began < 20:
                connection.send(b" ")
                time.sleep(0.1)
        except ConnectionError:
            pass
    return time.monotonic() - began


async def test_who_says_it_letter_by_letter_is_not_listened_to_for_ever(application):
    assert await asyncio.to_thread(drip, application.layout) < 15, "a line may take five seconds in all"
    assert (await ask(application, "ping"))["app"] == "chat"


async def test_a_host_that_stands_still_is_not_taken_for_none(tmp_path):
    layout = Layout(tmp_path / "profile")
    layout.control.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
        with reachable(layout.control) as address:
            listener.bind(address)
            listener.listen(0)
            other.connect(address)
        with pytest.raises(HostUnreachable, match="the running host takes no orders"):
            RunningHost(layout).ask("ping")


async def is_refused(application: Application) -> bool:
    try:
        await ask(application, "ping")
    except HostUnreachable:
        return True
    return False


async def test_a_machine_without_threads_left_loses_one_order_and_takes_the_next(application):
    before = threading.stack_size((1 << 47) - (1 << 12))  # more than there is: no thread starts with it
    try:
        with reachable(application.layout.control) as address, socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(address)
            assert client.recv(1) == b""
    finally:
        threading.stack_size(before)
    assert (await ask(application, "ping"))["app"] == "chat"


async def test_errors_keep_their_kind_on_the_way(application):
    with pytest.raises(UsageError, match="knows no command"):
        await ask(application, "explode")
    from jackfield.application.control import error_from_mapping

    assert type(error_from_mapping({"kind": "OSError", "message": "x"})) is JackfieldError
    assert type(error_from_mapping({"kind": "annotations", "message": "x"})) is JackfieldError


async def test_a_profile_may_lie_deep(tmp_path):
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    application = Application("chat", home=deep, hostfile=hostfile())
    await application.start()
    try:
        assert (await ask(application, "ping"))["app"] == "chat"
    finally:
        await application.stop()


def test_who_asks_loads_nothing_of_what_runs_plugins():
    code = (
        "import sys\nfrom jackfield.application import RunningHost\nfrom jackfield.store import Layout\n"
        "from pathlib import Path\nassert not RunningHost(Layout(Path('/nowhere'))).is_there\n"
        "print([name for name in ('asyncio', 'jackfield.host', 'jackfield.management', 'httpx', 'pluggy')"
        " if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
