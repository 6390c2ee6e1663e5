"""What is asked in one moment goes in one request, to servers that can; and one by one to all others."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import httpx
import pytest
from jackfield.errors import MarketError, MarketUnreachable, UnknownPlugin
from jackfield.market import Marketplace


class Counting(httpx.AsyncHTTPTransport):
    """The network, with a list of what went over it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        return await super().handle_async_request(request)


@pytest.mark.slow
async def test_questions_of_one_moment_are_one_request(market):
    for number in range(5):
        market.publish(f"together{number}")
    network = Counting()
    async with Marketplace(market.url, transport=network) as client:
        pages = await asyncio.gather(*(client.project(f"chat-together{number}") for number in range(5)))
        files = [file for page in pages for file in page]
        assert len(files) == 5
        texts, manifests = await asyncio.gather(
            asyncio.gather(*map(client.metadata, files)), asyncio.gather(*map(client.manifest, files))
        )
        assert all(b"Name: chat-together" in text for text in texts)
        assert [manifest and manifest.id for manifest in manifests] == [f"together{number}" for number in range(5)]
        latest = await asyncio.gather(*(client.latest(f"Together{number}") for number in range(5)))
        assert [one.distribution for one in latest] == [f"chat-together{number}" for number in range(5)]
    assert network.asked == ["POST /batch"] * 3


@pytest.mark.slow
async def test_whether_anything_was_signed_since_is_asked_with_the_first_page(market, tmp_path):
    market.publish("signed-page")
    async with Marketplace(market.url, trust=tmp_path) as client:
        await client.project("chat-signed-page")
    network = Counting()
    async with Marketplace(market.url, transport=network, trust=tmp_path) as client:
        page, about = await asyncio.gather(client.project("chat-signed-page"), client.plugin("signed-page"))
    assert (len(page), about.distribution) == (1, "chat-signed-page")
    assert network.asked == ["POST /batch"]


@pytest.mark.slow
async def test_what_signs_many_pages_comes_in_one_request_and_is_verified_at_once(market, tmp_path):
    names = [f"one-of-{number}" for number in range(12)]
    for name in names:
        market.publish(name)
    network = Counting()
    async with Marketplace(market.url, transport=network, trust=tmp_path) as client:
        pages = await asyncio.gather(*(client.project(f"chat-{name}") for name in names))
    assert [len(page) for page in pages] == [1] * 12
    assert not [asked for asked in network.asked if ".bin-" in asked]
    assert network.asked.count("POST /batch") <= 3, "the pages with the first root, and the bins"


@pytest.mark.slow
async def test_what_signs_a_page_is_asked_with_it_once_the_marketplace_was_looked_at(market, tmp_path):
    names = [f"later-{number}" for number in range(6)]
    for name in names:
        market.publish(name)
    network = Counting()
    async with Marketplace(market.url, transport=network, trust=tmp_path) as client:
        await client.project("chat-later-0")
        network.asked.clear()
        pages = await asyncio.gather(*(client.project(f"chat-{name}") for name in names[1:]))
    assert [len(page) for page in pages] == [1] * 5
    assert network.asked == ["POST /batch"]


@pytest.mark.slow
async def test_what_is_absent_is_absent_in_company_as_well(market):
    market.publish("here")
    network = Counting()
    async with Marketplace(market.url, transport=network) as client:
        pages = await asyncio.gather(*(client.project(name) for name in ("chat-here", "nobody", "no-one", "noone")))
        assert [len(page) for page in pages] == [1, 0, 0, 0]
        plugins = [client.latest(name) for name in ("here", "nobody", "no-one")]
        answers = await asyncio.gather(*plugins, return_exceptions=True)
        assert [isinstance(answer, UnknownPlugin) for answer in answers] == [False, True, True]
    assert network.asked == ["POST /batch"] * 2


@pytest.mark.slow
async def test_one_question_goes_alone_and_equal_ones_are_one(market):
    market.publish("alone")
    network = Counting()
    async with Marketplace(market.url, transport=network) as client:
        pages = await asyncio.gather(*(client.project("chat-alone") for _ in range(9)))
        assert [len(page) for page in pages] == [1] * 9
    assert network.asked == ["GET /simple/chat-alone/"]


async def test_who_waits_until_it_is_asked_does_not_wait_for_the_answer(bad_server):
    heard, ready = threading.Event(), threading.Event()
    body = json.dumps({"answers": [{"status": 404}, {"status": 404}]})

    def answer(connection: socket.socket, _ended: threading.Event) -> None:
        ready.wait(10)
        connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())

    async with Marketplace(bad_server(answer, heard=lambda _request: heard.set())) as client:
        asked = [asyncio.ensure_future(client.latest(name)) for name in ("one", "other")]
        await asyncio.wait_for(client.sent(), 5)
        assert heard.wait(5), "in this very thread: nobody has to do anything more for it"
        assert not any(one.done() for one in asked)
        ready.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in answers] == [UnknownPlugin, UnknownPlugin]


