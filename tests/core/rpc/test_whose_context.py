"""What a process asks its host for is led by nothing that led whoever waited for that process meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest
from jackfield.rpc import Served
from jackfield.rpc.loop import LoopConnection

from tests.core.rpc.child import CODECS, ONE, child, link

LED_BY: ContextVar[str] = ContextVar("what led here", default="nothing")
#: So many quick answers that the next is looked for without a turn of the loop.
ROW = 200


class Host:
    """Notes what leads the requests of its child."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.connection: LoopConnection

    async def one(self) -> int:
        self.seen.append(LED_BY.get())
        return 1

    async def quickly(self) -> None:
        for number in range(ROW):
            await self.connection.call("double", {"number": number}, CODECS["double"], timeout_seconds=20)

    async def call(self) -> None:
        """Call a method that calls back, right after quick ones."""
        LED_BY.set("a call")
        await self.quickly()
        assert await self.connection.call("call_back", {"times": 2}, CODECS["call_back"], timeout_seconds=20) == 2

    async def batch(self) -> None:
        """The same with a batch."""
        LED_BY.set("a batch")
        await self.quickly()
        answers = await self.connection.call_batch(
            "call_back", [{"times": 1}] * 2, CODECS["call_back"], timeout_seconds=20
        )
        assert answers == [1, 1]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    with child() as connection:
        host = Host()
        host.connection = LoopConnection(link(connection, {"one": Served(host.one, ONE)}))
        await host.connection.greet()
        yield host
        host.connection.close()


@pytest.mark.parametrize("way", ["call", "batch"])
async def test_a_request_is_not_led_by_who_waits_nor_by_who_did(host: Host, way: str) -> None:
    for _ in range(5):
        await asyncio.create_task(getattr(host, way)())
    await host.connection.call("call_back", {"times": 1}, CODECS["call_back"], timeout_seconds=20)
    assert host.seen == ["nothing"] * 11
