"""A marketplace whose disk takes nothing more: an upload is told so in a sentence, and nothing of it stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.wheels import build_plugin, plugin_source

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's"),
]

TAKEN = 4096
"""Bytes that a file may have while the disk is full: less than each of the things that an upload writes."""


@pytest.mark.parametrize("size", [0, 200_000, 2_000_000], ids=["in-the-database", "beside-it", "spooled"])
def test_an_upload_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path, size: int):
    with running_marketplace(tmp_path) as market:
        market.publish("dice")
        assert httpx.get(f"{market.url}/simple/chat-dice/").status_code == 200  # signed by now
        wheel = built(tmp_path / "wheels", size)
        limit(market, TAKEN)
        answer = market.upload(wheel)
        assert answer.status_code == 503
        assert answer.text.startswith("the marketplace cannot write at the moment")
        assert answer.reason_phrase == answer.text.strip()
        assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{market.url}/simple/chat-poll/").status_code == 404
        assert httpx.get(f"{market.url}/simple/chat-dice/").status_code == 200
        limit(market, -1)
        assert list((market.data / "incoming").iterdir()) == []
        assert market.upload(wheel).status_code == 200
        assert httpx.get(f"{market.url}/simple/chat-poll/").status_code == 200  # signed, so nothing is being written
        assert [one.name for one in (market.data / "blobs").iterdir() if one.is_file()] == []


def built(folder: Path, size: int) -> Path:
    if not size:
        return build_plugin(folder, "poll")
    source = plugin_source("poll")
    source.files["chat_poll/data.bin"] = os.urandom(size)
    return source.build(folder)


def limit(market: RunningMarketplace, size: int) -> None:
    """Let no file of the server's grow beyond a size in bytes; -1 for any."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(market.server.pid, resource.RLIMIT_FSIZE, (size if size >= 0 else hard, hard))
