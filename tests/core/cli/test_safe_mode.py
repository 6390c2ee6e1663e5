"""`jackfield safe-mode`, and `list` while it lasts."""

from __future__ import annotations

import pytest
from jackfield.storage import Starts
from jackfield.store import Layout

pytestmark = pytest.mark.slow


def starts(desk) -> Starts:
    return Starts(Layout.locate("chat", environ=desk.environ).starts)


def test_it_is_said_in_the_list_and_left_by_one_command(polling):
    assert polling.run("safe-mode").out == "Not in safe mode.\n"
    assert polling.run("list", "--json").json["safe_mode"] is None
    for _ in range(3):
        starts(polling).begin("plugins", chosen=False)

    told = "Safe mode: no plugin is started, since the last 2 starts did not come through."
    assert polling.run("list").out.startswith(f"{told} See: jackfield safe-mode\n")
    safe = polling.run("list", "--json").json["safe_mode"]
    assert (safe["reason"], safe["chosen"]) == ("the last 2 starts did not come through", False)
    assert polling.run("safe-mode").out.splitlines() == [
        told,
        "Find out which one is to blame: jackfield bisect",
        "Or have all of them tried again: jackfield safe-mode --leave",
    ]
    done = polling.run("safe-mode", "--leave")
    assert (done.code, done.out) == (
        0,
        "Safe mode is over: the plugins are tried again, by a running application at once.\n",
    )
    assert polling.run("safe-mode", "--leave", "--json").json == {"app": "chat", "safe_mode": None, "left": False}
