"""Many who wait for one thing, each for as long as it likes."""

import asyncio
from typing import Any


class Crowd:
    """Those who wait for one future.

    A future looks through all that wait for it when one of them goes: where a crowd of thousands has no time left, all
    at once, it would look through thousands thousands of times, and the event loop stand still for seconds. Here each
    has a place of its own, and leaves it without a look at the others.

    Args:
        future: what they wait for; it is not cancelled by whoever goes.
    """

    __slots__ = ("_future", "_waiting")

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future
        self._waiting: dict[asyncio.Future[None], None] = {}
        future.add_done_callback(self._go_on)

    async def wait(self, seconds: float) -> None:
        """Return when the future is done, in the order in which those came who wait, or when the time is over.

        Args:
            seconds: how long to wait.
        """
        if self._future.done():
            return
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        self._waiting[place] = None
        over = loop.call_later(seconds, _free, place)
        try:
            await place
        finally:
            over.cancel()
            self._waiting.pop(place, None)

    def _go_on(self, _: object) -> None:
        waiting, self._waiting = self._waiting, {}
        for place in waiting:
            _free(place)


def _free(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_result(None)
