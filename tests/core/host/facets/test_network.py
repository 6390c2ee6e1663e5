"""`context.http`: each hop is held to the grant, and no answer is without bounds; each attack is a test of its name."""

from __future__ import annotations

import asyncio
import socket
import subprocess

import pytest
from jackfield.errors import NetworkError, PermissionDenied, UsageError
from jackfield.host.facets.portions import PIECES_A_TURN, PIECES_AT_ONCE, PIECES_PER_SECOND, Pieces

from tests.support.http_server import http_server

pytestmark = pytest.mark.slow


class TestRequests:
    async def test_an_answer_is_plain_data(self, room):
        room.server.answers["/a"] = (
            "200 OK\r\nContent-Type: text/plain; charset=latin-1\r\nX-A: 1\r\nX-A: 2",
            b"gr\xfcn",
        )
        answer = await room.http.get(f"{room.server.url}/a", params={"q": "ö &"}, headers={"X-Mine": "yes"})
        assert (answer.status, answer.ok, answer.text, answer.headers["x-a"]) == (200, True, "grün", "1, 2")
        assert answer.url == f"{room.server.url}/a?q=%C3%B6+%26"
        (asked,) = room.server.asked
        assert (asked.method, asked.headers["x-mine"], asked.headers["user-agent"]) == ("GET", "yes", "jackfield")
        assert asked.headers["host"] == f"127.0.0.1:{room.server.port}"
        assert asked.headers["accept-encoding"] == "identity"

    @pytest.mark.parametrize(
        ("asked", "sent"), [("/a?b=1", "/a?b=1&q=2"), ("/a?", "/a?q=2"), ("/a#part?b", "/a?q=2"), ("", "?q=2")]
    )
    async def test_params_come_after_what_stands_in_the_address(self, room, asked, sent):
        answer = await room.http.get(f"{room.server.url}{asked}", params={"q": "2"})
        assert answer.url.removeprefix(room.server.url).removeprefix("/") == sent.removeprefix("/")

    async def test_bodies(self, room):
        await room.http.post(f"{room.server.url}/a", json={"a": "ö"})
        await room.http.post(f"{room.server.url}/a", data={"a": "1 2"})
        await room.http.request("put", f"{room.server.url}/a", data=b"raw", headers={"Content-Type": "image/png"})
        told = [(one.method, one.headers.get("content-type"), one.body) for one in room.server.asked]
        assert told == [
            ("POST", "application/json", '{"a": "ö"}'.encode()),
            ("POST", "application/x-www-form-urlencoded", b"a=1+2"),
            ("PUT", "image/png", b"raw"),
        ]

    async def test_a_failure_is_an_answer_too(self, room):
        answer = await room.http.get(f"{room.server.url}/nothing")
        assert (answer.status, answer.ok, answer.body) == (404, False, b"nothing here")

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"url": "ftp://127.0.0.1/"}, "no URL that begins with https:// or http://"),
            ({"url": "/only/a/path"}, "no URL that begins with"),
            ({"url": "http://xn--a/"}, "is no URL: Codepoint"),
            ({"url": "http://["}, "is no URL"),
            ({"url": "http://[", "params": {"q": "1"}}, "is no URL"),
            ({"url": "http://user:secret@127.0.0.1/"}, "a name or password in a URL"),
            ({"method": "CONNECT"}, "'CONNECT' is no method"),
            ({"method": "GET / HTTP/1.1\r\nX: y"}, "is no method"),
            ({"headers": {"Host": "elsewhere.org"}}, "the header Host is the host's to send"),
            ({"headers": {"Transfer-Encoding": "chunked"}}, "the header Transfer-Encoding is the host's to send"),
            ({"headers": {"Transfer_Encoding": "chunked"}}, "the header Transfer_Encoding is the host's to send"),
            ({"headers": {"X-A": "1\r\nX-B: 2"}}, "Illegal header value"),
            ({"headers": {"X-A": "grün"}}, "a header holds ASCII alone"),
            ({"redirects": -1}, "redirects is 0 to 20"),
            ({"timeout_seconds": 0}, "timeout_seconds is more than 0"),
            ({"timeout_seconds": 1000}, "timeout_seconds is more than 0 and at most 120"),
            ({"longest_bytes": 2**40}, "longest_bytes is more than 0"),
            ({"json": 1, "data": "x"}, "one body: json or data"),
        ],
    )
    async def test_a_wrong_request_is_told(self, room, options, sentence):
        arguments = {"method": "GET", "url": f"{room.server.url}/a", **options}
        with pytest.raises(UsageError, match=sentence):
            await room.http.request(arguments.pop("method"), arguments.pop("url"), **arguments)
        assert room.server.asked == []

    async def test_nobody_there_is_told_without_secrets(self, room):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        room.grant(f"127.0.0.1:{port}")
        with pytest.raises(NetworkError) as caught:
            await room.http.get(f"http://127.0.0.1:{port}/a?key=secret")
        assert f"http://127.0.0.1:{port}/a cannot be reached" in str(caught.value)
        assert "secret" not in str(caught.value)


