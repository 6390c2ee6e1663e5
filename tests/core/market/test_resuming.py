"""Downloads that break off go on where they stopped, in the same call or the next; the hash of the whole decides."""

from __future__ import annotations

import hashlib
import re
import sys
import time

import pytest
from jackfield.errors import MarketError, MarketUnreachable
from jackfield.manifest import File
from jackfield.market import Marketplace

pytestmark = pytest.mark.slow


WHEEL = bytes(range(256)) * 400
SHA256 = hashlib.sha256(WHEEL).hexdigest()
ETAG = '"one"'


class Shelf:
    """A server of one file that breaks off: it notes what it was asked, and cheats as it is told."""

    def __init__(self) -> None:
        self.content = WHEEL
        self.etag = ETAG
        self.breaks = [1000]
        """After how many bytes of the body each next answer ends; whole when the list is empty."""
        self.ranges = True
        self.wrong_start = 0
        self.request = b""
        self.asked: list[tuple[int | None, str | None]] = []

    def answer(self, connection, _) -> None:
        request = self.request
        found = re.search(rb"(?im)^range: bytes=(\d+)-\r$", request)
        condition = re.search(rb"(?im)^if-range: (.*)\r$", request)
        start = int(found[1]) if found else None
        held = condition[1].decode() if condition else None
        self.asked.append((start, held))
        if start is not None and self.ranges and held in (None, self.etag):
            body = self.content[start:]
            first = start + self.wrong_start
            head = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes {first}-{len(self.content) - 1}/{len(self.content)}"
        else:
            body, head = self.content, "HTTP/1.1 200 OK"
        head += f"\r\nContent-Length: {len(body)}\r\nETag: {self.etag}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + (body[: self.breaks.pop(0)] if self.breaks else body))


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def file(bad_server, shelf):
    def answer(connection, ended) -> None:
        shelf.answer(connection, ended)

    url = bad_server(answer, heard=lambda request: setattr(shelf, "request", request))
    return File("x-1.0-py3-none-any.whl", f"{url}/x.whl", SHA256, len(WHEEL))


async def fetch(file, folder, partials=None, progress=None) -> bytes:
    folder.mkdir(exist_ok=True)
    async with Marketplace(file.url.rpartition("/")[0], partials=partials, timeout_seconds=3) as client:
        return (await client.download(file, folder / file.filename, progress)).read_bytes()


async def test_it_goes_on_by_itself(shelf, file, tmp_path):
    shelf.breaks = [1000, 2000, 3000]
    seen: list[int] = []
    assert await fetch(file, tmp_path / "out", progress=lambda name, so_far, whole: seen.append(so_far)) == WHEEL
    assert shelf.asked == [(None, None), (1000, ETAG), (3000, ETAG), (6000, ETAG)]
    assert seen == sorted(seen)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [file.filename]


async def test_it_goes_on_by_itself_after_a_line_that_fell_silent(bad_server, shelf, tmp_path):
    """Without an end, as where a network is left; of the part that was on its way some bytes have come."""

    def answer(connection, ended) -> None:
        falls_silent = bool(shelf.breaks)
        shelf.answer(connection, ended)
        if falls_silent:
            connection.recv(1)  # until who asked has gone

    url = bad_server(answer, heard=lambda request: setattr(shelf, "request", request))
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", SHA256, len(WHEEL))
    assert await fetch(file, tmp_path / "out") == WHEEL
    assert shelf.asked == [(None, None), (1000, ETAG)]


async def test_it_is_given_up_where_nothing_more_comes(shelf, file, tmp_path):
    shelf.breaks = [1000, 0, 0, 0]
    with pytest.raises(MarketUnreachable):
        await fetch(file, tmp_path / "out")
    assert len(shelf.asked) == 2
    assert list((tmp_path / "out").iterdir()) == []


async def test_the_next_call_goes_on(shelf, file, tmp_path):
    shelf.breaks = [1000, 0]
    with pytest.raises(MarketUnreachable):
        await fetch(file, tmp_path / "out", tmp_path / "partials")
    assert (tmp_path / "partials" / f"{SHA256}.part").read_bytes() == WHEEL[:1000]
    assert list((tmp_path / "out").iterdir()) == []
    assert await fetch(file, tmp_path / "out", tmp_path / "partials") == WHEEL
    assert shelf.asked[-1] == (1000, ETAG)
    assert not list((tmp_path / "partials").glob("*.part"))


async def test_a_file_that_changed_meanwhile_comes_whole(shelf, file, tmp_path):
    shelf.breaks = [1000, 0]
    with pytest.raises(MarketUnreachable):
        await fetch(file, tmp_path / "out", tmp_path / "partials")
    shelf.etag = '"two"'
    assert await fetch(file, tmp_path / "out", tmp_path / "partials") == WHEEL


