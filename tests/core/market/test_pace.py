"""How long an answer is waited for, by a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from jackfield.market.pace import SLOWEST_BYTES_PER_SECOND, Pace

PART = 10 * SLOWEST_BYTES_PER_SECOND


@pytest.fixture
async def passing(monkeypatch) -> Callable[[float], None]:
    """Let so many seconds pass on the event loop's clock."""
    loop = asyncio.get_running_loop()
    now = loop.time()

    def passing(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(loop, "time", lambda: now)
    return passing


async def received(pace: Pace, passing: Callable[[float], None], *parts: tuple[float, int]) -> None:
    """Read an answer of which so many bytes come after so many seconds each."""
    async with pace:
        for seconds, count in parts:
            passing(seconds)
            await asyncio.sleep(0)  # where the time has come, the loop ends the wait here
            await asyncio.sleep(0)
            pace.came(count)


async def test_a_fast_answer_comes_whole(passing):
    await received(Pace(10, 60), passing, (1, 5 * PART), (1, 5 * PART))


async def test_a_slow_line_may_take_longer_than_the_time_of_a_part(passing):
    await received(Pace(10, 60), passing, *[(9, PART)] * 6)


@pytest.mark.parametrize(
    ("parts", "sentence", "is_too_slow"),
    [
        ([(10, 0)], "did not answer within 10 s", False),
        ([(1, 1)] * 10, "did not answer within 10 s", False),
        ([(1, PART), (10, 0)], "sent nothing more", False),
        ([(1, PART), (1, PART - 1), (9, 0)], "sent nothing more", False),
        ([(1, PART), *[(1, 1)] * 10], "sends less than 1 KiB a second: too slow to wait for", True),
        ([(1, PART), (9, PART - 1), (1, 0)], "sends less than 1 KiB a second: too slow to wait for", True),
        ([(9, PART)] * 7, "had not sent all of its answer after 60 s", True),
        ([(0.125, 10 * PART)] * 480, "had not sent all of its answer after 60 s", True),  # no clock rounds eighths
    ],
    ids=["silent", "drip", "stopped", "stopped within", "drip later", "just too slow", "long", "fast and endless"],
)
async def test_one_that_is_not_waited_for_has_its_sentence(passing, parts, sentence, is_too_slow):
    pace = Pace(10, 60)
    with pytest.raises(TimeoutError):
        await received(pace, passing, *parts)
    assert (pace.sentence, pace.is_too_slow) == (sentence, is_too_slow)


async def test_a_head_has_the_time_of_a_part_for_itself(passing):
    pace = Pace(10, 60)
    async with pace:
        passing(9)
        pace.begun()
        passing(9)
        await asyncio.sleep(0)
    assert not pace.is_too_slow


async def test_the_whole_may_be_shorter_than_a_part(passing):
    pace = Pace(10, 2)
    with pytest.raises(TimeoutError):
        await received(pace, passing, (2, 0))
    assert pace.sentence == "did not answer within 2 s"