class TestGrants:
    @pytest.mark.feature("C4", "C13")
    @pytest.mark.parametrize("hosts", [("127.0.0.1:1",), ("api.example.org:*",), ("localhost:*",)])
    async def test_a_host_that_was_not_granted_is_not_asked(self, room, hosts):
        room.grant(*hosts)
        with pytest.raises(PermissionDenied, match=rf"weather may not network:connect 127\.0\.0\.1:{room.server.port}"):
            await room.http.get(f"{room.server.url}/a")
        assert (room.server.asked, room.refused) == ([], ["network:connect"])

    async def test_a_name_is_asked_at_its_address_under_its_name(self, room, resolves):
        resolves["localhost"] = ["127.0.0.1"]
        room.grant("localhost:*")
        await room.http.get(f"http://LOCALHOST:{room.server.port}/a")
        assert room.server.asked[0].headers["host"].lower() == f"localhost:{room.server.port}"


class TestRedirects:
    async def test_one_is_followed_and_told_by_the_url(self, room):
        room.server.answers |= {"/a": ("302 Found\r\nLocation: /b", b""), "/b": ("200 OK", b"there")}
        answer = await room.http.get(f"{room.server.url}/a")
        assert (answer.body, answer.url) == (b"there", f"{room.server.url}/b")
        answer = await room.http.get(f"{room.server.url}/a", redirects=0)
        assert (answer.status, answer.headers["location"]) == (302, "/b")

    async def test_redirect_to_a_host_that_was_not_granted(self, room):
        async with http_server() as other:
            other.answers["/"] = ("200 OK", b"other")
            room.server.answers["/a"] = (f"302 Found\r\nLocation: {other.url}/", b"")
            with pytest.raises(PermissionDenied, match=rf"network:connect 127\.0\.0\.1:{other.port}"):
                await room.http.get(f"{room.server.url}/a")
            assert other.asked == []

    async def test_secrets_stay_with_the_host_they_were_meant_for(self, room):
        async with http_server() as other:
            room.grant(f"127.0.0.1:{room.server.port}", f"127.0.0.1:{other.port}")
            room.server.answers |= {
                "/a": (f"307 Temporary Redirect\r\nLocation: {other.url}/", b""),
                "/b": ("307 Temporary Redirect\r\nLocation: /c", b""),
            }
            for path in ("/a", "/b"):
                await room.http.post(
                    f"{room.server.url}{path}", data="x", headers={"Authorization": "s", "Cookie": "c"}
                )
            assert not {"authorization", "cookie"} & set(other.asked[0].headers)
            assert other.asked[0].body == b"x"
            assert room.server.asked[-1].headers["authorization"] == "s"

    async def test_after_a_form_the_next_page_is_got(self, room):
        room.server.answers |= {"/a": ("303 See Other\r\nLocation: /b", b""), "/b": ("200 OK", b"done")}
        await room.http.post(f"{room.server.url}/a", data={"a": "1"})
        last = room.server.asked[-1]
        assert (last.method, last.body, "content-type" in last.headers) == ("GET", b"", False)

    async def test_a_circle(self, room):
        room.server.answers["/a"] = ("302 Found\r\nLocation: /a", b"")
        with pytest.raises(NetworkError, match="/a redirects for the 6th time"):
            await room.http.get(f"{room.server.url}/a")
        assert len(room.server.asked) == 6

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "http://user:x@127.0.0.1/", "http://["])
    async def test_a_redirect_to_what_is_no_page(self, room, location):
        room.server.answers["/a"] = (f"302 Found\r\nLocation: {location}", b"")
        with pytest.raises(NetworkError, match="/a redirects to nowhere"):
            await room.http.get(f"{room.server.url}/a")


