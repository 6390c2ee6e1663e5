"""While a worker is replaced, threads call its hooks: they wait for its next code, none is lost, none is seen twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.waiting import until

pytestmark = pytest.mark.slow

THREADS = 3
hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    def note(self, number: int) -> int: ...

    @hookspec
    def known(self) -> list[int]: ...


NOTES = """
import time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.seen = previous or []

    def on_disable(self):
        time.sleep(0.05)

    def on_unload(self):
        return self.seen

    @hookimpl
    def note(self, number: int):
        self.seen.append(number)
        return number

    @hookimpl
    def known(self):
        return self.seen
"""


class Threads:
    """What they did: the numbers that they gave, and what was wrong with an answer."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.wrong: list[Any] = []


@contextmanager
def threads(host, answers: int) -> Iterator[Threads]:
    """Threads that call a hook all the while, each number once, and wait for so many answers."""
    numbers, over, did = count(), threading.Event(), Threads()

    def call() -> None:
        while not over.wait(0.001):
            number = next(numbers)
            did.given.append(number)
            try:
                found = host.hook.note(number=number)
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may go wrong)
                found = error
            if found != [number] * answers:
                did.wrong.append((number, found))

    running = [threading.Thread(target=call) for _ in range(THREADS)]
    for one in running:
        one.start()
    try:
        yield did
    finally:
        over.set()
        for one in running:
            one.join()


@pytest.mark.feature("M36", "C45")
@pytest.mark.parametrize("names", ["a", "ab"], ids=["alone", "beside another one"])
async def test_no_call_of_a_thread_is_lost_or_seen_twice(profile, build, running, names):
    profile.install(*(build(name, code=NOTES, isolation="worker") for name in names))
    profile.enable(*names, isolation="worker")
    host = await running(specs=Specs())

    def work() -> Threads:
        with threads(host, len(names)) as did:
            for _ in range(10):
                before = len(did.given)
                asyncio.run_coroutine_threadsafe(host.reload("a"), loop).result()
                asyncio.run_coroutine_threadsafe(until(lambda: len(did.given) > before + 10), loop).result()  # noqa: B023 (waited for at once)
        return did

    loop = asyncio.get_running_loop()
    did = await asyncio.to_thread(work)
    assert did.wrong == []
    for known in await host.call.known():
        assert sorted(known) == sorted(did.given)


@pytest.mark.feature("M36")
async def test_where_the_next_code_does_not_come_a_thread_has_the_old_ones_answer(profile, build, running):
    profile.install(build("a", code=NOTES, isolation="worker"))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
    source = host.plugins.record("a").candidate.folder / "__init__.py"
    source.chmod(0o600)
    source.write_text(NOTES.replace("        self.seen = previous or []\n", "        1 / 0\n"))
    loop = asyncio.get_running_loop()

    def work() -> Threads:
        with threads(host, 1) as did:
            for _ in range(3):
                with pytest.raises(Exception, match="division by zero"):
                    asyncio.run_coroutine_threadsafe(host.reload("a"), loop).result()
        return did

    did = await asyncio.to_thread(work)
    assert did.wrong == []
    assert [sorted(known) for known in await host.call.known()] == [sorted(did.given)]
