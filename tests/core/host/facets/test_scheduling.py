"""What a host tells and counts of the threads and timers of its plugins (K28, C29)."""

from __future__ import annotations

import importlib

import pytest

from tests.support.waiting import until

STUBBORN = """
import threading
from jackfield import Plugin

LET_GO = threading.Event()

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.start_thread(LET_GO.wait, 20, name="stubborn")
"""


@pytest.mark.slow
@pytest.mark.feature("K28")
async def test_the_status_names_what_did_not_end(profile, build, running, caplog):
    profile.install(build("clingy", code=STUBBORN))
    profile.enable("clingy")
    host = await running()
    assert host.plugins.status("clingy").problem == ""
    profile.disable("clingy")
    await host.reload_changes()
    status = host.plugins.status("clingy")
    assert (status.state, status.problem) == (
        "idle",
        "clingy: thread stubborn did not end when it was told to",
    )
    assert "clingy: thread stubborn does not end when it is told to; it is left behind" in caplog.text
    importlib.import_module("chat_clingy").LET_GO.set()
    await until(lambda: host.plugins.status("clingy").problem == "")


TICKING = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.every(0.005, self.tick, name="ticks")

    def tick(self):
        raise SystemExit(3)
"""


@pytest.mark.feature("C29", "C30")
async def test_timers_count_as_uses_and_cannot_end_the_process(profile, build, running):
    profile.install(build("ticking", code=TICKING))
    profile.enable("ticking")
    host = await running()
    await until(lambda: host.usage.one("ticking").actions.get("timer ticks", 0) >= 2)
    assert host.usage.one("ticking").errors >= 1
    assert "ticking: timer ticks tried to end the process" in host.plugins.status("ticking").problem
