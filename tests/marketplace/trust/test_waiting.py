"""Uploads are signed together, a moment after they were taken, and always before anybody is shown them."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from jackfield.manifest import page_path
from jackfield_marketplace.db import Database, UnsignedProject
from jackfield_marketplace.trust import Ceremony, Signing
from sqlalchemy import func, select, text

from tests.marketplace.conftest import LocalMarket, local_market
from tests.support.tuf_client import PlainTufClient
from tests.support.wheels import build_plugin, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]

JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
WAIT_SECONDS = 20.0


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads wait for others until somebody asks for them: nothing here is signed because time went by."""
    monkeypatch.setattr("jackfield_marketplace.api.signed.SIGNED_WITHIN_SECONDS", 3600.0)
    monkeypatch.setattr("jackfield_marketplace.app.application.SIGNING_SECONDS", 3600.0)


@pytest.fixture
def begun(market: LocalMarket, tmp_path: Path) -> LocalMarket:
    """A marketplace that has its keys."""
    _ceremony(market).begin(tmp_path / "offline")
    return market


@pytest.fixture
def signed(unhurried: None, begun: LocalMarket) -> LocalMarket:
    """The same, where only readers have something signed."""
    return begun


def test_uploads_are_signed_a_moment_later_where_nobody_asks(begun):
    before = _snapshots(begun)
    for number in range(3):
        begun.publish(f"plugin{number}")
    _until(lambda: _waiting(begun) == 0)
    assert _snapshots(begun) > before
    assert _client(begun, "moment").is_target(page_path("chat-plugin2"))


def test_uploads_that_nobody_read_share_one_snapshot(signed):
    before = _snapshots(signed)
    for number in range(3):
        signed.publish(f"plugin{number}")
    assert _waiting(signed) == 3
    client = _client(signed, "shared")
    assert all(client.is_target(page_path(f"chat-plugin{number}")) for number in range(3))
    assert (_waiting(signed), _snapshots(signed)) == (0, before + 1)


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda market: market.client.get("/simple/chat-poll/", headers=JSON), id="page"),
        pytest.param(lambda market: market.client.get("/tuf/timestamp.json"), id="timestamp"),
        pytest.param(lambda market: market.client.get("/plugins/poll"), id="details"),
        pytest.param(lambda market: market.client.get("/plugins/search?q=poll"), id="search"),
        pytest.param(lambda market: market.client.post("/batch", json={"get": ["/simple/chat-poll/"]}), id="batch"),
    ],
)
def test_who_reads_what_was_just_uploaded_has_it_signed(signed, read: Callable[[LocalMarket], httpx.Response]):
    signed.publish("poll")
    assert _waiting(signed) == 1
    answer = read(signed)
    assert answer.status_code == 200
    assert _waiting(signed) == 0
    page = signed.client.get("/simple/chat-poll/", headers=JSON).content
    assert _client(signed, "reader").download(page_path("chat-poll")) == page


def test_the_pages_of_others_wait_for_no_signature(signed):
    signed.publish("poll")
    signed.project("chat-poll")
    signed.publish("dice")
    assert signed.client.get("/simple/chat-poll/", headers=JSON).status_code == 200
    assert _waiting(signed) == 1


def test_a_page_that_lay_ready_is_not_answered_with_after_an_upload(signed):
    signed.publish("poll", "1.0.0")
    first = signed.project("chat-poll")
    assert signed.project("chat-poll") == first
    signed.publish("poll", "1.1.0")
    assert signed.project("chat-poll")["versions"] == ["1.0.0", "1.1.0"]
    assert _waiting(signed) == 0


def test_no_reader_sees_a_page_that_is_not_signed_while_others_publish(begun):
    client, done = _client(begun, "crowd"), threading.Event()
    wrong: list[str] = []

    def read() -> int:
        pages = 0
        while not done.is_set():
            with httpx.Client(base_url=begun.url) as reader:
                page = reader.get("/simple/chat-poll/", headers=JSON).content
            with begun.database.read() as session:
                known = set(session.scalars(text("SELECT sha256 FROM signed_targets")))
            # Another upload may have replaced its signature since; then the page is another one by now, too.
            if hashlib.sha256(page).hexdigest() not in known and b"files" in page:
                later = begun.client.get("/simple/chat-poll/", headers=JSON).content
                wrong.extend([page.decode()] if later == page else [])
            pages += 1
        return pages

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for number in range(25):
                begun.publish("poll", f"1.0.{number}")
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert wrong == []
    assert client.is_target(page_path("chat-poll"))


