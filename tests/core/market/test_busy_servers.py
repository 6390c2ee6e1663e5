"""Servers that are busy: waited for as they ask, and no longer than is bearable."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from jackfield.errors import MarketError
from jackfield.manifest import File
from jackfield.market import Marketplace

pytestmark = pytest.mark.slow


FOUND = json.dumps({"plugins": [{"id": "poll"}], "total": 1}).encode()


@pytest.fixture
def busy(bad_server):
    """A server that answers so many times that it is busy, then with a body: `busy(2, b"…", "Retry-After: 1")`."""

    def start(times: int, body: bytes, *headers: str, status: str = "429 Too Many Requests") -> tuple[str, list[float]]:
        asked: list[float] = []

        def answer(connection, _) -> None:
            asked.append(time.monotonic())
            head = [f"HTTP/1.1 {status}", *headers] if len(asked) <= times else ["HTTP/1.1 200 OK"]
            said = b"later" if len(asked) <= times else body
            lines = [*head, f"Content-Length: {len(said)}", "Connection: close", "", ""]
            connection.sendall("\r\n".join(lines).encode() + said)

        return bad_server(answer), asked

    return start


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_it_is_asked_again_after_the_time_it_names(busy, status):
    url, asked = busy(1, FOUND, "Retry-After: 1", status=status)
    async with Marketplace(url) as client:
        assert (await client.search("poll")).total == 1
    assert asked[1] - asked[0] >= 1.0


async def test_the_time_may_be_a_date(busy):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    url, asked = busy(1, FOUND, f"Retry-After: {soon}")
    async with Marketplace(url) as client:
        assert (await client.search("poll")).total == 1
    assert 0 < asked[1] - asked[0] < 5


@pytest.mark.parametrize("header", ["Retry-After: 3600", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_one_that_asks_for_too_much_patience_is_told_of_at_once(busy, header):
    url, asked = busy(9, FOUND, header)
    began = time.monotonic()
    async with Marketplace(url) as client:
        with pytest.raises(
            MarketError, match=r"answers 429 and asks to wait \d+ s \(try again later; nothing was changed"
        ):
            await client.search("poll")
    assert len(asked) == 1
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "header",
    [
        "X-Nothing: 1",
        "Retry-After: soon",
        "Retry-After: -1",
        "Retry-After: 1e9",
        f"Retry-After: {'9' * 400}",
        "Retry-After: Fri, 31 Dec 2100 23:59:59 +9999999999999",
        "Retry-After: 1 Jan 99999 00:00:00 GMT",
    ],
)
async def test_one_that_names_no_time_is_not_waited_for(busy, header):
    url, _asked = busy(9, FOUND, header)
    async with Marketplace(url) as client:
        with pytest.raises(MarketError, match="answers 429 Too Many Requests: later"):
            await client.search("poll")


@pytest.mark.parametrize("header", ["Retry-After: 0", "Retry-After: Thu, 01 Jan 2026 00:00:00 GMT"])
async def test_one_that_is_busy_for_ever_is_asked_once_a_second_and_given_up(busy, monkeypatch, header):
    monkeypatch.setattr("jackfield.market.transport.PATIENCE_SECONDS", 2.5)
    url, asked = busy(999, FOUND, header)
    async with Marketplace(url) as client:
        with pytest.raises(MarketError, match="asks to wait 0 s"):
            await client.search("poll")
    assert len(asked) == 3
    assert all(later - before >= 0.9 for before, later in pairwise(asked))


async def test_a_download_waits_as_well(busy, tmp_path):
    url, asked = busy(1, b"wheel", "Retry-After: 1")
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", hashlib.sha256(b"wheel").hexdigest(), 5)
    async with Marketplace(url) as client:
        assert (await client.download(file, tmp_path / "x.whl")).read_bytes() == b"wheel"
    assert asked[1] - asked[0] >= 1.0


async def test_a_download_that_is_put_off_for_ever_asks_once_a_second(busy, monkeypatch, tmp_path):
    monkeypatch.setattr("jackfield.market.download.PATIENCE_SECONDS", 2.5)
    url, asked = busy(999, b"wheel", "Retry-After: 0")
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", hashlib.sha256(b"wheel").hexdigest(), 5)
    async with Marketplace(url) as client:
        with pytest.raises(MarketError, match="asks to wait 0 s"):
            await client.download(file, tmp_path / "x.whl")
    assert len(asked) == 3
