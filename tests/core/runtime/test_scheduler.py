"""Tasks, threads and timers: they do their work, blame their plugin, and end with its scope."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from jackfield.api import new_thread
from jackfield.errors import PluginError, UsageError
from jackfield.runtime import Crossing, Guard, PluginScheduler, Scope

from tests.support.waiting import until

pytestmark = pytest.mark.slow


class Room:
    """A scheduler with the scope and the failures around it."""

    def __init__(self) -> None:
        self.scope = Scope("weather")
        self.scope.open()
        self.failures: list[tuple[str, str, BaseException]] = []
        crossing = Crossing("weather", asyncio.get_running_loop())
        guard = Guard(lambda *told: self.failures.append(told))
        self.scheduler = PluginScheduler("weather", self.scope, guard, crossing)

    async def close(self, grace_seconds: float = 5.0) -> list[str]:
        self.scope.close()
        return await self.scheduler.end(grace_seconds)


@pytest.fixture
async def room() -> Room:
    return Room()


class TestThreads:
    @pytest.mark.feature("K28")
    async def test_one_runs_beside_the_loop_and_gives_its_result(self, room):
        thread = room.scheduler.start_thread(lambda one, two: (one + two, threading.current_thread().name), 1, 2)
        assert await thread == (3, "weather: thread <lambda>")
        assert not thread.alive
        assert room.scope.begun == ()

    @pytest.mark.feature("K28")
    @pytest.mark.parametrize("how", ["given", "asked"])
    async def test_it_is_told_to_stop_by_the_event_it_is_given_or_asks_for(self, room, how):
        ended = threading.Event()

        def given(stopping: threading.Event) -> None:
            stopping.wait(10)
            ended.set()

        def asked() -> None:
            room.scheduler.stopping.wait(10)
            ended.set()

        thread = room.scheduler.start_thread({"given": given, "asked": asked}[how])
        assert thread.alive
        assert await room.close() == []
        assert ended.is_set()

    async def test_closing_one_leaves_the_others(self, room):
        def wait(stopping: threading.Event) -> str:
            stopping.wait(10)
            return "stopped"

        first, second = room.scheduler.start_thread(wait), room.scheduler.start_thread(wait)
        first.close()
        assert await first == "stopped"
        assert second.alive
        assert await room.close() == []

    @pytest.mark.feature("K28")
    async def test_one_that_will_not_end_in_its_grace_is_named(self, room):
        let_go = threading.Event()

        def stubborn() -> None:
            let_go.wait(10)

        thread = room.scheduler.start_thread(stubborn, name="stubborn")
        assert await room.close(grace_seconds=0.05) == ["weather: thread stubborn"]
        let_go.set()
        await thread

    async def test_what_it_raises_is_counted_to_the_plugin_and_given_to_who_awaits_it(self, room):
        def fail() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await room.scheduler.start_thread(fail, name="failing")
        assert [(plugin, what, str(error)) for plugin, what, error in room.failures] == [
            ("weather", "thread failing", "no")
        ]

    async def test_whatever_it_raises_ends_it_for_who_awaits_it(self, room):
        class Odd(BaseException):
            pass

        def fail() -> None:
            raise Odd("no")

        with pytest.raises(PluginError, match="weather: thread failing raised Odd: no"):
            await asyncio.wait_for(room.scheduler.start_thread(fail, name="failing"), 5)
        assert await room.scheduler.end(0.1) == []

    async def test_it_cannot_end_the_process(self, room):
        def leave() -> None:
            raise SystemExit(3)

        with pytest.raises(PluginError, match="weather: thread leave tried to end the process"):
            await room.scheduler.start_thread(leave, name="leave")

    async def test_an_async_function_is_refused_with_the_right_way(self, room):
        async def work() -> None: ...

        with pytest.raises(UsageError, match=r"work is async \(context.scheduler.start\(function\(\)\) starts a task"):
            room.scheduler.start_thread(work)

    async def test_a_thread_may_begin_things_too(self, room):
        heard: list[str] = []

        def begin() -> None:
            room.scheduler.after(0, heard.append, "timer")
            room.scheduler.start_thread(heard.append, "thread")

        await room.scheduler.start_thread(begin)
        await until(lambda: sorted(heard) == ["thread", "timer"])

    async def test_none_begins_while_the_plugin_is_disabled(self, room):
        await room.close()
        with pytest.raises(PluginError, match="weather is not enabled, so it cannot begin: thread"):
            room.scheduler.start_thread(print)
        assert room.scheduler.stopping.is_set()


class TestTimers:
    @pytest.mark.feature("K28")
    @pytest.mark.parametrize("kind", ["sync", "async"])
    async def test_once_after_a_while(self, room, kind):
        heard: list[int] = []

        async def hear(number: int) -> None:
            heard.append(number)

        room.scheduler.after(0.01, hear if kind == "async" else heard.append, 7, name="hear")
        assert room.scope.begun == ("timer hear",)
        await until(lambda: heard)
        await until(lambda: room.scope.begun == ())
        assert heard == [7]

    @pytest.mark.feature("K28")
    async def test_again_and_again_until_closed(self, room):
        heard: list[int] = []
        timer = room.scheduler.every(0.01, heard.append, 1)
        await until(lambda: len(heard) >= 3)
        timer.close()
        before = len(heard)
        await asyncio.sleep(0.05)
        assert len(heard) == before
        assert await room.close() == []

    async def test_calls_never_overlap_and_do_not_pile_up(self, room):
        running, most, calls = 0, 0, 0

        async def slow() -> None:
            nonlocal running, most, calls
            running, calls = running + 1, calls + 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1

        started = time.monotonic()
        timer = room.scheduler.every(0.01, slow)
        await until(lambda: calls >= 3)
        timer.close()
        assert most == 1
        assert calls <= (time.monotonic() - started) / 0.05 + 1

    async def test_a_failing_call_is_counted_and_the_next_one_comes(self, room):
        calls: list[int] = []

        def fail() -> None:
            calls.append(1)
            raise ValueError("no")

        timer = room.scheduler.every(0.01, fail, name="failing")
        await until(lambda: len(calls) >= 3)
        timer.close()
        assert {(plugin, what) for plugin, what, _ in room.failures} == {("weather", "timer failing")}
        assert len(room.failures) >= 2

    @pytest.mark.parametrize("raised", [asyncio.CancelledError, type("Odd", (BaseException,), {})])
    async def test_one_whose_function_raises_what_is_no_exception_goes_on(self, room, raised):
        calls = 0
        third = asyncio.Event()

        async def save() -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                third.set()
            raise raised("no")

        room.scheduler.every(0.01, save, name="saving")
        await asyncio.wait_for(third.wait(), 5)
        assert {(plugin, what) for plugin, what, _ in room.failures} == {("weather", "timer saving")}
        room.scope.close()
        assert await room.scheduler.end(1) == []

    async def test_one_that_closes_itself_finishes_what_it_is_at(self, room):
        steps: list[str] = []

        async def last() -> None:
            steps.append("begun")
            timer.close()
            await asyncio.sleep(0.01)
            steps.append("finished")

        timer = room.scheduler.every(0.01, last)
        await until(lambda: "finished" in steps)
        await asyncio.sleep(0.05)
        assert steps == ["begun", "finished"]
        assert await room.close() == []

    @pytest.mark.feature("K26")
    async def test_they_end_with_the_plugin(self, room):
        heard: list[int] = []
        room.scheduler.after(0.05, heard.append, 1)
        room.scheduler.every(0.05, heard.append, 2)
        assert await room.close() == []
        await asyncio.sleep(0.1)
        assert heard == []

    @pytest.mark.parametrize(
        ("kind", "seconds"),
        [
            ("after", -1),
            ("after", float("nan")),
            ("every", 0),
            ("every", float("inf")),
            ("every", "5"),
            ("after", True),
            pytest.param("after", 10**400, id="beyond floats"),
            pytest.param("every", -(10**5000), id="beyond printing"),
        ],
    )
    async def test_what_is_no_time_is_refused(self, room, kind, seconds):
        with pytest.raises(UsageError, match="weather: a timer needs a number of seconds"):
            getattr(room.scheduler, kind)(seconds, print)

    async def test_the_shortest_interval_leaves_the_loop_its_turns(self, room):
        called: list[int] = []
        timer = room.scheduler.every(5e-324, called.append, 1)
        await until(lambda: len(called) >= 3)
        began, before = time.monotonic(), len(called)
        await asyncio.sleep(0.05)
        assert len(called) - before <= (time.monotonic() - began) / 0.001 + 1
        assert room.failures == []
        timer.close()

    @pytest.mark.feature("K28")
    async def test_thousands_end_as_quickly_as_they_begin(self, room):
        began = time.thread_time()
        for _ in range(20_000):
            room.scheduler.after(1000, print)
        beginning = time.thread_time() - began
        began = time.thread_time()
        room.scope.close()
        ending = time.thread_time() - began
        assert room.scope.begun == ()
        assert ending < 2 * beginning, f"{beginning:.2f} s to begin, {ending:.2f} s to end"
        assert await room.scheduler.end(30) == []


@pytest.mark.feature("K26", "K28")
async def test_everything_is_told_to_end_in_reverse(room):
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    def work(stopping: threading.Event) -> None:
        stopping.wait(10)

    room.scheduler.start(wait())
    await asyncio.sleep(0)
    room.scope.begin("listener", lambda: ended.append("listener"))
    room.scheduler.start_thread(work, name="work")
    assert room.scope.begun[-1] == "thread work"
    assert await room.close() == []
    assert ended == ["listener", "task"]  # a cancelled task ends as soon as the loop comes round


class Counting:
    """A plugin, as far as `@new_thread` looks."""

    def __init__(self, context: object) -> None:
        self.context = context

    @new_thread
    def count(self, first: int, *, second: int = 0) -> tuple[int, str]:
        return first + second, threading.current_thread().name

    @new_thread("of its own")
    def named(self) -> str:
        return threading.current_thread().name


class TestNewThread:
    @pytest.mark.feature("U16")
    async def test_a_call_of_a_marked_method_is_a_thread_of_the_plugin(self, room):
        plugin = Counting(room)  # it has a scheduler, as a context has
        assert await plugin.count(1) == (1, "weather: thread count")
        assert await plugin.count(1, second=2) == (3, "weather: thread count")
        assert await plugin.named() == "weather: thread of its own"

    @pytest.mark.feature("U16")
    async def test_a_function_of_a_module_takes_the_context(self, room):
        @new_thread
        def work(context: object, number: int) -> int:
            return number + 1

        assert await work(room, 1) == 2

    async def test_without_either_it_says_so(self):
        @new_thread
        def work(number: int) -> None: ...

        with pytest.raises(UsageError, match="its first argument is neither a plugin nor a context"):
            work(1)
