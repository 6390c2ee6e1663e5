"""A request by HTTP goes on for as long as the permission for the host where it is."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.api import Response
from jackfield.errors import PermissionDenied

from tests.core.host.facets.conftest import Room

pytestmark = pytest.mark.feature("C5", "C11")


class Streaming:
    """An answer that has begun and does not end by itself."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                self.begun.set()
                await asyncio.sleep(0.01)
        finally:
            self.ended.set()


async def under_way(room: Room, url: str) -> tuple[asyncio.Task[Response], Streaming]:
    """Begin a request for a path that leads to `/stream`, and return when its body comes."""
    streaming = room.server.answers["/stream"] = Streaming()
    request = asyncio.create_task(room.http.get(url, timeout_seconds=100))
    await asyncio.wait_for(streaming.begun.wait(), 30)
    return request, streaming


async def test_an_answer_ends_with_the_permission_for_its_host(room):
    request, streaming = await under_way(room, f"{room.server.url}/stream")
    assert room.scope.begun == ("a request by HTTP",)
    assert room.scope.take_back() == [], "nothing has changed"
    room.grant("example.org:443")
    assert room.scope.take_back() == ["a request by HTTP"]
    with pytest.raises(PermissionDenied, match=f"weather may not network:connect 127.0.0.1:{room.server.port}"):
        await request
    await asyncio.wait_for(streaming.ended.wait(), 30)
    assert room.refused == ["network:connect"]
    assert room.scope.begun == ()


async def test_an_answer_ends_with_the_permission_for_the_host_that_it_was_led_to(room, resolves):
    resolves["example.org"] = ["127.0.0.1"]
    here, there = f"127.0.0.1:{room.server.port}", f"localhost:{room.server.port}"
    room.grant(here, there)
    room.server.answers["/a"] = (f"302 Found\r\nLocation: http://{there}/stream", b"")
    request, _ = await under_way(room, f"{room.server.url}/a")
    room.grant(there)
    assert room.scope.take_back() == [], "it has left the first one"
    room.grant(here)
    room.scope.take_back()
    with pytest.raises(PermissionDenied, match=f"weather may not network:connect {there}"):
        await request


async def test_an_answer_from_a_private_network_ends_with_the_permission_that_names_its_address(room):
    request, _ = await under_way(room, f"{room.server.url}/stream")
    room.grant()  # every host, and no address of this computer
    room.scope.take_back()
    with pytest.raises(PermissionDenied, match="weather may not network:connect"):
        await request


async def test_the_end_of_its_scope_alone_lets_who_waits_for_an_answer_have_it(room):
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def in_two_parts(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na")
        begun.set()
        await may_end.wait()
        writer.write(b"b")
        await writer.drain()

    room.server.answers["/a"] = in_two_parts
    request = asyncio.create_task(room.http.get(f"{room.server.url}/a", timeout_seconds=100))
    await asyncio.wait_for(begun.wait(), 30)
    room.scope.close()
    may_end.set()
    assert (await request).body == b"ab"


async def test_whoever_gives_a_request_up_is_not_told_of_permissions(room):
    request, streaming = await under_way(room, f"{room.server.url}/stream")
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await asyncio.wait_for(streaming.ended.wait(), 30)
    assert room.scope.begun == ()


async def test_a_request_is_made_while_the_plugin_is_not_enabled_yet(room):
    room.scope.close()
    room.server.answers["/a"] = ("200 OK", b"early")
    assert (await room.http.get(f"{room.server.url}/a")).body == b"early"
