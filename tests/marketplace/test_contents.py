"""Where the bytes of a file lie: small ones in the database with the row that points to them, others in a folder."""

import hashlib
import io
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from alembic import command
from jackfield_marketplace.api import FilePages
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents
from jackfield_marketplace.catalog.contents import SMALL_BYTES
from jackfield_marketplace.db import Database, migrate
from jackfield_marketplace.stats import DownloadCounter

from tests.marketplace.test_database import configuration
from tests.support.marketplace import running_marketplace
from tests.support.wheels import plugin_source

pytestmark = pytest.mark.slow


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'market.sqlite3'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def contents(database, tmp_path):
    return Contents(database, DiskBlobs(tmp_path / "blobs"))


def add(database, contents, data):
    sha256 = hashlib.sha256(data).hexdigest()
    with database.write_directly() as direct:
        contents.add(direct, sha256, io.BytesIO(data), len(data))
    return sha256


def large_plugin(folder, plugin_id="poll"):
    source = plugin_source(plugin_id)
    source.files[f"chat_{plugin_id}/data.bin"] = os.urandom(2 * SMALL_BYTES)
    return source.build(folder)


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1])
def test_what_is_added_is_found(database, contents, tmp_path, size):
    data = os.urandom(size)
    sha256 = add(database, contents, data)
    assert contents.read(sha256) == data
    on_disk = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert len(on_disk) == (size > SMALL_BYTES)
    assert add(database, contents, data) == sha256  # again: it is there


@pytest.mark.parametrize("wrong", ["", "../secret", "0" * 64])
def test_what_was_never_added_is_not_found(contents, wrong):
    assert contents.find(wrong) is None
    assert contents.read(wrong) is None


def test_a_small_file_is_taken_back_with_the_transaction_it_came_in(database, contents):
    class Unexpected(Exception):
        pass

    sha256 = hashlib.sha256(b"data").hexdigest()

    def add_and_fail():
        with database.write_directly() as direct:
            contents.add(direct, sha256, io.BytesIO(b"data"), 4)
            raise Unexpected

    with pytest.raises(Unexpected):
        add_and_fail()
    assert contents.find(sha256) is None


def test_files_that_earlier_versions_left_in_the_folder_are_served(contents, tmp_path):
    sha256 = DiskBlobs(tmp_path / "blobs").add_bytes(b"small, and on disk")
    assert contents.read(sha256) == b"small, and on disk"


def test_an_earlier_version_finds_the_files_in_the_folder(database, contents, tmp_path):
    sha256 = add(database, contents, b"data")
    command.downgrade(configuration(database), "0003")
    path = DiskBlobs(tmp_path / "blobs").path(sha256)
    assert path is not None
    assert path.read_bytes() == b"data"
    migrate(database)
    assert contents.read(sha256) == b"data"