def test_what_was_not_signed_before_a_crash_is_signed_at_the_next_start(signed, tmp_path):
    signed.publish("poll")
    assert _waiting(signed) == 1
    other = Database(signed.database.url)  # the next process: nothing of what this one remembers
    assert Signing(other, signed.settings.keys, signed.settings.blobs).keep_fresh() == []
    other.close()
    assert _waiting(signed) == 0


def test_without_its_keys_nothing_is_taken_and_it_is_said_why(signed):
    for path in signed.settings.keys.glob("snapshot-*"):
        path.unlink()
    answer = signed.upload(build_plugin(signed.wheels, "poll", "1.0.0"))
    assert answer.status_code == 503
    assert "the snapshot key that the marketplace signs with is not in" in answer.reason_phrase
    assert signed.client.get("/simple/chat-poll/").status_code == 404
    assert signed.client.get("/plugins/poll").status_code == 404


def test_a_large_file_that_is_not_taken_leaves_nothing_on_disk(signed):
    for path in signed.settings.keys.glob("snapshot-*"):
        path.unlink()
    source = plugin_source("poll")
    source.files["chat_poll/data.bin"] = os.urandom(200_000)
    assert signed.upload(source.build(signed.wheels)).status_code == 503
    assert [path for path in signed.settings.blobs.rglob("*") if path.is_file()] == []


def test_what_cannot_be_signed_is_not_shown_and_nothing_more_is_taken_until_it_can(signed):
    signed.publish("dice")
    timestamp = signed.client.get("/tuf/timestamp.json").content
    signed.publish("poll")
    with signed.database.write() as session:  # as a disk that fails would: nothing can be signed
        fails = "BEGIN SELECT RAISE(ABORT, 'the disk fails'); END"
        session.execute(text(f"CREATE TRIGGER broken BEFORE INSERT ON signed_metadata {fails}"))
    page = signed.client.get("/simple/chat-poll/", headers=JSON)
    assert (page.status_code, "the disk fails" in page.text) == (503, True)
    assert page.headers["cache-control"] == "no-store"
    batch = signed.client.post("/batch", json={"get": ["/simple/chat-poll/", "/simple/chat-dice/"]}).json()
    assert [one["status"] for one in batch["answers"]] == [421, 200]
    assert signed.client.get("/tuf/timestamp.json").content == timestamp  # what was signed last still holds
    assert signed.client.get("/simple/chat-dice/", headers=JSON).status_code == 200
    refused = signed.upload(build_plugin(signed.wheels, "other", "1.0.0"))
    assert (refused.status_code, "cannot sign: the disk fails" in refused.text) == (503, True)
    assert signed.client.get("/simple/chat-other/").status_code == 404
    with signed.database.write() as session:
        session.execute(text("DROP TRIGGER broken"))
    signed.publish("other")  # signed with the rest in its own transaction
    assert _waiting(signed) == 0
    shown = signed.client.get("/simple/chat-poll/", headers=JSON)
    assert shown.status_code == 200
    client = _client(signed, "mended")
    assert client.download(page_path("chat-poll")) == shown.content
    assert client.is_target(page_path("chat-other"))
    assert isinstance(signed.client.get("/plugins/poll").json(), dict)


def test_a_marketplace_that_ends_signs_what_waits(unhurried, tmp_path, empty_data):
    with local_market(tmp_path, empty_data) as market:
        _ceremony(market).begin(tmp_path / "offline")
        market.publish("poll")
        settings = market.settings
    database = Database(settings.database_url)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(UnsignedProject)) == 0
    database.close()


def _ceremony(market: LocalMarket) -> Ceremony:
    signing = Signing(market.database, market.settings.keys, market.settings.blobs)
    return Ceremony(market.database, market.settings.keys, signing)


def _client(market: LocalMarket, name: str) -> PlainTufClient:
    return PlainTufClient(market.url, market.wheels.parent / name)


def _waiting(market: LocalMarket) -> int:
    """How many projects are not signed, as the next process would find them."""
    with market.database.read() as session:
        return session.scalar(select(func.count()).select_from(UnsignedProject)) or 0


def _snapshots(market: LocalMarket) -> int:
    """The version of the newest snapshot, read past the server."""
    with market.database.read() as session:
        found: Any = session.scalar(text("SELECT version FROM signed_roles WHERE role = 'snapshot'"))
    return int(found)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
