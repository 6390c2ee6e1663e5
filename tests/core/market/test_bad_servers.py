"""A marketplace that is down, slow, drips, ends early, redirects, or answers nonsense: one bounded, clear sentence."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
import tracemalloc

import pytest
from jackfield.errors import MarketError, MarketUnreachable
from jackfield.manifest import File
from jackfield.market import Marketplace, transport

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def failure(url, kind=MarketError, *, timeout_seconds=2.0) -> str:
    async with Marketplace(url, timeout_seconds=timeout_seconds) as client:
        with pytest.raises(kind) as caught:
            await client.search("poll")
    return str(caught.value)


async def test_nobody_listens(unused_url):
    message = await failure(unused_url, MarketUnreachable)
    assert message.startswith(f"{unused_url} cannot be reached: ")
    assert "is it running?" in message


async def test_no_answer_in_time(bad_server):
    url = bad_server(lambda _, ended: ended.wait(60))
    began = time.monotonic()
    message = await failure(url, MarketUnreachable, timeout_seconds=0.3)
    assert message.startswith(f"{url} did not answer within 0.3 s (is it running?")
    assert time.monotonic() - began < 30


async def test_a_drip_is_ended_by_the_time_for_the_whole(bad_server):
    def drip(connection, ended):
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        while not ended.wait(0.05):
            connection.sendall(b" ")

    assert "did not answer within 0.5 s" in await failure(bad_server(drip), MarketUnreachable, timeout_seconds=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("drips", [True, False], ids=["drips", "stops"])
async def test_an_answer_that_begins_well_and_does_not_go_on_is_ended_too(bad_server, drips):
    """In which words, is told by the pace itself: here the machine may be slow as well."""

    def begin(connection, ended):
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 5000)
        while not ended.wait(0.05):
            connection.sendall(b" " * drips)

    message = await failure(bad_server(begin), MarketUnreachable, timeout_seconds=2)
    assert re.search("sends less than 1 KiB a second|sent nothing more|did not answer within 2 s", message)


async def test_an_answer_that_ends_early(bad_server):
    url = bad_server(lambda connection, _: connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{"))
    assert "cannot be reached" in await failure(url, MarketUnreachable)


async def test_endless_data_is_cut_off(bad_server, monkeypatch):
    monkeypatch.setattr(transport, "TEXT_BYTES", 1024 * 1024)

    def flood(connection, ended):
        connection.sendall(HEAD + b"\r\n")
        while not ended.is_set():
            connection.sendall(b" " * 65536)

    assert "answers more than 1 MiB" in await failure(bad_server(flood), timeout_seconds=10)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b"[]",
        b'{"plugins": 3}',
        b'{"plugins": [{"name": "no id"}]}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
async def test_nonsense(says, body):
    message = await failure(says(200, body))
    assert "what no marketplace answers" in message
    assert "is the address right?" in message


@pytest.mark.parametrize(
    ("status", "expected"), [(500, "answers 500"), (403, "answers 403"), (429, "answers 429"), (404, "does not answer")]
)
async def test_an_error_is_a_sentence(says, status, expected):
    assert expected in await failure(says(status, b"because"))


async def test_a_redirect_is_not_followed(says):
    message = await failure(says(302, b"", "Location: http://user:secret@evil.example/x"))
    assert "redirects to http://evil.example/x" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "location",
    [
        "http://[",
        "http://℀@host/",
        "http://xn--a/",
        "http://x:port/",
        "http://x/\x01",
        "\xff\xfe",
        "",
        f"/{'a' * 50_000}",
    ],
)
async def test_a_redirect_to_what_is_no_address_is_a_short_sentence(bad_server, location):
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()
    message = await failure(bad_server(lambda connection, _: connection.sendall(head)))
    assert "redirects to" in message or "cannot be reached" in message
    assert len(message) < 700


async def test_an_upstream_that_is_no_address_is_a_sentence(bad_server):
    head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nJackfield-Upstream: http://[\r\nLocation: http://x/y/\r\n\r\n"
    url = bad_server(lambda connection, _: connection.sendall(head.encode()))
    async with Marketplace(url) as client:
        with pytest.raises(MarketError, match=r"is not to be trusted|is no address"):
            await client.project("y")


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2, 3])
async def test_an_answer_that_is_small_only_on_the_way_is_cut_off(bad_server, monkeypatch, layers):
    body = b" " * (64 << 20)
    for _ in range(layers):
        body = gzip.compress(body, 9)
    coding = ", ".join(["gzip"] * layers)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    monkeypatch.setattr(transport, "TEXT_BYTES", 1 << 20)
    tracemalloc.start()
    try:
        message = await failure(bad_server(lambda connection, _: connection.sendall(head + body)))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "answers more than 1 MiB" in message or "which nobody asked for" in message
    assert most < 16 << 20


async def test_an_answer_that_is_packed_in_gzip_is_unpacked(bad_server):
    body = gzip.compress(json.dumps({"plugins": [], "total": 0}).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with Marketplace(bad_server(lambda connection, _: connection.sendall(head + body))) as client:
        assert (await client.search("poll")).total == 0


async def test_what_a_marketplace_would_know_its_visitor_by_is_not_kept(bad_server):
    heard: list[bytes] = []
    body = b'{"plugins": [], "total": 0}'
    # It ends each connection: who asks again must not take one that is ending.
    head = f"Set-Cookie: who=alice; Path=/\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\n" + head.encode() + body
    url = bad_server(lambda connection, _: connection.sendall(answer), heard=heard.append)
    async with Marketplace(url) as client:
        await client.search("poll")
        await client.tell_outcome("poll", "1.0.0", "0" * 64, "kept")
    assert len(heard) == 2
    assert not any(b"cookie" in request.lower() for request in heard)


async def test_an_answer_that_is_not_packed_as_it_says(bad_server):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    assert "packed in another way" in await failure(bad_server(lambda connection, _: connection.sendall(head)))


async def test_several_questions_at_once_are_all_told(bad_server):
    """A question that nobody answers would be waited for without end."""
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://[\r\nConnection: close\r\n\r\n"
    async with Marketplace(bad_server(lambda connection, _: connection.sendall(head))) as client:
        asked = [client.plugin(name) for name in ("poll", "dice")]
        told = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)
    assert all(isinstance(one, MarketError) for one in told)


@pytest.mark.parametrize("url", ["ftp://x", "plugins.example.org", "", "http://"])
def test_an_address_that_is_none(url):
    with pytest.raises(MarketError, match="is no address of a marketplace"):
        Marketplace(url)


def test_credentials_in_the_address_are_never_shown():
    assert Marketplace("https://user:secret@plugins.example.org/").url == "https://plugins.example.org"


async def test_files_that_are_named_strangely_or_have_no_hash_are_left_out(says):
    good = {"sha256": "a" * 64}
    files = [
        {"filename": "good-1.0-py3-none-any.whl", "url": "/files/good.whl", "hashes": good},
        {"filename": "../evil-1.0-py3-none-any.whl", "url": "/files/x.whl", "hashes": good},
        {"filename": "nohash-1.0-py3-none-any.whl", "url": "/files/x.whl", "hashes": {}},
        {"filename": "badhash-1.0-py3-none-any.whl", "url": "/files/x.whl", "hashes": {"sha256": "../x"}},
        {"filename": f"long-1.0-{'.'.join('abc' * 200)}-none-any.whl", "url": "/files/x.whl", "hashes": good},
        {"filename": "local-1.0-py3-none-any.whl", "url": "file:///etc/passwd", "hashes": good},
    ]
    url = says(200, json.dumps({"meta": {"api-version": "1.0"}, "name": "x", "files": files}).encode())
    async with Marketplace(url) as client:
        found = await client.project("x")
    assert [file.filename for file in found] == ["good-1.0-py3-none-any.whl"]
    assert found[0].url == f"{url}/files/good.whl"


async def test_a_download_that_ends_early_leaves_nothing(bad_server, tmp_path):
    url = bad_server(lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\npart"))
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", "a" * 64, 9999)
    async with Marketplace(url) as client:
        with pytest.raises(MarketUnreachable):
            await client.download(file, tmp_path / "x.whl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("begins", [b"HTTP/1.1 200 OK\r\nX-Long: ", b""], ids=["a head", "news of a head"])
async def test_a_download_whose_head_drips_is_ended_by_the_time_for_an_answer(bad_server, tmp_path, begins):
    def drip(connection, ended):
        connection.sendall(begins)
        while not ended.wait(0.05):
            connection.sendall(b"x" if begins else b"HTTP/1.1 103 Early Hints\r\n\r\n")

    url = bad_server(drip)
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", "a" * 64, 100_000)
    async with Marketplace(url, timeout_seconds=0.5) as client:
        with pytest.raises(MarketUnreachable, match=r"did not answer within 0\.5 s"):
            await client.download(file, tmp_path / "x.whl")
    assert list(tmp_path.iterdir()) == []


async def test_a_download_that_never_ends_is_cut_off_at_the_promised_size(bad_server, tmp_path):
    def flood(connection, ended):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not ended.is_set():
            connection.sendall(b"x" * 65536)

    url = bad_server(flood)
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", "a" * 64, 100_000)
    async with Marketplace(url) as client:
        with pytest.raises(MarketError, match="more than the 100000 bytes"):
            await client.download(file, tmp_path / "x.whl")
    assert list(tmp_path.iterdir()) == []


async def test_a_promise_of_more_than_any_wheel_may_be_is_not_tried(unused_url, tmp_path):
    file = File("x-1.0-py3-none-any.whl", f"{unused_url}/x.whl", "0" * 64, 10**15)
    async with Marketplace(unused_url) as client:
        with pytest.raises(MarketError, match="larger than the 128 MiB that are taken"):
            await client.download(file, tmp_path / file.filename)
    assert list(tmp_path.iterdir()) == []
