"""What a plugin makes its host wait for keeps nobody else waiting: neither other plugins nor the application."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from jackfield.errors import PluginError
from jackfield.host.facets.connecting import PluginNetwork
from jackfield.host.facets.keeping import PluginStorage
from jackfield.host.facets.own_threads import MOST_THREADS, SHARE, OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.host.remote.facets.holding import MOST_PARCEL_BYTES, Holding
from jackfield.permissions import Grant, Permission
from jackfield.runtime import Scope
from jackfield.storage import PluginDatabase

pytestmark = pytest.mark.slow


GRANT = Grant("weather", "file", None, (Permission("network", ("connect",)), Permission("storage", ("read", "write"))))
SECONDS = 20.0
MANY = 100
"""Pieces of work: more than the threads that an event loop shares among all."""


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """What work waits for, until the test is over."""
    held = threading.Event()
    yield held
    held.set()


def permits(plugin: str) -> Permits:
    return Permits(plugin, lambda: GRANT, lambda *_: None)


async def until_all_are_busy(threads: OwnThreads, held: threading.Event) -> list[asyncio.Task[bool]]:
    busy = [asyncio.create_task(threads.run(held.wait)) for _ in range(MANY)]
    await asyncio.sleep(0)
    return busy


async def ended(busy: list[asyncio.Task[bool]], held: threading.Event) -> None:
    held.set()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_the_application_goes_on_while_a_plugin_waits_for_everything(held):
    busy = await until_all_are_busy(OwnThreads("mallory"), held)
    async with asyncio.timeout(SECONDS):
        assert await asyncio.to_thread(lambda: "done") == "done"
    await ended(busy, held)


@pytest.mark.feature("C14")
async def test_others_read_what_they_keep_meanwhile(held, tmp_path):
    busy = await until_all_are_busy(OwnThreads("mallory"), held)
    database = PluginDatabase(tmp_path / "alice.sqlite")
    storage = PluginStorage(database, permits("alice"), OwnThreads("alice"))
    async with asyncio.timeout(SECONDS):
        await storage.set("place", "Oslo")
        assert await storage.get("place") == "Oslo"
    await ended(busy, held)
    await asyncio.to_thread(database.close)


async def test_names_that_nobody_answers_hold_up_who_asked_for_them_alone(held, monkeypatch):
    """Whoever has a domain has its name servers, and need not let them answer."""

    def unanswered(*_: object, **__: object) -> None:
        held.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", unanswered)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))  # a small machine's
    scope = Scope("mallory")
    scope.open()
    network = PluginNetwork("mallory", scope, permits("mallory"), OwnThreads("mallory"))
    busy = [asyncio.create_task(network.connected("example.org", 443)) for _ in range(MANY)]
    await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS):
        assert await asyncio.to_thread(lambda: "done") == "done"
        assert await OwnThreads("alice").run(lambda: "done") == "done"
    held.set()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_a_plugin_has_few_threads_and_they_end_with_it(held):
    threads = OwnThreads("trudy")
    busy = await until_all_are_busy(threads, held)

    def own() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if "for trudy" in one.name]

    assert len(own()) == MOST_THREADS
    threads.close()
    await ended(busy, held)
    async with asyncio.timeout(SECONDS):
        while own():  # noqa: ASYNC110 (threads tell nobody of their end)
            await asyncio.sleep(0.01)
        assert await threads.run(lambda: "another") == "another"
    threads.close()


async def test_what_is_given_up_makes_no_room_before_its_thread_is_free(held):
    """Else who asks and gives up again has all that it asked for wait in the threads' queue, with what each carries."""
    threads = OwnThreads("mallory")
    for given_up in await until_all_are_busy(threads, held):
        given_up.cancel()
    asked = [asyncio.create_task(threads.run(bytes)) for _ in range(MANY)]
    await asyncio.sleep(0.05)
    assert threads._pool is not None
    assert threads._pool._work_queue.qsize() == 0
    held.set()
    async with asyncio.timeout(SECONDS):
        assert await asyncio.gather(*asked) == [b""] * MANY
    threads.close()


def busy_for(seconds: float) -> float:
    """Use a processor for so long, and return when that was over."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return time.monotonic()


async def test_who_has_used_up_its_share_of_a_processor_waits(monkeypatch):
    """Else a plugin that sorts its tables again and again has one of the application's processors for itself."""
    monkeypatch.setattr("jackfield.host.facets.own_threads.SAVED_SECONDS", 0.2)
    threads, began = OwnThreads("mallory"), time.monotonic()
    await asyncio.gather(*(threads.run(busy_for, 0.25) for _ in range(2)))
    assert await threads.run(busy_for, 0.0) - began >= (0.5 - 0.2) / SHARE
    threads.close()


async def test_what_was_handed_to_a_thread_counts_until_the_thread_has_it_no_more(held):
    """Else four threads that hang hold four times as much for calls that were given up as all calls together may."""
    threads, scope = OwnThreads("mallory"), Scope("mallory")
    scope.open()
    holding = Holding("mallory", scope, threads)
    part = msgspec.msgpack.encode(b"x" * (MOST_PARCEL_BYTES * 2 // 3))

    async def asked() -> None:
        with holding.argument(None, holding.add(None, part), bytes) as given:
            await threads.run(lambda _: held.wait(), given)

    asking = asyncio.create_task(asked())
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(PluginError, match="mallory lets more than 80 MiB wait"):
        holding.add(None, part)
    held.set()
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                holding.drop(holding.add(None, part))
            except PluginError:
                await asyncio.sleep(0.01)
            else:
                break
    threads.close()
