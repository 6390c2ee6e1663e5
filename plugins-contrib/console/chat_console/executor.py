"""Scripts are called one at a time, in order, on one thread; one that holds it is set aside, and the others go on.

The calls are made by the thread that has the lead. A watchdog looks at it: where a call does not come back, its script
is named, its thread becomes the lane of that script, and a new thread takes the lead at the next call. Where no single
call is long but one script's take most of the time while others wait, that script gets a lane as well. What comes for a
script in a lane waits there, in order and bounded; with nothing left to do it goes back among the others.
"""

import contextlib
import inspect
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat_console.calls import HELD, Call, ExecutorError, Steps, file_of, place_of
from chat_console.coroutines import Coroutines
from chat_console.lanes import Lane
from chat_console.tasks import Task, rest_of, settle, steps_of
from chat_console.working_folder import move_to

LOOK_SECONDS = 0.2
"""How often the watchdog looks."""

MOST_WAITING = 4096
"""Tasks that wait; scripts that ask for more are refused."""


@dataclass(slots=True, eq=False)
class _Leader:
    """A thread that has, or had, the lead; with the calls that it is in, one inside of the other."""

    thread: threading.Thread = field(init=False)
    calls: list[tuple[Call, float]] = field(default_factory=list)
    lane: Lane | None = None


