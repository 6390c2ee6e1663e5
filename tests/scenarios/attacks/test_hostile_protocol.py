"""A worker, or a plain process, that was taken over speaks raw bytes to a real host: what that does and costs.

`pytest -s` prints the table. Each attack is first done to a receiver without bounds, where one can be written in a few
lines: so it is seen that the attack is one.
"""

from __future__ import annotations

import array
import asyncio
import inspect
import logging
import os
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.core.rpc.test_codec import colliding_keys
from tests.scenarios.attacks import taken_over
from tests.scenarios.attacks.hostile_host import MEBIBYTE, descriptors, nothing_left, staged
from tests.support.waiting import until

pytestmark = pytest.mark.slow

MOST_BYTES = 64 * MEBIBYTE
"""By which the host's memory may grow: a frame decoded, buffers, and what its own work takes meanwhile."""

MOST_HELD_SECONDS = 2.0
"""For which the event loop may do nothing else, on a machine that is busy; unbounded these attacks took up to ten."""

GOES_ON = ""
"""The plugin is not stopped: what it did is refused, or harms nobody."""

ENDED = "went away: the worker of mallory"


class Expected(NamedTuple):
    """What comes of an attack.

    Args:
        told: of the plugin, as a pattern; `GOES_ON` where nothing is.
        answered: what the application is answered, as a pattern.
        seconds: how long it is looked at.
    """

    told: str
    answered: str = ""
    seconds: float = 9.0


LATE = "did not answer hook attack within 5 s and was stopped"
TOO_MUCH = r"(asked the application \d+ of 1000 times a second|sent the application \d+ MiB of 8 MiB a second) and was"

EXPECTED = {
    "oversize_frame": Expected(f"{ENDED}: a frame of 1048577 bytes is beyond the 1048576 that are taken"),
    "announced_and_never_sent": Expected(LATE),
    "empty_frame": Expected(f"{ENDED}: an empty frame"),
    "not_msgpack": Expected(f"{ENDED}: a frame is no message"),
    "nesting_bomb": Expected(f"{ENDED}: a frame is no message"),
    "megabyte_of_empty_lists": Expected(f"{LATE}|{TOO_MUCH}"),
    "parcel_of_empty_lists": Expected(GOES_ON, "holds more than 200000 others", 6.0),
    "keys_that_collide": Expected(GOES_ON, "a key of a map is an array", 4.0),
    "wrong_type": Expected(GOES_ON, seconds=3.0),
    "huge_answer": Expected(GOES_ON, "x" * 1000, 3.0),
    "unknown_id": Expected(f"{ENDED} answered call [0-9]+ which was never made"),
    "answer_twice": Expected(f"{ENDED} answered call [0-9]+ a second time", "yes"),
    "never_answer": Expected(LATE),
    "slow_drip": Expected(LATE),
    "used_id": Expected(f"{ENDED} used the id ([0-9]+) after"),
    "greeting_twice": Expected(f"{ENDED} did not begin with one greeting"),
    "after_the_end": Expected("went away: the worker of mallory ended the connection: I am done|ended with exit code"),
    "flood_of_requests": Expected(TOO_MUCH),
    "flood_of_batches": Expected(TOO_MUCH),
    "requests_that_stay_open": Expected(f"{ENDED} has more than 256 calls open"),
    "notifications_that_stay_open": Expected(f"{ENDED} has more than 256 notifications that have not ended"),
    "flood_of_log_lines": Expected(LATE),
    "flood_of_failures": Expected(LATE),
    "flood_of_subscriptions": Expected(GOES_ON, "mallory holds 1000 subscriptions", 9.0),
    "huge_components": Expected(GOES_ON, "a table holds at most 20000 values", 4.0),
    "descriptors_on_the_calls_socket": Expected(GOES_ON, "sent", 3.0),
    "descriptors_on_their_socket": Expected(GOES_ON, "sent 0", 3.0),
    "reads_nothing": Expected(f"{ENDED} does not read what it is sent|{LATE}"),
    "forged_numbers": Expected(GOES_ON, "16 of 21 refused", 3.0),
    "names_that_lead_away": Expected(GOES_ON, "7 of 7 refused", 3.0),
    "as_another_plugin": Expected(GOES_ON, seconds=3.0),
    "as_another_logger": Expected(GOES_ON, "said", 3.0),
}

AT_LOAD = {
    "giant_description": "cannot implement hook ping in a process of its own: it is named twice",
    "giant_description_of_listeners": "marks 40000 listeners, and at most 1000 are possible",
    "giant_description_of_commands": "marks 20000 commands, and at most 1000 are possible",
    "hook_with_one_name_twice": "cannot implement hook ping in a process of its own: an argument is named twice",
}

_table: list[tuple[str, str, int, float]] = []


@pytest.fixture(scope="module", autouse=True)
def _printed() -> Iterator[None]:
    """Print what came of each attack."""
    yield
    print(f"\n{'attack':44} {'MiB':>5} {'ms':>6}  what came of it")
    for name, outcome, memory_bytes, held_seconds in _table:
        print(f"{name:44} {memory_bytes / MEBIBYTE:5.1f} {held_seconds * 1000:6.0f}  {outcome[:110]}")


NOT_CONFINED = (
    "oversize_frame",
    "not_msgpack",
    "unknown_id",
    "answer_twice",
    "flood_of_requests",
    "requests_that_stay_open",
    "descriptors_on_the_calls_socket",
    "descriptors_on_their_socket",
    "forged_numbers",
    "names_that_lead_away",
    "as_another_plugin",
)
"""What is said again by a process that nothing confines. What a host does with what it is told hangs on no grade; here
are the attacks whose sending a sandbox has a say in, as it has in descriptors, and one of each other kind."""


@pytest.mark.parametrize(
    ("name", "isolation"), [*((one, "worker") for one in EXPECTED), *((one, "process") for one in NOT_CONFINED)]
)
async def test_a_process_that_was_taken_over_harms_nobody_but_itself(name, isolation, tmp_path, caplog):
    expected = EXPECTED[name]
    async with staged(tmp_path, isolation=isolation) as stage:
        assert stage.host.plugins.status("mallory").isolation == isolation
        await nothing_left(stage)
        kept = descriptors()
        await stage.host.enable("mallory")
        stage.said.clear()
        answers, cost = await stage.attack(name, seconds=expected.seconds)
        said = stage.said[0] if stage.said else ""
        outcome = (
            said.removeprefix("failed: mallory ") or f"goes on; {stage.failure()}{''.join(map(str, answers))[:80]}"
        )
        _table.append(
            (name if isolation == "worker" else f"{name} ({isolation})", outcome, cost.memory_bytes, cost.held_seconds)
        )
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
    code = inspect.getsource(taken_over).replace('AT_ONCE = ""', f'AT_ONCE = "{name}"')
    begun = time.process_time()
    async with staged(tmp_path, code) as stage:
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
