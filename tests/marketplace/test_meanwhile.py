"""What an operator, or another upload, does while a file is on its way to the marketplace or from it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from jackfield_marketplace.catalog import set_status, yank
from jackfield_marketplace.cli import main
from jackfield_marketplace.db import Token
from sqlalchemy import select, update

from tests.support.processes import clean_environment, wait_for
from tests.support.wheels import build_plugin, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33", "C39")]

LARGE_BYTES = 8 << 20  # more than lies in the buffers between a server and its client
HALF = LARGE_BYTES // 2


@pytest.fixture
def large(market) -> Path:
    """A published wheel that no client has whole at once."""
    source = plugin_source("large", "1.0.0")
    source.files["chat_large/noise.bin"] = os.urandom(LARGE_BYTES)
    wheel = source.build(market.wheels)
    assert market.upload(wheel).status_code == 200
    return wheel


def yanked(market) -> None:
    with market.database.write() as session:
        yank(session, "chat-large", "1.0.0", "it forgets votes")


def quarantined(market) -> None:
    with market.database.write() as session:
        set_status(session, "chat-large", "quarantined", "it is looked at")


def revoked(market) -> None:
    words = ["revoke", "large", "--severity", "critical", "--reason", "It reads mail.", "--data"]
    assert CliRunner().invoke(main, [*words, str(market.settings.data)]).exit_code == 0


@pytest.mark.parametrize(("change", "resumed"), [(yanked, 206), (quarantined, 404), (revoked, 404)])
def test_a_download_that_has_begun_ends_whole_and_is_resumed_only_while_the_file_is_served(
    market, large: Path, change: Callable[..., None], resumed: int
):
    content = large.read_bytes()
    address = f"/files/{hashlib.sha256(content).hexdigest()}/{large.name}"
    with market.client.stream("GET", address) as answer:
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(content)))
        etag, pieces = answer.headers["etag"], answer.iter_bytes()
        got = next(pieces)
        change(market)
        assert got + b"".join(pieces) == content
    part = market.client.get(address, headers={"Range": f"bytes={HALF}-", "If-Range": etag})
    assert part.status_code == resumed
    if resumed == 206:
        assert content[:HALF] + part.content == content
    else:
        assert len(part.content) < 1000


def test_a_resumed_download_of_what_was_yanked_says_what_it_is_a_part_of(market, large: Path):
    content = large.read_bytes()
    address = f"/files/{hashlib.sha256(content).hexdigest()}/{large.name}"
    yanked(market)
    part = market.client.get(address, headers={"Range": f"bytes={HALF}-{HALF + 9}"})
    assert (part.status_code, part.content) == (206, content[HALF : HALF + 10])
    assert part.headers["content-range"] == f"bytes {HALF}-{HALF + 9}/{len(content)}"
    (entry,) = market.project("chat-large")["files"]
    assert entry["yanked"] == "it forgets votes"


@pytest.mark.parametrize("status", ["quarantined", "archived"])
def test_a_project_that_is_closed_while_an_upload_of_it_is_sent_takes_it_no_more(market, status):
    market.publish("poll", "1.0.0")
    wheel = build_plugin(market.wheels, "poll", "1.1.0")
    with market.database.write() as session:
        session.execute(update(Token).values(last_used_at=None))

    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n'
        wait_for(is_used)  # the server has begun to read the form
        with market.database.write() as session:
            set_status(session, "chat-poll", status)
        yield f'--b\r\nContent-Disposition: form-data; name="content"; filename="{wheel.name}"\r\n\r\n'.encode()
        yield wheel.read_bytes() + b"\r\n--b--\r\n"

    def is_used() -> bool:
        with market.database.read() as session:
            return session.scalar(select(Token.last_used_at).where(Token.last_used_at.is_not(None))) is not None

    answer = market.client.post(
        "/legacy/",
        content=pieces(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        auth=("__token__", market.tokens["alice"]),
    )
    assert (answer.status_code, answer.text) == (403, f"chat-poll is {status} and takes no uploads\n")
    with market.database.write() as session:
        set_status(session, "chat-poll", "active")
    assert market.project("chat-poll")["versions"] == ["1.0.0"]
    assert market.upload(wheel).status_code == 200  # of the one that was refused nothing is in the way


def test_of_two_processes_that_upload_one_name_with_other_bytes_at_once_one_wins_whole(market):
    """A marketplace has one server; a second process on its database keeps to the same rules all the same."""
    for number in range(3):
        wheels = [variant(market.wheels / str(side), f"both{number}") for side in range(2)]
        told = at_once(market, wheels)
        assert sorted(told, key=str) == [409, "published"]
        winner = wheels[told.index("published")].read_bytes()
        (entry,) = market.project(f"chat-both{number}")["files"]
        assert entry["hashes"]["sha256"] == hashlib.sha256(winner).hexdigest()
        address = f"/files/{entry['hashes']['sha256']}/{entry['filename']}"
        assert market.client.get(address).content == winner
    lying = {path.name for path in market.settings.blobs.rglob("*") if path.is_file()}
    assert len(lying) == 3  # nothing of those that were refused, and no note of what is under way


def test_of_two_processes_that_upload_the_same_bytes_at_once_both_are_welcome(market):
    wheel = variant(market.wheels, "same")
    assert sorted(at_once(market, [wheel, wheel])) == ["identical", "published"]


def variant(folder: Path, plugin_id: str) -> Path:
    source = plugin_source(plugin_id, "1.0.0")
    source.files[f"chat_{plugin_id}/noise.bin"] = os.urandom(100_000)  # into the folder of blobs
    return source.build(folder)


def at_once(market, wheels: list[Path]) -> list[str | int]:
    """What became of uploads by processes that begin in the same moment."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "tests.support.two_uploads"),
                        *(str(market.settings.data), market.tokens["alice"], str(wheel)),
                    ],
                    cwd=Path(__file__).parents[2],
                    env=clean_environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for wheel in wheels
        ]
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        return [json.loads(one.communicate()[0]) for one in running]
