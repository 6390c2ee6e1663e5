"""Ctrl-C at a question, in a download, in a step, and again: everything is as it was, and nothing is left over."""

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from jackfield.locks import locked

from tests.core.cli.conftest import Desk
from tests.core.cli.terminals import StallingMarket, Terminal
from tests.support.processes import wait_for

pytestmark = pytest.mark.slow


def test_ctrl_c_at_the_question_leaves_things_as_they_were(polling: Desk):
    before = polling.files()
    terminal = Terminal(polling, "update", NO_COLOR="1")
    terminal.shows("[y/N]")
    terminal.interrupt()
    assert terminal.ends() == 130
    assert terminal.text.splitlines()[-1] == "stopped: everything is as it was"
    assert polling.files() == before


def test_ctrl_c_in_a_download_leaves_things_as_they_were(desk: Desk):
    with StallingMarket(desk.market) as market:
        desk.more["JACKFIELD_MARKETPLACE"] = market.address
        terminal = Terminal(desk, "install", "dice", "--yes", "--accept-permissions", NO_COLOR="1")
        assert market.asked.wait(30)
        terminal.shows("chat_dice-1.0.0-py3-none-any.whl")
        terminal.interrupt()
        assert terminal.ends() == 130
    assert "stopped: everything is as it was" in terminal.text
    assert "dice" not in desk.rows()
    assert desk.run("history").out == "Nothing was changed yet.\n"


def is_held(lock: Path) -> bool:
    try:
        with locked(lock, 0):
            return False
    except TimeoutError:
        return True


def is_in_a_loop(pid: int) -> bool:
    with suppress(FileNotFoundError):  # a descriptor that was closed meanwhile
        return any("eventpoll" in str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir())
    return False


@pytest.mark.parametrize("presses", [1, 2, 5])
def test_ctrl_c_again_and_again_breaks_nothing_off_and_shows_no_traceback(polling: Desk, presses):
    (profile,) = (polling.home / "chat").iterdir()
    with locked(profile / "state" / "lock", 0):  # so that a step takes until it is released
        terminal = Terminal(polling, "remove", "poll", NO_COLOR="1")
        wait_for(lambda: is_held(profile / "run" / "install.lock"))
        for _ in range(presses):
            terminal.interrupt()
            terminal.shows("stopping: the step that runs is finished, and what was begun is cleared away")
            time.sleep(0.05)  # signals of one kind that come at once are one
    assert terminal.ends() == 130
    assert terminal.text.endswith("\r\x1b[2Kstopped: everything is as it was\r\n")
    assert "Traceback" not in terminal.text
    assert polling.rows()["poll"]["state"] == "enabled"


def test_ctrl_c_while_a_store_is_repaired_is_answered_as_during_any_change(polling: Desk):
    (profile,) = (polling.home / "chat").iterdir()
    with locked(profile / "run" / "install.lock", 0):
        terminal = Terminal(polling, "store", "verify", "--repair", NO_COLOR="1")
        wait_for(lambda: is_in_a_loop(terminal.process.pid))
        time.sleep(0.3)  # it waits for the lock then
        terminal.interrupt()
        terminal.shows("stopping: the step that runs is finished, and what was begun is cleared away")
        assert terminal.ends() == 130
    assert terminal.text.endswith("cleared away\r\x1b[2Kstopped: everything is as it was\r\n"), "and once"


def test_ctrl_c_while_a_marketplace_is_silent(desk: Desk):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk.more["JACKFIELD_MARKETPLACE"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        terminal = Terminal(desk, "search", "poll", NO_COLOR="1")
        connection, _ = silent.accept()
        with connection:
            terminal.interrupt()
            assert terminal.ends() == 130
    assert terminal.text.splitlines()[-1].endswith("stopped: everything is as it was")
