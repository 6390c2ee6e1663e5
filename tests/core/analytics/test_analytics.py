"""Uses, errors and time go to the plugin whose they are."""

from __future__ import annotations

import threading
import time

import pytest
from jackfield.analytics import Analytics, PluginStats, PluginUsage, stats_of
from jackfield.analytics.analytics import MOST_USES, REST
from jackfield.hooks import HookCounters

from tests.core.hooks.room import plugin, room


@pytest.fixture
def usage() -> Analytics:
    return Analytics(HookCounters())


def use(usage: Analytics, name: str, what: str, milliseconds: int = 1) -> None:
    usage.begin(name, what).took(milliseconds * 1_000_000, time.perf_counter_ns())


@pytest.mark.feature("C29")
def test_one_plugin_has_its_uses_errors_and_last_use_and_a_count_for_each_action(usage):
    before = time.time()
    use(usage, "weather", "command weather", 3)
    use(usage, "weather", "command weather", 500)
    use(usage, "weather", "listener of host:opened")
    usage.acted("weather", "messages:send")
    usage.sent("weather", "plugin:weather:rain")
    usage.failed("weather", "command weather")

    stats = usage.one("weather")

    assert (stats.invocations, stats.errors, stats.messages) == (3, 1, 1)
    assert stats.actions == {"command weather": 2, "listener of host:opened": 1, "messages:send": 1}
    assert [stats.calls_of(kind) for kind in ("command", "event", "sent")] == [2, 1, 1]
    assert stats.worst_seconds == 0.5
    assert stats.seconds == pytest.approx(0.504)
    assert before - 60 < stats.last_used < time.time() + 60


@pytest.mark.feature("C30")
def test_an_error_before_the_first_use_is_counted(usage):
    usage.failed("broken", "import")

    stats = usage.one("broken")

    assert (stats.invocations, stats.errors, stats.last_used) == (0, 1, 0.0)


@pytest.mark.feature("C31")
def test_stats_of_one_of_all_and_of_the_ten_most_used(usage):
    for number in range(12):
        for _ in range(number + 1):
            use(usage, f"plugin{number}", "command x")

    assert len(usage.all()) == 12
    assert [one.plugin for one in usage.top()] == [f"plugin{number}" for number in range(11, 1, -1)]
    assert [one.plugin for one in usage.top(2)] == ["plugin11", "plugin10"]
    assert usage.one("plugin3").invocations == 4
    assert usage.one("nobody") == PluginStats("nobody")


@pytest.mark.feature("C32")
def test_every_use_is_told_with_plugin_action_time_and_what_else_is_known(usage):
    heard: list[PluginUsage] = []
    remove = usage.on_use(heard.append)
    use(usage, "weather", "command weather")
    usage.acted("weather", "messages:send")
    remove()
    use(usage, "weather", "command weather")

    told = [one.to_mapping() for one in heard]
    assert [(one["event"], one["plugin"], one["action"]) for one in told] == [
        ("plugin_usage", "weather", "command weather"),
        ("plugin_usage", "weather", "messages:send"),
    ]
    assert [one["metadata"] for one in told] == [{"kind": "command"}, {"kind": "action"}]
    assert abs(heard[0].timestamp - time.time()) < 60
    assert told[0]["timestamp"].endswith("+00:00")


@pytest.mark.feature("C32")
def test_hook_calls_are_told_only_while_somebody_listens():
    manager = room(count=True)
    manager.register(plugin("names", lambda room: room), "one")
    usage = Analytics(manager.counters, manager.add_use_listener)
    heard: list[PluginUsage] = []

    manager.hook.names(room="lobby")
    remove = usage.on_use(heard.append)
    manager.hook.names(room="lobby")
    remove()
    manager.hook.names(room="lobby")

    assert [(one.plugin, one.action, one.metadata) for one in heard] == [("one", "names", {"kind": "hook"})]
    assert usage.one("one").calls_of("hook") == 3


def test_a_listener_that_fails_disturbs_neither_the_use_nor_the_next_listener(usage, caplog):
    heard: list[PluginUsage] = []

    def fail(told: PluginUsage) -> None:
        raise ValueError(told.action)

    usage.on_use(fail)
    usage.on_use(heard.append)
    use(usage, "weather", "command weather")

    assert len(heard) == 1
    assert "a listener of plugin_usage failed" in caplog.text


def test_names_without_end_take_no_memory_without_end(usage):
    for number in range(MOST_USES + 50):
        use(usage, "chatty", f"listener of plugin:chatty:{number}")

    stats = usage.one("chatty")
    assert len(stats.uses) == MOST_USES + 1
    assert stats.actions[REST] == 50
    assert stats.invocations == MOST_USES + 50


def test_what_blocked_the_loop_is_no_use_of_its_own(usage):
    use(usage, "slow", "command slow", 900)
    usage.blocked("slow", "command slow", 0.9)
    usage.blocked("slow", "command slow", 0.2)

    stats = usage.one("slow")
    assert (stats.invocations, stats.blocked, stats.blocked_seconds) == (1, 2, 0.9)


def test_the_hosts_own_functions_are_nobodys(usage):
    use(usage, "", "command help")
    assert usage.all() == []


def test_threads_lose_nothing(usage):
    def work() -> None:
        for _ in range(2000):
            usage.acted("busy", "messages:send")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert usage.one("busy").messages == 8000


def test_a_reset_begins_anew(usage):
    use(usage, "weather", "command weather")
    usage.reset()
    assert usage.all() == []


def test_stats_survive_being_written_and_read(usage):
    use(usage, "weather", "command weather", 7)
    usage.failed("weather", "import")
    stats = usage.one("weather")

    read = PluginStats.from_mapping(stats.to_mapping())

    assert read.to_mapping() == stats.to_mapping()
    doubled = stats_of([*stats.uses, *read.uses])[0]
    assert (doubled.invocations, doubled.errors) == (2, 2)
    assert doubled.worst_seconds == stats.worst_seconds
