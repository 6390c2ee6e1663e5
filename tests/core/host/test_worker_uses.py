"""Timers of a worker count as uses, as those of a plugin in the host's process do (C29, C30, C31, C32)."""

from __future__ import annotations

import pytest

from tests.support.waiting import until

pytestmark = pytest.mark.slow


CODE = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.every(0.02, self.tick, name="tick")
        self.context.scheduler.every(0.02, self.fail, name="fail")
        self.context.scheduler.after(0, self.once, name="once")

    async def tick(self):
        pass

    def fail(self):
        raise ValueError("not on Sundays")

    def once(self):
        self.context.logger.warning("ran once")
"""


@pytest.fixture(params=["worker", "inline"])
async def host(request, profile, build, running):
    """A host with this plugin, in a worker and in its own process."""
    profile.install(build("weather", code=CODE, isolation="any"))
    profile.enable("weather", isolation=request.param)
    host = await running()
    assert host.plugins.status("weather").isolation == request.param
    return host


def use_of(host, name: str):
    return next((one for one in host.usage.uses() if one.use == name), None)


@pytest.mark.feature("C29", "C30", "C31")
async def test_each_run_of_a_timer_is_counted_with_its_time_and_its_failures(host):
    await until(lambda: (use := use_of(host, "timer tick")) is not None and use.calls >= 5)
    await until(lambda: (use := use_of(host, "timer fail")) is not None and use.calls >= 5 and use.errors >= 5)
    tick = use_of(host, "timer tick")
    assert (tick.plugin, tick.kind, tick.errors) == ("weather", "other", 0)
    assert 0 < tick.worst_seconds <= tick.seconds
    assert 0 < tick.p99_seconds < 1
    assert sum(tick.durations.values()) == tick.calls
    assert tick.last_used > 0


@pytest.mark.feature("C32")
async def test_who_listens_to_uses_hears_of_timers(host):
    heard: list[tuple[str, str]] = []
    host.usage.on_use(lambda used: heard.append((used.plugin, used.action)))
    await until(lambda: heard.count(("weather", "timer tick")) >= 3)


@pytest.mark.feature("C29")
async def test_what_ran_shortly_before_a_plugin_is_disabled_is_counted(host, caplog):
    ran = (caplog.get_records("setup"), caplog.get_records("call"))
    await until(lambda: any(one.getMessage() == "ran once" for records in ran for one in records))
    await host.disable("weather")
    counted = {one.use: one.calls for one in host.usage.uses()}
    assert counted["timer once"] == 1
