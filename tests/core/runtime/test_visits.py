"""What a plugin does for users: waited for when it is taken down, broken off where it takes too long."""

from __future__ import annotations

import asyncio
from contextvars import copy_context

from jackfield.runtime.visits import Visits


async def doing(visits: Visits, answer: asyncio.Future[object]) -> None:
    with visits.begun("poll", "command vote"):
        visits.attend(answer)
        await answer


def waiting() -> asyncio.Future[object]:
    return asyncio.get_running_loop().create_future()


async def test_what_is_begun_is_waited_for_and_broken_off_when_it_takes_too_long():
    visits, quick, slow = Visits(), waiting(), waiting()
    asyncio.get_running_loop().call_later(0.01, quick.set_result, None)
    done = asyncio.create_task(doing(visits, quick))
    await asyncio.sleep(0)
    await visits.end("poll", 30)
    await done
    going = asyncio.create_task(doing(visits, slow))
    await asyncio.sleep(0)
    await visits.end("poll", 0.01)
    assert slow.cancelled()
    assert isinstance((await asyncio.gather(going, return_exceptions=True))[0], asyncio.CancelledError)


async def test_what_was_begun_in_a_coroutine_that_is_closed_elsewhere_is_not_waited_for():
    visits, never = Visits(), waiting()
    abandoned = doing(visits, never)
    copy_context().run(abandoned.send, None)
    abandoned.close()
    await visits.end("poll", 0.01)
    assert not never.cancelled()
