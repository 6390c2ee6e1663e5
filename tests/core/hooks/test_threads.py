"""Threads that register plugins at the same time: every implementation is there afterwards, and nothing is raised."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pluggy
import pytest
from jackfield.hooks import HookManager
from jackfield.hooks.registering import changes_of

from tests.core.hooks.room import plugin, room

THREADS = 4
EACH = 150


@pytest.fixture(autouse=True)
def _often_switched() -> Iterator[None]:
    """Have Python switch threads as often as it can, which shows in a second what a day would show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], object]) -> None:
    """Do the same in several threads that begin together."""
    gate = threading.Barrier(THREADS)

    def begin(number: int) -> object:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for one in [pool.submit(begin, number) for number in range(THREADS)]:
            one.result()


def test_plugins_with_hooks_of_their_own_are_registered_by_several_threads() -> None:
    manager = room()

    def register(number: int) -> None:
        for place in range(EACH):
            manager.register(plugin(f"hook{place}", lambda: number), f"plugin{number}-{place}")

    at_once(register)
    assert len(manager.list_name_plugin()) == THREADS * EACH
    for place in range(EACH):
        assert sorted(getattr(manager.hook, f"hook{place}")()) == list(range(THREADS)), f"none of hook{place} is lost"


def test_plugins_come_and_go_while_others_ask_which_hooks_they_implement() -> None:
    manager = room()
    known = plugin("names", lambda room: room)
    manager.register(known, "known")

    def come_and_go(number: int) -> None:
        for place in range(EACH):
            name = manager.register(plugin(f"hook{number}x{place}", lambda: 1))
            assert [one.name for one in manager.get_hookcallers(known) or ()] == ["names"]
            if place % 2:
                manager.unregister(name=name)

    at_once(come_and_go)
    assert len(manager.list_name_plugin()) == 1 + THREADS * EACH // 2
    assert manager.hook.names(room="lobby") == ["lobby"]


def test_a_replayed_call_that_waits_for_a_thread_that_registers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.hooks.registering.WAIT_SECONDS", 0.01)
    manager = HookManager("old")

    class Specs:
        @pluggy.HookspecMarker("old")(historic=True)
        def started(self) -> None: ...

    class Other:
        """A plugin without hooks."""

    class First:
        @pluggy.HookimplMarker("old")
        def started(self) -> None:
            thread = threading.Thread(target=manager.register, args=(Other(), "other"))
            thread.start()
            thread.join()

    manager.add_hookspecs(Specs)
    manager.hook.started.call_historic()
    manager.register(First(), "first")
    assert sorted(name for name, _ in manager.list_name_plugin()) == ["first", "other"]


def test_a_registration_that_hangs_lets_other_managers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.hooks.registering.WAIT_SECONDS", 3600.0)
    begun, over = threading.Event(), threading.Event()

    class Hanging(HookManager):
        def parse_hookimpl_opts(self, plugin: object, name: str) -> None:
            begun.set()
            over.wait()

    thread = threading.Thread(target=Hanging("hangs").register, args=(plugin("names", lambda room: room),))
    thread.start()
    try:
        assert begun.wait(60)
        other = room()
        done = threading.Thread(target=other.register, args=(plugin("names", lambda room: room), "one"), daemon=True)
        done.start()
        done.join(60)
        assert not done.is_alive(), "it waits for the one that hangs"
        assert other.hook.names(room="lobby") == ["lobby"]
    finally:
        over.set()
        thread.join()


def test_copies_of_a_manager_are_changed_each_by_itself() -> None:
    manager = HookManager("old")
    manager.register(plugin("names", lambda room: room), "one")
    assert changes_of(copy.deepcopy(HookManager("old"))) is not changes_of(manager)
    again = pickle.loads(pickle.dumps(changes_of(manager)))  # our own bytes
    assert again is not changes_of(manager)
    assert again.lock() is again.lock()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # that is the test
def test_a_process_that_was_forked_while_a_thread_registers_waits_for_nobody() -> None:
    manager, begun, over = room(), threading.Event(), threading.Event()

    class Slow:
        @property
        def held(self) -> None:
            begun.set()
            over.wait()

    class Manager(HookManager):
        def parse_hookimpl_opts(self, plugin: object, name: str) -> None:
            getattr(plugin, name)

    slow = Manager("slow")
    thread = threading.Thread(target=slow.register, args=(Slow(),))
    thread.start()
    begun.wait()
    assert not changes_of(slow).lock().acquire(blocking=False)
    child = os.fork()
    if child == 0:
        os._exit(0 if changes_of(slow).lock().acquire(blocking=False) else 1)
    over.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert manager.list_name_plugin() == []
