"""How much of one plugin is at other plugins' processes at a time: the rest waits for its turn in the host.

A process does one plain thing after the other, and has some seconds for each that it is asked. Who asks it for hundreds
at once would have it stopped for being late, though it answers each of them in a moment.

What has its turn may lead back to who has asked for it, by services, events, hooks or the host's own API, and to more
that has to wait for a turn then. So there is one more turn for each call on behalf of plugins that waits for who asks.
What has its turn and waits for another one has led to such a call of its own: not all can wait for those without one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

from jackfield.host.facets import made_by
from jackfield.host.remote.asking import asking
from jackfield.host.remote.starts import Waited

AT_ONCE: Final = 8
"""And one more for each call that waits for who asks."""

GIVEN_UP_SECONDS: Final = 5.0
"""How long what nobody waits for any more has its turn: a plain function goes on with it all the same."""


class Turns:
    """So many at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._queue: OrderedDict[asyncio.Future[None], None] = OrderedDict()  # whoever goes costs the others nothing
        self._here = 0
        self._waited: Waited | None = None

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Do within the block what it is the turn of; for who waits for it, its own time stands still."""
        waiting = asking.get()
        self._waited = waiting.waited if waiting is not None else None
        if waiting is not None:
            waiting.begin()
        try:
            await self._come()
        finally:
            if waiting is not None:
                waiting.end()
        is_given_up = False
        try:
            yield
        except asyncio.CancelledError:
            is_given_up = True
            raise
        finally:
            if is_given_up:
                asyncio.get_running_loop().call_later(GIVEN_UP_SECONDS, self._leave)
            else:
                self._leave()

    async def _come(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue[turn] = None
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had its turn in the same moment
                self._leave()
            else:
                self._queue.pop(turn, None)
            raise

    def _leave(self) -> None:
        self._here -= 1
        self._let_in()

    def _let_in(self) -> None:
        most = AT_ONCE + (self._waited.calls if self._waited is not None else 0)
        while self._queue and self._here < most:
            turn, _ = self._queue.popitem(last=False)
            if not turn.done():  # else it is given up just now
                self._here += 1
                turn.set_result(None)


class TurnsOfCalls:
    """The turns of calls of services at one process, of each plugin that asks.

    A plugin in this process asks for itself where nobody else has led to its call, and has turns, too. What is done for
    a start of plugins waits for none: nobody knows what waits for that.
    """

    def __init__(self) -> None:
        self._turns: dict[tuple[bool, str], Turns] = {}

    def taken(self) -> AbstractAsyncContextManager[None]:
        """Make a call within the block, when it is its turn."""
        asked = asking.get()
        plugin = asked.plugin if asked is not None else made_by()
        if not plugin:
            return nullcontext()
        return self._turns.setdefault((asked is None, plugin), Turns()).taken()
