"""Many small answers in one, and names that are asked for elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.marketplace import SCRIPT, RunningMarketplace
from tests.support.processes import Server, script
from tests.support.wheels import plugin_source

pytestmark = pytest.mark.slow

JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
UPSTREAM = "http://127.0.0.1:9/simple/"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    command = [script(SCRIPT), "serve", "--data", str(folder / "data"), "--port", "0", "--upstream", UPSTREAM]
    with Server(command) as server:
        yield RunningMarketplace(server, folder / "data", folder / "wheels")


def batch(market, *paths):
    return httpx.post(f"{market.url}/batch", json={"get": paths}).json()["answers"]


def test_each_answer_is_what_a_request_of_its_own_gets(market):
    market.publish("batched")
    page = httpx.get(f"{market.url}/simple/chat-batched/", headers=JSON)
    (file,) = page.json()["files"]
    beside = f"/files/{file['hashes']['sha256']}/{file['filename']}"
    paths = ["/simple/chat-batched/", f"{beside}.metadata", f"{beside}.plugin.toml", "/plugins/Batched/latest"]
    answers = batch(market, *paths)
    assert [answer["status"] for answer in answers] == [200] * 4
    assert [answer["body"] for answer in answers] == [
        page.text,
        httpx.get(market.url + beside + ".metadata").text,
        httpx.get(market.url + beside + ".plugin.toml").text,
        httpx.get(f"{market.url}/plugins/batched/latest").text,
    ]


def test_what_it_tells_of_a_plugin_is_what_a_request_of_its_own_gets_before_and_after_a_change(market):
    changelog = "# Changelog\n\n## 1.1.0\n\n- Größer & schneller\n"
    paths = ["/plugins/Changing", "/plugins/changing/changelog?since=1.0.0"]
    market.publish("changing", "1.0.0")
    for version in ("1.0.0", "1.1.0"):
        if version != "1.0.0":
            market.publish("changing", version, changelog=changelog)
        for _ in range(2):  # put together, and ready
            detail, changes = batch(market, *paths)
            assert detail == {"status": 200, "body": httpx.get(market.url + paths[0]).text}
            assert changes == {"status": 200, "body": httpx.get(market.url + paths[1]).text}
            assert httpx.Response(200, text=detail["body"]).json()["version"] == version
    assert "1.1.0" in changes["body"]


def test_a_root_and_the_timestamp_are_what_requests_of_their_own_get(market):
    paths = ["/tuf/1.root.json", "/tuf/timestamp.json", "/tuf/99.root.json", "/tuf/snapshot.json", "/tuf/00.root.json"]
    root, timestamp, absent, other, none = batch(market, *paths)
    assert root == {"status": 200, "body": httpx.get(market.url + paths[0]).text}
    assert timestamp == {"status": 200, "body": httpx.get(market.url + paths[1]).text}
    assert [absent["status"], other["status"], none["status"]] == [404, 421, 421]


def test_bins_are_what_requests_of_their_own_get(market):
    paths = ["/tuf/1.bin-00.json", "/tuf/1.bin-ff.json", "/tuf/99.bin-00.json", "/tuf/bin-00.json", "/tuf/1.bin-0.json"]
    first, last, *others = batch(market, *paths)
    assert first == {"status": 200, "body": httpx.get(market.url + paths[0]).text}
    assert last == {"status": 200, "body": httpx.get(market.url + paths[1]).text}
    assert [answer["status"] for answer in others] == [404, 421, 421]


def test_what_is_not_there_is_said_and_what_is_not_answered_here_too(market):
    nothing = f"/files/{'0' * 64}/x-1.0-py3-none-any.whl.metadata"
    asked = [nothing, "/plugins/nobody/latest", "/plugins/ /latest", "/simple/nobody/", "/simple/Not_Canonical/", "/x"]
    assert [answer["status"] for answer in batch(market, *asked)] == [404, 404, 404, 421, 421, 421]
    about = [
        "/plugins/nobody",
        "/plugins/nobody/changelog?since=1.0",
        "/plugins/search",
        "/plugins/x/changelog?since=new",
    ]
    assert [answer["status"] for answer in batch(market, *about)] == [404, 404, 421, 421]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"get": 3}', b'{"get": [3]}', b"[" * 100_000, b'{"get": ["' + b"x" * 300_000 + b'"]}', b"\xff"],
)
def test_a_request_that_is_none_is_refused(market, body):
    assert httpx.post(f"{market.url}/batch", content=body).status_code == 422


def test_half_a_surrogate_pair_is_in_no_address(market):
    body = rb'{"get": ["/simple/\ud800/", "/plugins/\ud800/latest"]}'
    answer = httpx.post(f"{market.url}/batch", content=body)
    assert [one["status"] for one in answer.json()["answers"]] == [421, 421]


def test_more_paths_than_are_answered_at_once_are_refused(market):
    assert httpx.post(f"{market.url}/batch", json={"get": ["/x"] * 257}).status_code == 422


def test_a_name_that_nobody_registered_is_sent_to_the_upstream(market):
    answer = httpx.get(f"{market.url}/simple/nobody/", headers=JSON)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{UPSTREAM}nobody/"
    assert answer.headers["jackfield-upstream"] == UPSTREAM
    assert answer.headers["cache-control"] == "no-store"


def test_a_name_that_is_held_is_never_sent_there_though_its_files_are_yanked(market):
    market.token("alice")
    market.run("reserve", "held-here", "--user", "alice")
    wheel = market.publish_library("held-here")
    market.run("yank", "held-here", "1.0.0")
    answer = httpx.get(f"{market.url}/simple/held-here/", headers=JSON)
    assert answer.status_code == 200
    assert [file["filename"] for file in answer.json()["files"]] == [wheel.name]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process's memory is Linux's to tell")
def test_more_than_fits_into_an_answer_is_not_even_read(market):
    lines = "\n".join(os.urandom(40).hex() for _ in range(45_000))
    for number in range(24):
        source = plugin_source("large", f"1.0.{number}")
        source.readme = f"{number}\n{lines}"
        market.accept(source.build(market.wheels))
    files = httpx.get(f"{market.url}/simple/chat-large/", headers=JSON).json()["files"]
    paths = [f"/files/{file['hashes']['sha256']}/{file['filename']}.metadata" for file in files]
    with growing_less(market, 40 << 20):
        answers = batch(market, *paths)
    assert [answer["status"] for answer in answers] == [200, *[421] * 23]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process's memory is Linux's to tell")
def test_what_is_asked_for_in_many_ways_is_not_kept_for_each(market):
    changelog = "## 1.0.0\n" + "\n".join(f"- {os.urandom(40).hex()}" for _ in range(12_000))
    market.publish("telling", changelog=changelog)
    with growing_less(market, 60 << 20):
        for number in range(150):
            answer = httpx.get(f"{market.url}/plugins/telling/changelog?since=0.0.{number}")
            assert len(answer.content) > 900_000


@contextmanager
def growing_less(market: RunningMarketplace, size: int) -> Iterator[None]:
    """Hold the server to a peak of so many bytes more than before."""
    process = Path(f"/proc/{market.server.pid}")
    (process / "clear_refs").write_text("5")  # the peak begins anew (proc(5))
    before = _peak(process)
    yield
    assert _peak(process) - before < size


def _peak(process: Path) -> int:
    line = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10