class Executor:
    """Calls scripts.

    Args:
        folder: the working directory of scripts; see `chat_console.working_folder`.
        make: makes one call, as code of its script, and notes there what it raises.
        on_failure: told of what the console's own steps raised.
        tell: told of who is set aside and what is left out.
        held_seconds: how long a script may hold the others.
        named_at: names the script that a thread is in, by the number of the thread.
    """

    def __init__(
        self,
        folder: Path,
        on_failure: Callable[[BaseException], None],
        make: Callable[[Call], Any] = lambda call: call.function(),
        tell: Callable[[str], None] = lambda sentence: None,
        held_seconds: float = 5.0,
        named_at: Callable[[int | None], str] = lambda thread: "a coroutine",
    ) -> None:
        self._folder = folder
        self._on_failure = on_failure
        self._make_call = make
        self._tell = tell
        self._held_seconds = held_seconds
        self._named_at = named_at
        self._turn = threading.Condition()
        self._tasks: deque[Task | None] = deque()
        self._current: Task | None = None
        self._lead = _Leader()
        self._lanes: dict[Any, Lane] = {}
        self._used: Counter[Any] = Counter()
        self._closed = threading.Event()
        self._done = threading.Event()
        self.coroutines = Coroutines(lambda: move_to(folder), on_failure)
        self._loop_named = False
        self.in_folder = False

    def start(self) -> None:
        """Begin."""
        self._begin(self._lead)
        threading.Thread(target=self._watch, name="console: watchdog", daemon=True).start()

    def stop(self, timeout_seconds: float) -> list[str]:
        """End after what is queued, and in bounded time.

        Args:
            timeout_seconds: for all of it; lines of the server are left out when a quarter is over.

        Returns:
            Who is left behind in a call that does not come back.
        """
        end = time.monotonic() + timeout_seconds
        with self._turn:
            self._held_seconds = min(self._held_seconds, timeout_seconds / 4)
            self._tasks.append(None)
            self._turn.notify_all()
        if not self._done.wait(timeout_seconds / 4):
            with self._turn:
                self._tasks = deque(one for one in self._tasks if one is None or not one.optional)
            self._done.wait(max(0.0, end - time.monotonic()))
        self._closed.set()
        with self._turn:
            waiting, self._tasks = [*self._tasks, self._current], deque()
            left = [*self._lead.calls, *((one.running, 0.0) for one in set(self._lanes.values()) if one.running)]
            names = sorted({str(call.script or "the console") for call, _ in left})
            for lane in set(self._lanes.values()):
                lane.close()
        for task in waiting:
            if task is not None and task.future is not None and not task.future.cancel():
                settle(task.future, error=ExecutorError("the console has ended before it was done"))
        if not self.coroutines.stop(0.5):
            names.append("a coroutine")
        return names

    @property
    def is_here(self) -> bool:
        """Whether this is the thread on which scripts are called."""
        return threading.current_thread() is self._lead.thread

    @property
    def waiting(self) -> int:
        """How many tasks wait."""
        return len(self._tasks)

    def submit(
        self, task: Callable[[], Any], *, script: Any = None, what: str = "a task", most: int | None = None
    ) -> "Future[Any]":
        """Have a function called in its turn; of a generator of calls, these are made.

        Args:
            task: the function.
            script: whose it is.
            what: the function, for people.
            most: refuse it where as many wait; what has such a bound is left out when the console ends late.

        Raises:
            ExecutorError: the console has ended, or too much waits.
        """
        future: Future[Any] = Future()
        failed = (lambda error: script.failed(what, error)) if script is not None else self._on_failure
        steps = steps_of(task, script, what, future, failed)
        self._put(Task(steps, future, most is not None, time.monotonic()), most)
        return future

    def put(self, steps: Steps, most: int) -> None:
        """Have calls made in their turn, of which nobody asks what came; the quickest way, for what comes often.

        Args:
            steps: the calls.
            most: as for `submit`.

        Raises:
            ExecutorError: as `submit` does.
        """
        self._put(Task(steps, None, True, time.monotonic()), most)

    def run(self, task: Callable[[], Any]) -> Any:
        """Call a function on the thread of scripts and return what it, or its generator, returns.

        Raises:
            ExecutorError: this is the thread of coroutines, all of which would wait; or the console has ended.
        """
        if self.is_here:
            made = task()
            return self.drive(made) if inspect.isgenerator(made) else made
        if self.coroutines.is_here:
            raise ExecutorError(
                "a coroutine would wait, and all others with it: call it by `await asyncio.to_thread(…)` or @new_thread"
            )
        return self.submit(task).result()

    def drive(self, steps: Steps) -> Any:
        """Make the calls of a generator and return its result; within a call that is being made, or beside the lead.

        Beside the lead, the calls are made where this is called. A thread that loses the lead on the way has the next
        one go on: what the console knows of scripts is changed by one thread at a time.
        """
        leads, value, error = self.is_here, None, None
        while True:
            try:
                call = steps.send(value) if error is None else steps.throw(error)
            except StopIteration as end:
                return end.value
            value, error = self._make(self._lead if leads else None, call)
            if leads and not self.is_here:
                rest: Future[Any] = Future()
                self._put(Task(rest_of(steps, value, error, rest), rest, False, time.monotonic()), None)
                return rest.result()

    def holder(self) -> str:
        """Return who is called now, or was called most while others waited; for people."""
        with self._turn:
            scripts = [call.script for call, _ in self._lead.calls if call.script is not None]
            scripts += [one for one, _ in self._used.most_common(1)]
        return str(scripts[0]) if scripts else "the console"

    def _put(self, task: Task, most: int | None) -> None:
        with self._turn:
            if self._closed.is_set() or self._done.is_set():
                raise ExecutorError("the console has ended: nothing is called any more")
            full = most is not None and len(self._tasks) >= most
            if not full:
                self._tasks.append(task)
                self._turn.notify_all()
        if full:
            raise ExecutorError(f"refused: {most} tasks wait already; {self.holder()} holds the scripts' thread")

    def _begin(self, leader: _Leader) -> None:
        leader.thread = threading.Thread(target=self._run, args=(leader,), name="console: scripts", daemon=True)
        leader.thread.start()

    def _run(self, leader: _Leader) -> None:
        self.in_folder = move_to(self._folder)
        while True:
            with self._turn:
                if self._current is None:
                    if not self._tasks:
                        self._used.clear()
                    self._turn.wait_for(lambda: bool(self._tasks) or self._closed.is_set())
                    self._current = self._tasks.popleft() if self._tasks else None
                task = self._current
            if task is None:
                self._done.set()
                return
            if not self._advance(leader, task):
                return

    def _advance(self, leader: _Leader, task: Task) -> bool:
        """Make the calls of a task; False where the lead was lost on the way."""
        while True:
            value, error, task.value, task.error = task.value, task.error, None, None
            try:
                call = task.steps.send(value) if error is None else task.steps.throw(error)
            except StopIteration:
                self._current = None
                return True
            except BaseException as failure:  # noqa: BLE001 (of the console's own; the thread lives on)
                self._current = None
                self._on_failure(failure)
                return True
            value, error = self._make(leader, call)
            if leader is self._lead:
                task.value, task.error = value, error
                continue
            self._late(call, value)
            if leader.lane is not None:
                self._serve(leader.lane)
            return False

    def _make(self, leader: _Leader | None, call: Call) -> tuple[Any, BaseException | None]:
        """Make a call, or keep it where its script is held; what the console's own raise goes to its steps."""
        began = time.monotonic()
        with self._turn:
            lane = self._lanes.get(call.script) if leader is not None and call.script is not None else None
            sentence = lane.put(call) if lane is not None else ""
            if leader is not None and lane is None:
                leader.calls.append((call, began))
        if lane is not None:
            if sentence:
                self._tell(sentence)  # not within the lock: whoever hears it may ask for a call
            return HELD, None
        try:
            return self._make_call(call), None
        except BaseException as error:  # noqa: BLE001 (a script's was noted with it)
            return None, error if call.script is None else None
        finally:
            with self._turn:
                if leader is not None:
                    leader.calls.pop()
                    if not leader.calls and call.script is not None:
                        self._used[call.script] += time.monotonic() - began

    def _late(self, call: Call, value: Any) -> None:
        late = call.late
        if late is not None:
            with contextlib.suppress(ExecutorError):
                self.submit(lambda: late(value), what=call.what)

    def _serve(self, lane: Lane) -> None:
        def back() -> None:
            for script in lane.scripts:
                if self._lanes.get(script) is lane:
                    del self._lanes[script]

        lane.serve(self._held_seconds, back)

    def _lane_for(self, scripts: list[Any]) -> Lane:
        def make(call: Call) -> None:
            value, _ = self._make(None, call)
            self._late(call, value)

        lane = Lane(scripts, self._turn, make)
        self._lanes.update(dict.fromkeys(lane.scripts, lane))
        return lane

    def _watch(self) -> None:
        while not self._closed.wait(min(LOOK_SECONDS, self._held_seconds / 4)):
            now = time.monotonic()
            try:
                with self._turn:
                    sentences = [*self._look(now)]
                for sentence in (*sentences, *self._look_at_coroutines(now)):
                    self._tell(sentence)
            except Exception as error:  # noqa: BLE001 (a handler of a script's log, say; it is looked on)
                self._on_failure(error)

    def _look(self, now: float) -> list[str]:
        lead = self._lead
        if lead.calls and now - lead.calls[0][1] > self._held_seconds:
            call, _ = lead.calls[-1]
            scripts = [one.script for one, _ in lead.calls if one.script is not None]
            if scripts:
                lead.lane = self._lane_for(list(dict.fromkeys(scripts)))
                lead.lane.running = call
            if self._current is not None:
                self._current.value = HELD
            self._lead = _Leader()
            self._begin(self._lead)
            where = place_of(lead.thread.ident, file_of(call.script))
            name, seconds = call.script or "the console", now - lead.calls[0][1]
            return [
                f"{name} does not come back from {call.what} for {seconds:.1f} s{where}; the others go on without it"
            ]
        first = self._tasks[0] if self._tasks else None
        if first is None or now - first.since <= self._held_seconds:
            return []
        busiest = next((one for one, _ in self._used.most_common(1) if one not in self._lanes), None)
        if busiest is None or 2 * self._used[busiest] < self._used.total():
            return []
        used = self._used.pop(busiest)
        lane = self._lane_for([busiest])
        threading.Thread(target=self._serve_apart, args=(lane,), name="console: lane", daemon=True).start()
        return [f"{busiest} kept the other scripts waiting: its functions took {used:.1f} s; it goes on by itself"]

    def _serve_apart(self, lane: Lane) -> None:
        move_to(self._folder)
        self._serve(lane)

    def _look_at_coroutines(self, now: float) -> list[str]:
        blocked = self.coroutines.blocked_seconds(now)
        if blocked <= self._held_seconds:
            self._loop_named = self._loop_named and blocked > 0
            return []
        if self._loop_named:
            return []
        self._loop_named = True
        return [self._named_at(self.coroutines.thread) + f" holds the coroutines of all scripts for {blocked:.1f} s"]