@pytest.mark.parametrize("large", [False, True])
def test_every_size_is_served_under_its_hash(market, large):
    path = large_plugin(market.wheels) if large else market.publish("poll")
    if large:
        assert market.upload(path).status_code == 200
    (entry,) = market.project("chat-poll")["files"]
    answer = market.client.get(entry["url"])
    assert (answer.status_code, answer.content) == (200, path.read_bytes())
    assert answer.headers["etag"] == f'"{entry["hashes"]["sha256"]}"'
    again = market.client.get(entry["url"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = market.client.head(entry["url"])
    assert (head.headers["content-length"], head.content) == (str(path.stat().st_size), b"")
    metadata = market.client.get(entry["url"] + ".metadata")
    assert hashlib.sha256(metadata.content).hexdigest() == entry["core-metadata"]["sha256"]


def test_a_large_file_is_taken_back_with_the_transaction_it_came_in(database, contents, tmp_path):
    data = os.urandom(SMALL_BYTES + 1)
    sha256 = hashlib.sha256(data).hexdigest()

    def add_and_fail() -> None:
        with database.write_directly() as direct:
            contents.add(direct, sha256, io.BytesIO(data), len(data))
            raise RuntimeError("not taken")

    with pytest.raises(RuntimeError, match="not taken"):
        add_and_fail()
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    assert add(database, contents, data) == sha256
    with pytest.raises(RuntimeError, match="not taken"):
        add_and_fail()
    assert contents.read(sha256) == data  # it was there before


def test_a_large_file_goes_before_another_process_can_point_to_it(database, contents, tmp_path):
    data = os.urandom(SMALL_BYTES + 1)
    sha256 = hashlib.sha256(data).hexdigest()
    other = sqlite3.connect(tmp_path / "market.sqlite3", timeout=0, isolation_level=None)

    def could_write() -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    def add_and_fail() -> None:
        with database.write_directly() as direct:
            contents.add(direct, sha256, io.BytesIO(data), len(data))
            direct.if_undone.append(could_write)
            raise RuntimeError("not taken")

    with closing(other):
        with pytest.raises(RuntimeError, match="not taken"):
            add_and_fail()
        other.execute("BEGIN IMMEDIATE")
    assert contents.find(sha256) is None


def test_a_large_file_and_the_names_above_it_are_on_the_disk_before_anything_points_to_it(
    database, contents, tmp_path, monkeypatch
):
    synced, fsync = [], os.fsync
    sizes: dict[int, int] = {}

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve())
        fsync(descriptor)
        status = os.fstat(descriptor)
        sizes[status.st_ino] = status.st_size

    monkeypatch.setattr(os, "fsync", noted)
    sha256 = add(database, contents, os.urandom(SMALL_BYTES + 1))
    blobs = tmp_path.resolve() / "blobs"
    assert {blobs, blobs / sha256[:2]} <= set(synced)
    assert sizes[(blobs / sha256[:2] / sha256).stat().st_ino] == SMALL_BYTES + 1  # whole, before it had its name


def test_what_a_killed_server_was_writing_is_gone_after_the_next_start(tmp_path):
    with running_marketplace(tmp_path) as market:
        blobs = market.data / "blobs"
    (blobs / "tmpabcdef12").write_bytes(b"half of a file")
    with running_marketplace(tmp_path):
        assert [path for path in blobs.iterdir() if path.is_file()] == []


ADD_AND_BE_KILLED = """
import io, os, signal, sys
from pathlib import Path
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents
from jackfield_marketplace.db import Database

data = Path(sys.argv[1])
database = Database(f"sqlite:///{data / 'market.sqlite3'}")
content = sys.stdin.buffer.read()
with database.write_directly() as direct:
    Contents(database, DiskBlobs(data / "blobs")).add(direct, sys.argv[2], io.BytesIO(content), len(content))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a kill that nobody can catch")
def test_what_a_server_brought_that_was_killed_before_its_commit_is_gone_after_the_next_start(tmp_path):
    with running_marketplace(tmp_path) as market:
        assert market.upload(large_plugin(tmp_path / "wheels")).status_code == 200
        blobs = market.data / "blobs"
    (published,) = (path for path in blobs.rglob("*") if path.is_file())
    content = os.urandom(2 * SMALL_BYTES)
    sha256 = hashlib.sha256(content).hexdigest()
    command = [sys.executable, "-c", ADD_AND_BE_KILLED, str(market.data), sha256]
    assert subprocess.run(command, input=content, check=False).returncode == -signal.SIGKILL
    assert (blobs / sha256[:2] / sha256).read_bytes() == content
    DiskBlobs(blobs).doubt(published.name)  # as one leaves it that is killed right after its commit
    with running_marketplace(tmp_path):
        assert [path for path in blobs.rglob("*") if path.is_file()] == [published]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        "bytes=abc",
        "bytes=",
        "bytes",
        "lines=1-2",
        "bytes=5-2",
        "bytes=1-2-3",
        "bytes=0-0,5-9",
        "bytes=0-,0-,0-",
        "bytes=--5",
    ],
)
def test_who_asks_for_a_part_that_nobody_understands_gets_the_whole(market, large, asked):
    path = large_plugin(market.wheels) if large else market.publish("poll")
    if large:
        assert market.upload(path).status_code == 200
    (entry,) = market.project("chat-poll")["files"]
    answer = market.client.get(entry["url"], headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, path.read_bytes())


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("asked", "start", "end"), [("10-19", 10, 20), ("10-", 10, None), ("-7", -7, None)])
def test_a_part_can_be_asked_for(market, large, asked, start, end):
    path = large_plugin(market.wheels) if large else market.publish("poll")
    if large:
        assert market.upload(path).status_code == 200
    (entry,) = market.project("chat-poll")["files"]
    answer = market.client.get(entry["url"], headers={"Range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, path.read_bytes()[start:end])
    size = path.stat().st_size
    first = start % size
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{size}"
    other = market.client.get(entry["url"], headers={"Range": f"bytes={asked}", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, path.read_bytes())
    beyond = market.client.get(entry["url"], headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert "immutable" not in beyond.headers.get("cache-control", "")  # or a CDN would answer everybody with it


async def test_texts_that_lie_ready_take_so_much_memory_and_no_more(market, monkeypatch):
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        source = plugin_source("poll", version)
        source.readme = f"{version}\n" + "A long story. " * 3000
        assert market.upload(source.build(market.wheels)).status_code == 200
    addresses = [file["url"].replace("../..", "") + ".metadata" for file in market.project("chat-poll")["files"]]
    counter = DownloadCounter(market.database)
    pages = FilePages(market.database, Contents(market.database, DiskBlobs(market.settings.blobs)), counter)
    monkeypatch.setattr("jackfield_marketplace.api.files._KEPT_IN_ALL_BYTES", 100_000)
    transport = httpx.ASGITransport(pages)
    async with httpx.AsyncClient(transport=transport, base_url="http://index") as client:
        for address in [*addresses, addresses[0]]:
            assert (await client.get(address)).status_code == 200
    assert [pages.ready(address.encode()) is not None for address in addresses] == [True, False, True]
