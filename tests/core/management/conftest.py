"""One marketplace for the tests of this folder, and a profile for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.discovery import write_private
from jackfield.management import Management
from jackfield.management.machine import fresh_grade, telling
from jackfield.manifest import HostFile, read_hostfile
from jackfield.places import read_private
from jackfield.store import Layout

from tests.core.management.story import SEND, installed
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.processes import free_port

HOST = """
schema = 1
app = "chat"
name = "Chat"
api_version = "1.0.0"
groups = ["chat.plugins"]

[resources.messages.actions.read]
sentence = "read messages in the rooms it is added to"
risk = "medium"

[resources.messages.actions.send]
sentence = "send messages"
risk = "medium"

[resources.members.actions.read]
sentence = "read member names"
risk = "high"
"""


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("marketplace")) as running:
        yield running


@pytest.fixture
def hostfile() -> HostFile:
    return read_hostfile(HOST, source="host.toml")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "profile")


@pytest.fixture
def manage(layout: Layout, hostfile: HostFile) -> Callable[..., Management]:
    """Makes the management of this test's profile: `manage(url, …)`."""

    def make(*urls: str, lock_seconds: float = 30.0) -> Management:
        return Management("chat", layout, urls, hostfile, lock_seconds=lock_seconds)

    return make


@pytest.fixture
def weak_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of which is remembered that it cannot confine a process."""
    monkeypatch.setenv("JACKFIELD_HOME", str(tmp_path / "home"))
    fresh_grade(os.environ)
    (file,) = map(Path, telling(os.environ))
    known = read_private(str(file))
    assert known is not None
    write_private(str(file.parent), str(file), {**known, "grade": "process"})


@pytest.fixture
def unused_url() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
async def bundle(market: RunningMarketplace, manage: Callable[..., Management], tmp_path: Path) -> Path:
    """Of a plugin with a library, both signed by the marketplace."""
    market.publish_library("sealedlib", "1.0.0")
    market.publish("sealed", permissions=SEND, requires=["sealedlib"])
    here = manage(market.url)
    await installed(here, "sealed")
    _lock, _size, notes = await here.bundle(tmp_path / "set.bundle")
    assert notes == []
    return tmp_path / "set.bundle"
