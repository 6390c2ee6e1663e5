"""A worker that was taken over speaks raw bytes to a real host: what that does and costs.

`pytest -s` prints the table. Each attack is first done to a receiver without bounds, where one can be written in a few
lines: so it is seen that the attack is one.
"""

from __future__ import annotations

import array
import asyncio
import logging
import os
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tests.core.rpc.test_codec import colliding_keys
from tests.scenarios.attacks.hostile_host import descriptors, nothing_left, staged
from tests.scenarios.attacks.protocol_attacks import AT_LOAD, EXPECTED, MEBIBYTE, MOST_BYTES, MOST_HELD_SECONDS
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_table: list[tuple[str, str, int, float]] = []


@pytest.fixture(scope="module", autouse=True)
def _printed() -> Iterator[None]:
    """Print what came of each attack."""
    yield
    print(f"\n{'attack':34} {'MiB':>5} {'ms':>6}  what came of it")
    for name, outcome, memory_bytes, held_seconds in _table:
        print(f"{name:34} {memory_bytes / MEBIBYTE:5.1f} {held_seconds * 1000:6.0f}  {outcome[:110]}")


SETTLE_SECONDS = 1.0
"""How long a plugin is looked at that was answered and goes on."""


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_process_that_was_taken_over_harms_nobody_but_itself(name, tmp_path, caplog):
    expected = EXPECTED[name]
    async with staged(tmp_path) as stage:
        await nothing_left(stage)
        kept = descriptors()
        await stage.host.enable("mallory")
        stage.said.clear()
        settle_seconds = None if expected.told else SETTLE_SECONDS
        answers, cost = await stage.attack(name, seconds=expected.seconds, settle_seconds=settle_seconds)
        said = stage.said[0] if stage.said else ""
        outcome = (
            said.removeprefix("failed: mallory ") or f"goes on; {stage.failure()}{''.join(map(str, answers))[:80]}"
        )
        _table.append((name, outcome, cost.memory_bytes, cost.held_seconds))
        assert re.match(f"failed: mallory ({expected.told})", said) if expected.told else not said, said
        assert re.search(expected.answered, str(answers)) or (expected.told and said), answers
        assert cost.memory_bytes < MOST_BYTES
        assert cost.held_seconds < MOST_HELD_SECONDS
        assert cost.pings > 5, "the other plugin goes on"
        assert stage.host.plugins.status("alice").errors == 0, "and nobody takes it for the one"
        await nothing_left(stage)
        await until(lambda: descriptors() <= kept)
    assert not [one for one in caplog.records if not one.name.startswith(("chat.plugins.mallory", "jackfield."))]
    assert "forged" not in caplog.text


@pytest.mark.parametrize("name", AT_LOAD)
async def test_what_a_plugin_says_of_itself_is_bounded(name, tmp_path):
    begun = time.process_time()
    async with staged(tmp_path, at_once=name) as stage:
        status = stage.host.plugins.status("mallory")
        assert status.state == "failed"
        assert AT_LOAD[name] in status.problem
        assert await stage.host.call.ping(text="x") == ["x"]
        seconds = time.process_time() - begun
        _table.append((name, status.problem.removeprefix("mallory "), 0, seconds))
        assert seconds < 5


# The same, where nothing bounds it


def decode_a_megabyte_of_empty_lists() -> None:
    count = 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = msgspec.msgpack.decode(b"\xdd" + count.to_bytes(4, "big") + b"\x90" * count)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert len(kept) == count
    assert grown > 8 * count or before * 1024 > 16 * count, "each byte of it takes many"


def decode_keys_that_collide() -> None:
    def seconds(count: int) -> float:
        attack = colliding_keys(count)
        begun = time.process_time()
        msgspec.msgpack.decode(attack)
        return time.process_time() - begun

    assert seconds(4000) > 6 * seconds(1000), "the time grows with the square of their number"


def nest_without_a_bound() -> None:
    value: Any = None
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecursionError):
        repr(value)  # whoever looks at it goes as deep
    while value is not None:
        value = value[0]


def take_descriptors_with_what_is_read() -> None:
    ours, theirs = socket.socketpair()
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    with ours, theirs:
        theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", opened))])
        before = descriptors()
        _, control, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(80))
        assert descriptors() == before + 20, "who leaves room for them has them"
        for one in array.array("i", control[0][2]).tolist() + opened:
            os.close(one)


def begin_a_task_for_each_message() -> None:
    async def serve() -> int:
        tasks.extend(asyncio.ensure_future(asyncio.Event().wait()) for _ in range(5000))
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    tasks: list[asyncio.Future[Any]] = []
    assert asyncio.run(serve()) > 5000


def make_a_record_of_what_is_told() -> None:
    record = logging.makeLogRecord({"name": "chat.plugins.mallory", "msg": "mine"})
    record.__dict__ = {"name": "jackfield.host", "msg": "forged", "args": ()}
    assert (record.name, record.getMessage()) == ("jackfield.host", "forged")


@pytest.mark.parametrize(
    "attack",
    [
        decode_a_megabyte_of_empty_lists,
        decode_keys_that_collide,
        nest_without_a_bound,
        take_descriptors_with_what_is_read,
        begin_a_task_for_each_message,
        make_a_record_of_what_is_told,
    ],
)
def test_the_attack_works_where_nothing_bounds_it(attack: Callable[[], None]) -> None:
    attack()
