"""Many failures at once: all are counted, and of few of them, the last one too, a traceback is made."""

from __future__ import annotations

import asyncio
import gc

import pytest
from jackfield.api import Event
from jackfield.host.watching.traces import MOMENT_SECONDS, MOST_AT_ONCE

from tests.support.waiting import until

MANY = 900
CODE = f"""
from functools import partial
from jackfield import Plugin

class Wrong(Exception):
    formatted = 0

    @property
    def __notes__(self):  # asked for by whoever makes a text of a traceback, and by nobody else
        Wrong.formatted += 1
        return None

class Main(Plugin):
    wrong = Wrong

    def on_enable(self):
        for number in range({MANY}):
            self.context.events.on("plugin:a:tick", partial(self.fail, number))

    def fail(self, number, event):
        raise Wrong(f"number {{number}} of {{event.data['of']}}")
"""
LOGGED = 3  # the first one in the log, by each of its handlers


@pytest.fixture
async def failing(profile, build, running):
    profile.install(build("a", code=CODE))
    profile.enable("a")
    return await running()


def tick(of: str) -> Event:
    return Event("plugin:a:tick", "", {"of": of})


@pytest.mark.feature("C8", "U39")
async def test_all_are_counted_and_few_are_made_a_text_of(failing):
    wrong = failing.plugins.record("a").loaded.target.wrong
    await failing.events.emit(tick("it"))
    record = failing.plugins.record("a")
    assert record.errors == MANY
    assert record.last_failure == f"Wrong in listener of plugin:a:tick: number {MANY - 1} of it"
    assert 0 < wrong.formatted <= MOST_AT_ONCE + LOGGED
    await until(lambda: f"number {MANY - 1} of it" in failing.plugins.status("a").error, timeout_seconds=5)
    assert "Traceback" in failing.plugins.status("a").error
    assert wrong.formatted <= MOST_AT_ONCE + LOGGED + 1


@pytest.mark.feature("C8", "U39")
async def test_the_first_one_is_shown_at_once_and_in_the_log_with_its_traceback(failing, caplog):
    shown: list[str] = []
    failing.events.listen("plugin:a:tick", "", lambda event: shown.append(failing.plugins.status("a").error))
    await failing.events.emit(tick("it"))
    assert f"number {MOST_AT_ONCE - 1} of it" in shown[0]
    first = next(one for one in caplog.records if one.exc_info)
    assert str(first.exc_info[1]) == "number 0 of it"


@pytest.mark.feature("C8", "U39")
async def test_who_goes_down_meanwhile_shows_the_last_one_and_nothing_of_it_is_held(failing):
    await failing.events.emit(tick("it"))
    assert f"number {MANY - 1} of it" not in failing.plugins.status("a").error
    await failing.disable("a")
    assert f"number {MANY - 1} of it" in failing.plugins.status("a").error
    wrong = failing.plugins.record("a").loaded.target.wrong
    gc.collect()
    held = [str(one) for one in gc.get_objects() if type(one) is wrong]
    assert f"number {MANY - 1} of it" not in held, "but for what the test has of the log"


@pytest.mark.slow
@pytest.mark.feature("C8", "U39")
async def test_who_comes_up_again_meanwhile_shows_nothing_of_before(failing):
    await failing.events.emit(tick("before"))
    await failing.reload("a")
    assert failing.plugins.status("a").error == ""
    await asyncio.sleep(MOMENT_SECONDS + 0.1)
    assert failing.plugins.status("a").error == ""


@pytest.mark.slow
@pytest.mark.feature("C8", "U39")
async def test_those_that_a_thread_comes_upon_are_shown_at_once(failing):
    blame = failing._failures.blame
    await failing.events.emit(tick("it"))
    await asyncio.to_thread(blame, "a", "its thread", ValueError("in a thread"))
    assert "in a thread" in failing.plugins.status("a").error
    await asyncio.sleep(MOMENT_SECONDS + 0.1)
    assert "in a thread" in failing.plugins.status("a").error


@pytest.mark.feature("C8", "U39")
async def test_those_that_a_loop_of_its_own_thread_comes_upon_are_shown_and_those_after_it_too(failing):
    """That loop may have ended before the moment has."""

    async def fail() -> None:
        for number in range(MOST_AT_ONCE + 2):
            failing._failures.blame("a", "its thread", ValueError(f"number {number} in a loop"))

    await asyncio.to_thread(asyncio.run, fail())
    assert f"number {MOST_AT_ONCE + 1} in a loop" in failing.plugins.status("a").error
    await failing.events.emit(tick("it"))
    await until(lambda: f"number {MANY - 1} of it" in failing.plugins.status("a").error, timeout_seconds=5)
