"""A marketplace that is killed while it publishes: what it shows afterwards is what it signed, no more and no less."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest
from jackfield.manifest import page_path, target_folder

from tests.support.marketplace import SCRIPT, RunningMarketplace
from tests.support.processes import Server, script
from tests.support.tuf_client import PlainTufClient

pytestmark = pytest.mark.slow

UPLOADS = 12
KILLS = 3
JSON = {"accept": "application/vnd.pypi.simple.v1+json"}


def test_a_marketplace_that_is_killed_while_it_publishes_shows_what_it_signed(tmp_path):
    data, root = tmp_path / "marketplace", None
    seen = 0
    for kill in range(KILLS):
        with Server([script(SCRIPT), "serve", "--data", str(data), "--port", "0"]) as server:
            market = RunningMarketplace(server, data, tmp_path / f"wheels{kill}")
            root = root or httpx.get(f"{market.url}/tuf/1.root.json").content
            # One folder for all rounds: nothing may go back from what a client saw before the crash.
            seen = max(seen, holds(market.url, tmp_path / "client", root))
            market.token(f"user{kill}")
            publish_until_killed(market, kill, server.pid)
    with Server([script(SCRIPT), "serve", "--data", str(data), "--port", "0"]) as server:
        assert root is not None
        assert holds(server.address, tmp_path / "client", root) >= seen > 0


def publish_until_killed(market: RunningMarketplace, round_number: int, pid: int) -> None:
    """Publish until the server is gone; it is killed after as many uploads as the round has number, and a bit."""
    killed = threading.Timer(0.4 + 0.1 * round_number, os.kill, (pid, signal.SIGKILL))
    killed.start()
    try:
        for number in range(UPLOADS):
            market.publish(f"crash{round_number}x{number}", user=f"user{round_number}")
    except httpx.TransportError:
        pass
    finally:
        killed.join()


def holds(url: str, folder: Path, root: bytes) -> int:
    """Verify every page and wheel that the index shows, with python-tuf's own client; how many projects there are."""
    client = PlainTufClient(url, folder, root)
    projects = [one["name"] for one in httpx.get(f"{url}/simple/", headers=JSON).json()["projects"]]
    for name in projects:
        page = httpx.get(f"{url}/simple/{name}/", headers=JSON)
        assert client.download(page_path(name)) == page.content
        for file in page.json()["files"]:
            assert client.download(f"{target_folder(name)}{file['filename']}")
    return len(projects)