class TestBounds:
    async def test_endless_data(self, room):
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"400\r\n" + b"0" * 1024 + b"\r\n")
                await writer.drain()

        room.server.answers["/a"] = endless
        with pytest.raises(NetworkError, match="/a is larger than 5000 bytes"):
            await room.http.get(f"{room.server.url}/a", longest_bytes=5000)

    async def test_a_slow_drip(self, room):
        async def drip(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while True:
                writer.write(b"0")
                await writer.drain()
                await asyncio.sleep(0.02)

        room.server.answers["/a"] = drip
        with pytest.raises(NetworkError, match=r"/a did not answer within 0\.3 s"):
            await room.http.get(f"{room.server.url}/a", timeout_seconds=0.3)

    async def test_a_compressed_bomb_stays_as_small_as_it_came(self, room):
        import gzip

        bomb = gzip.compress(b"0" * 10_000_000)
        room.server.answers["/a"] = ("200 OK\r\nContent-Encoding: gzip", bomb)
        assert (await room.http.get(f"{room.server.url}/a")).body == bomb

    async def test_a_body_in_pieces_of_one_byte_leaves_everybody_their_turns(self, room):
        turns = 0

        async def pieces(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9000 + b"0\r\n\r\n")
            await writer.drain()

        async def counting() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        room.server.answers |= {"/a": pieces, "/first": ("200 OK", b"")}
        await room.http.get(f"{room.server.url}/first")  # httpx is there
        counted = asyncio.create_task(counting())
        assert (await room.http.get(f"{room.server.url}/a")).body == b"x" * 9000
        counted.cancel()
        assert turns >= 9000 // PIECES_A_TURN

    async def test_a_table_that_is_streamed_row_by_row(self, room):
        rows = [f"{number:06},Vienna,3 mm of rain\n".encode() for number in range(PIECES_AT_ONCE + 4000)]

        async def stream(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for row in rows:
                writer.write(b"%x\r\n%b\r\n" % (len(row), row))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()

        room.server.answers["/a"] = stream
        assert (await room.http.get(f"{room.server.url}/a", timeout_seconds=100)).body == b"".join(rows)

    async def test_endless_pieces_of_one_byte_end_with_the_time_of_their_request(self, room):
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"1\r\nx\r\n" * 1000)
                await writer.drain()

        room.server.answers["/a"] = endless
        with pytest.raises(NetworkError, match="/a did not answer within 2 s"):
            await room.http.get(f"{room.server.url}/a", timeout_seconds=2)

    async def test_endless_interim_answers(self, room):
        async def endless(writer: asyncio.StreamWriter) -> None:
            while True:
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
                await writer.drain()

        room.server.answers["/a"] = endless
        with pytest.raises(NetworkError, match="/a sent 256 KiB and no answer yet"):
            await room.http.get(f"{room.server.url}/a", timeout_seconds=100)

    async def test_an_answer_of_24000_header_fields(self, room):
        room.server.answers["/a"] = ("200 OK" + "\r\na:" * 24_000, b"")
        with pytest.raises(NetworkError, match="/a sent more than 5000 header fields"):
            await room.http.get(f"{room.server.url}/a")

    async def test_what_a_body_has_of_lines_is_none_of_its_header_fields(self, room):
        room.server.answers["/a"] = ("200 OK" + "\r\na: b" * 2900, b"\n" * 100_000)
        answer = await room.http.get(f"{room.server.url}/a")
        assert (len(answer.body), answer.headers["a"].count("b")) == (100_000, 2900)

    async def test_interim_answers_before_the_answer(self, room):
        async def hints(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()

        room.server.answers["/a"] = hints
        assert (await room.http.get(f"{room.server.url}/a")).body == b"ok"

    async def test_what_is_no_http(self, room):
        async def nonsense(writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
            await writer.drain()

        room.server.answers["/a"] = nonsense
        with pytest.raises(NetworkError, match="/a broke off"):
            await room.http.get(f"{room.server.url}/a")


def test_small_pieces_are_spared_some_rest_and_then_wait_for_it():
    now = 100.0
    pieces = Pieces(lambda: now)
    assert pieces.rest_seconds(PIECES_AT_ONCE) == 0
    assert pieces.rest_seconds(PIECES_PER_SECOND) == 1
    assert pieces.rest_seconds(PIECES_PER_SECOND) == 2, "of two answers the second waits for both"
    now += 2
    assert pieces.rest_seconds(50) == 50 / PIECES_PER_SECOND
    now += 1_000_000
    assert pieces.rest_seconds(PIECES_AT_ONCE) == 0, "all of it is there again"
    assert pieces.rest_seconds(50) > 0, "and no more"


def test_httpx_is_loaded_with_the_first_request_only():
    import sys

    code = "import sys, jackfield.host.host, jackfield.host.facets.context; print('httpx' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