@pytest.mark.parametrize("etag", ['W/"one"', "one", '"one\x07"', ""])
async def test_what_is_no_strong_validator_is_not_sent_as_one(shelf, file, tmp_path, etag):
    """RFC 9110, 13.1.5: a weak one does not say that the bytes are the same; the hash of the whole has to."""
    shelf.etag, shelf.breaks = etag, [1000]
    assert await fetch(file, tmp_path / "out") == WHEEL
    assert shelf.asked == [(None, None), (1000, None)]


async def test_a_server_without_ranges_sends_it_whole(shelf, file, tmp_path):
    shelf.ranges = False
    assert await fetch(file, tmp_path / "out") == WHEEL


@pytest.mark.parametrize("kept", [b"x" * 1000, WHEEL[:-1] + b"x", WHEEL + b"more", WHEEL])
async def test_a_piece_is_believed_only_as_part_of_the_whole(shelf, file, tmp_path, kept):
    shelf.breaks = []
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / f"{SHA256}.part").write_bytes(kept)
    assert await fetch(file, tmp_path / "out", tmp_path / "partials") == WHEEL


async def test_another_part_than_was_asked_for_is_not_taken(shelf, file, tmp_path):
    shelf.wrong_start = 1
    with pytest.raises(MarketError, match="answers another part than it was asked for"):
        await fetch(file, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


async def test_wrong_bytes_are_thrown_away(shelf, file, tmp_path):
    shelf.content, shelf.breaks = WHEEL[::-1], []
    with pytest.raises(MarketError, match=f"the index promised {SHA256}"):
        await fetch(file, tmp_path / "out", tmp_path / "partials")
    assert not list((tmp_path / "partials").glob("*.part"))


async def test_fewer_bytes_than_promised_are_not_enough(shelf, file, tmp_path):
    shelf.content, shelf.breaks = WHEEL[:5000], []
    with pytest.raises(MarketError, match=f"ended after 5000 of {len(WHEEL)} bytes"):
        await fetch(file, tmp_path / "out")


async def test_a_folder_that_cannot_be_written_is_no_hindrance(shelf, file, tmp_path):
    (tmp_path / "partials").write_text("in the way")
    shelf.breaks = [1000]
    assert await fetch(file, tmp_path / "out", tmp_path / "partials") == WHEEL


@pytest.mark.skipif(sys.platform == "win32", reason="a bound on the size of files")
async def test_a_disk_that_takes_no_more_is_a_sentence_and_gets_its_room_back(shelf, file, tmp_path):
    import resource

    shelf.breaks = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(MarketError, match=r"^x-1\.0-py3-none-any\.whl cannot be kept: File too large \(make room"):
            await fetch(file, tmp_path / "out", tmp_path / "partials")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "partials").glob("*.part"))
    assert not list((tmp_path / "out").iterdir())


async def test_old_pieces_are_forgotten(shelf, file, tmp_path):
    import os

    shelf.breaks = []
    old = tmp_path / "partials" / f"{'0' * 64}.part"
    old.parent.mkdir()
    old.write_bytes(b"x")
    os.utime(old, (time.time() - 30 * 24 * 3600,) * 2)
    await fetch(file, tmp_path / "out", tmp_path / "partials")
    assert not old.exists()


async def test_a_server_that_drips_is_given_up_and_not_asked_again(bad_server, tmp_path):
    asked: list[bytes] = []

    def drip(connection, ended) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not ended.wait(0.02):
            connection.sendall(b"x")

    url = bad_server(drip, heard=asked.append)
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", SHA256, 100_000)
    async with Marketplace(url, partials=tmp_path / "partials", timeout_seconds=3) as client:
        with pytest.raises(MarketUnreachable):
            await client.download(file, tmp_path / file.filename)
    assert len(asked) == 1


async def test_a_wheel_has_one_time_for_the_whole(bad_server, tmp_path, monkeypatch):
    """Fast enough in each part, it still has to end."""
    monkeypatch.setattr("jackfield.market.download.DOWNLOAD_SECONDS", 2.0)

    def stream(connection, ended) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while not ended.wait(0.02):
            connection.sendall(b"x" * 100)

    url = bad_server(stream)
    file = File("x-1.0-py3-none-any.whl", f"{url}/x.whl", SHA256, 100_000_000)
    async with Marketplace(url, partials=tmp_path / "partials", timeout_seconds=20) as client:
        with pytest.raises(MarketUnreachable):
            await client.download(file, tmp_path / file.filename)
