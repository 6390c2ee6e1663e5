"""How long a link whose answer was waited for is left to the loop: a part of time, by a clock that the test gives."""

from __future__ import annotations

import asyncio

from jackfield.rpc.loop.patience import Patience


async def test_one_link_holds_the_loop_for_a_quarter_of_the_time_at_most() -> None:
    one = Patience(asyncio.get_running_loop())
    assert one.allows(0)
    one.spend(0, 1_000)
    assert not one.allows(1_000)
    assert not one.allows(3_999)
    assert one.allows(4_000)


async def test_all_links_of_a_loop_together_hold_it_for_half_of_the_time_at_most() -> None:
    one, other = (Patience(asyncio.get_running_loop()) for _ in range(2))
    one.spend(0, 1_000)
    assert not other.allows(1_999)
    assert other.allows(2_000)
    other.spend(2_000, 3_000)
    assert not one.allows(3_999), "what is left to the loop after one is no time of the other"
