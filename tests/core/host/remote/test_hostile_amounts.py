"""What a plugin's process asks of its host side by side, again and again or without waiting, and what that may hold."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncIterator
from math import nan
from typing import Any

import msgspec
import pytest
from jackfield.errors import CannotCross
from jackfield.host.facets import bodies
from jackfield.host.facets.own_threads import MOST_THREADS
from jackfield.host.facets.settings_and_commands import MOST_CHANGES
from jackfield.host.remote.facets.holding import MOST_PARCEL_BYTES
from jackfield.host.remote.facets.services import LONGEST_NAME, MOST_CHARACTERS, MOST_METHODS
from jackfield.isolation import Line
from jackfield.rpc import CallCodec, check_answer
from jackfield.runtime import PART_BYTES

from tests.core.host.remote.conftest import Apart
from tests.support.refusals import refused
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SECONDS = 60.0
ANYTHING = CallCodec(inspect.Signature(return_annotation=Any))
Hostile = tuple[Apart, Line]


@pytest.fixture
async def held(hostile: Hostile) -> AsyncIterator[Hostile]:
    """The same, with all threads in which the host works for the plugin at work, until the test is over."""
    over = threading.Event()
    side, line = hostile
    busy = [asyncio.create_task(side.wiring.threads.run(over.wait)) for _ in range(MOST_THREADS)]
    await asyncio.sleep(0.05)
    yield side, line
    over.set()
    await asyncio.gather(*busy)


async def sent_in_parts(line: Line, value: object) -> int:
    data = msgspec.msgpack.encode(value)
    number: int | None = None
    for first in range(0, len(data), PART_BYTES):
        number = await line.call("parcel.add", {"part": data[first : first + PART_BYTES], "parcel": number})
    assert number is not None
    return number


async def test_what_was_sent_in_parts_counts_until_its_call_is_answered(held, tmp_path):
    _, line = held
    told = {"path": str(tmp_path / "file"), "data": None}
    half = bytes(MOST_PARCEL_BYTES // 2 - 100)
    asked = []
    for _ in range(2):
        part = {**told, "parcel": await sent_in_parts(line, half)}
        asked.append(asyncio.create_task(line.call("files.write_bytes", part, timeout_seconds=SECONDS)))
        await asyncio.sleep(0.05)
    await refused(line, "parcel.add", {"part": bytes(1000)}, "more than 80 MiB wait between it and its host")
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await line.call("parcel.add", {"part": b"x"})


@pytest.mark.parametrize(("ends", "refused_for"), [("", ""), ("Ł", ""), ("\U0001f600", "takes 84 MiB in memory")])
async def test_text_that_was_sent_in_parts_counts_as_it_lies_in_memory(hostile, ends, refused_for):
    _, line = hostile
    parcel = await sent_in_parts(line, "x" * (21 << 20) + ends)
    asked = {"method": "GET", "url": "http://127.0.0.1:9/", "data": None, "parcel": parcel}
    await refused(line, "http.request", asked, refused_for or "an address of this computer")
    parcel = await sent_in_parts(line, bytes(MOST_PARCEL_BYTES - 100))
    assert parcel, "nothing of the text counts any more"


async def test_calls_that_wait_hold_no_more_than_so_much(held):
    _, line = held
    lists: list[Any] = [[]] * 150_000
    told = {"key": "k", "value": lists}
    asked = [asyncio.create_task(line.call("storage.set", told, timeout_seconds=SECONDS)) for _ in range(8)]
    await until(lambda: any(one.done() for one in asked), timeout_seconds=SECONDS)
    said = {str(one.exception()) for one in asked if one.done()}
    assert all("asks for more while what it asked before takes" in one for one in said), said
    assert line.ended is None
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_a_batch_of_large_answers_is_not_gathered(hostile):
    _, line = hostile
    await line.call("storage.set", {"key": "k", "value": "x" * (PART_BYTES - 100)})
    parcel = await sent_in_parts(line, bytes(PART_BYTES - 100))
    for method, arguments in (("parcel.fetch", {"parcel": parcel}), ("storage.get", {"key": "k"})):
        with pytest.raises(CannotCross, match="the answers to a batch are beyond the 1048576 bytes of one message"):
            await line.call_batch(method, [arguments] * 3000, ANYTHING, 60)


async def test_no_timer_of_the_host_waits_behind_one_for_no_time_at_all(hostile):
    """A timer whose time is no number stands in the heap of a loop as if it were earlier and later than any other."""
    _, line = hostile
    for plugin in ("nobody", "probe"):
        told = {"plugin": plugin, "timeout_seconds": nan}
        async with asyncio.timeout(20):
            await refused(line, "plugins.wait_for", told, "timeout_seconds is a number of seconds, and nan is none")


async def test_a_settings_file_that_takes_long_to_read_holds_up_nobody(hostile):
    """The plugin wrote it: thousands of tables, each of them out of its place."""
    side, line = hostile
    path = side.wiring.settings.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"[a.x{number}]\n[b.x{number}]\n" for number in range(3000)))
    longest, over = 0.0, False

    async def look() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not over:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    looking, begun = asyncio.create_task(look()), time.perf_counter()
    for number in range(1, 4):
        await line.call("settings.set", {"key": "limit", "value": number}, timeout_seconds=SECONDS)
    took, over = time.perf_counter() - begun, True
    await looking
    assert side.wiring.settings.get("limit") == 3
    assert longest < took / 4


async def test_changes_of_settings_that_fail_are_counted_like_others(hostile):
    """They are in the history all the same, which keeps each for good."""
    side, line = hostile
    side.wiring.settings.file.mkdir(parents=True)
    for number in range(MOST_CHANGES):
        await refused(line, "settings.set", {"key": "limit", "value": number % 10 + 1}, "cannot be read")
    await refused(line, "settings.set", {"key": "limit", "value": 7}, f"changed its settings {MOST_CHANGES} times")


async def test_what_is_in_a_large_answer_is_looked_at_in_the_plugins_own_threads(hostile, monkeypatch):
    """A few bytes ask for it as often as anybody likes, and to look at it takes a tenth of a second."""
    _, line = hostile
    where: list[str] = []

    def looked(encoded: bytes) -> None:
        where.append(threading.current_thread().name)
        check_answer(encoded)

    monkeypatch.setattr("jackfield.host.remote.facets.holding.check_answer", looked)
    lists: list[Any] = [[]] * 50_000
    await line.call("storage.set", {"key": "k", "value": lists})
    assert await line.call("storage.get", {"key": "k"}) == {"value": lists}
    assert [name.startswith("jackfield: for probe") for name in where] == [True]


async def test_a_large_form_is_written_out_in_the_plugins_own_threads_and_has_a_bound(hostile, monkeypatch):
    """It takes a second for some mebibytes, and more memory than it came in."""
    _, line = hostile
    where: list[str] = []
    written = bodies._written

    def note(fields: Any) -> bytes:
        where.append(threading.current_thread().name)
        return written(fields)

    monkeypatch.setattr(bodies, "_written", note)
    told: dict[str, Any] = {"method": "POST", "url": "ftp://nobody/", "data": {"a": "é" * bodies.AT_ONCE_BYTES}}
    await refused(line, "http.request", told, "no URL that begins with https")
    assert [name.startswith("jackfield: for probe") for name in where] == [True]
    form = {"a": "é" * bodies.MOST_FORM_BYTES}
    told |= {"data": None, "parcel": await sent_in_parts(line, form)}
    await refused(line, "http.request", told, "a form of 8388609 bytes: at most 4194304 are sent")


async def test_what_can_be_no_value_is_refused_before_it_is_written_out(hostile):
    """As JSON each of these characters takes six."""
    _, line = hostile
    told = {"key": "k", "value": None, "parcel": await sent_in_parts(line, "\x01" * 5_000_000)}
    await refused(line, "storage.set", told, "what was sent in parts has 5000005 bytes, and at most 4194304 are taken")
    told["parcel"] = await sent_in_parts(line, "\x01" * 2_000_000)
    await refused(line, "storage.set", told, "the value of k is larger than 1048576 bytes")
    puts = [{"change": "put", "key": f"k{number}", "value": "\x01" * 170_000} for number in range(40)]
    await refused(
        line, "storage.apply", {"changes": None, "parcel": await sent_in_parts(line, puts)}, "take more than 32 MiB"
    )
    assert await line.call("storage.keys", {}) == {"value": []}


async def test_what_is_kept_of_tables_and_services_is_bounded_as_it_is_told(hostile):
    _, line = hostile
    told = {"name": "t", "columns": {"a": "str"}, "unique": ["a"] * 100_000}
    await refused(line, "storage.table", told, "unique names 100000 columns, and there are 1")
    methods = [f"m{number}".ljust(LONGEST_NAME, "x") for number in range(MOST_METHODS)]
    await line.call("services.provide", {"service": "wide", "handler": 1, "methods": methods})
    most = MOST_CHARACTERS // (LONGEST_NAME * (MOST_METHODS - 1))
    for left_out in range(most):
        members = methods[:left_out] + methods[left_out + 1 :]
        assert (await line.call("services.get", {"service": "wide", "members": members}))["name"] == "wide"
    members = methods[:most] + methods[most + 1 :]
    await refused(line, "services.get", {"service": "wide", "members": members}, "characters of methods of services")
    assert await line.call("services.get", {"service": "wide"})


async def test_a_path_that_no_system_takes_is_not_looked_at(hostile):
    """Without limits its links are followed, name by name, which takes the square of their number."""
    _, line = hostile
    for method in ("files.read_bytes", "files.stat", "files.write_bytes", "files.open"):
        told = {"path": "/a" * 100_000, "data": b""}
        await refused(line, method, told, "a path of 200000 characters leads nowhere: 4096 are the most")