@pytest.mark.parametrize("names", [("one", "other"), ("alone",)])
async def test_nobody_waits_for_what_cannot_be_asked(unused_url, names):
    async with Marketplace(unused_url) as client:
        asked = [asyncio.ensure_future(client.latest(name)) for name in names]
        await asyncio.wait_for(client.sent(), 5)
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in answers} == {MarketUnreachable}


class Index:
    """A server of project pages that has its own way with `/batch`."""

    def __init__(self, batch: bytes) -> None:
        self.batch = batch
        self.asked: list[str] = []

    def hear(self, request: bytes) -> None:
        self.asked.append(request.split(b" ", 2)[1].decode())

    def answer(self, connection, _) -> None:
        name = self.asked[-1].strip("/").rpartition("/")[2]
        body = json.dumps({"name": name, "files": []}).encode()
        page = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
        connection.sendall(self.batch if self.asked[-1] == "/batch" else page)


def head(status: str, body: str = "", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", body]).encode()


@pytest.mark.parametrize(
    ("batch", "again"),
    [
        (head("404 Not Found"), False),
        (head("405 Method Not Allowed", "no"), False),
        (head("421 Misdirected Request"), False),
        (head("429 Too Many Requests", "", "Retry-After: 600"), False),
        (head("500 Oops", "a fault"), True),
        (head("302 Found", "", "Location: http://127.0.0.1:9/batch"), True),
        (head("200 OK", "<html>Welcome</html>"), True),
        (head("200 OK", '{"answers": []}'), True),
        (head("200 OK", '{"answers": [{"status": 200, "body": 3}]}'), True),
        (head("200 OK", "[" * 5000), True),
    ],
)
async def test_a_server_that_cannot_is_asked_one_by_one_and_from_then_on_if_it_says_so(bad_server, batch, again):
    index = Index(batch)
    async with Marketplace(bad_server(index.answer, heard=index.hear)) as client:
        for together in (True, again):
            index.asked.clear()
            await asyncio.gather(*(client.project(name) for name in "abcd"))
            assert {one for one in index.asked if one != "/batch"} == {f"/simple/{name}/" for name in "abcd"}
            assert ("/batch" in index.asked) is together


async def test_an_answer_for_another_project_is_refused(bad_server):
    page = json.dumps({"name": "evil", "files": []})
    index = Index(head("200 OK", json.dumps({"answers": [{"status": 200, "body": page}] * 4})))
    async with Marketplace(bad_server(index.answer, heard=index.hear)) as client:
        answers = await asyncio.gather(*(client.project(name) for name in "abcd"), return_exceptions=True)
    assert all(isinstance(answer, MarketError) and "is the page of 'evil'" in answer.message for answer in answers)


async def test_nobody_listens_is_told_to_everyone(unused_url):
    async with Marketplace(unused_url) as client:
        answers = await asyncio.gather(*(client.project(name) for name in "abcd"), return_exceptions=True)
    assert all(isinstance(answer, MarketUnreachable) for answer in answers)


async def test_what_is_given_up_ends_with_the_client(bad_server):
    url = bad_server(lambda _, ended: ended.wait(10))
    client = Marketplace(url)
    asking = [asyncio.ensure_future(client.project(name)) for name in "abcd"]
    await asyncio.sleep(0.2)
    await client.aclose()
    answers = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 3)
    assert all(isinstance(answer, (asyncio.CancelledError, MarketError)) for answer in answers)


@pytest.mark.parametrize("turns", range(4))
async def test_what_was_given_up_before_it_was_sent_opens_no_connection_afterwards(turns):
    async def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        await asyncio.sleep(30)
        raise AssertionError("it was given up")

    asked: list[str] = []
    async with Marketplace("http://127.0.0.1:9", transport=httpx.MockTransport(answers)) as client:
        asking = asyncio.ensure_future(client.project("chat-hasty"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    began = list(asked)
    for _ in range(10):
        await asyncio.sleep(0)
    assert asked == began


@pytest.mark.parametrize("turns", range(1, 6))
async def test_connections_are_closed_also_where_closing_them_is_cancelled(turns):
    class Slow(httpx.AsyncBaseTransport):
        closed = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            raise AssertionError(f"{request.url} was given up")

        async def aclose(self) -> None:
            self.closed = True

    network = Slow()
    client = Marketplace("http://127.0.0.1:9", transport=network)
    asking = asyncio.ensure_future(client.project("chat-slow"))
    await asyncio.sleep(0.05)
    closing = asyncio.ensure_future(client.aclose())
    for _ in range(turns):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, asking, return_exceptions=True)
    assert network.closed
