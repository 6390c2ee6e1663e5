"""Roles that were fetched together are verified as python-tuf verifies those that it fetches itself."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jackfield.errors import MarketError, TrustError
from jackfield.manifest import page_path, role_of
from jackfield.market.transport import Transport
from jackfield.market.trust.updates import Updates

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


@dataclass
class Fetched:
    """A bin, fetched and not verified yet."""

    updates: Updates
    role: str
    path: str
    data: bytes
    kept: Path

    async def take(self, *, path: str | None = None, data: bytes | None = None) -> None:
        await asyncio.to_thread(self.updates.take, self.role, path or self.path, self.data if data is None else data)


@pytest.fixture
async def fetched(market, tmp_path) -> AsyncIterator[Fetched]:
    market.publish("taken")
    transport = Transport(market.url)
    root = await transport.get("/tuf/1.root.json")
    updates = Updates(transport, asyncio.get_running_loop(), tmp_path)
    await asyncio.to_thread(updates.refresh, root)
    path = page_path("chat-taken")
    role = role_of(path)
    version = json.loads((tmp_path / "snapshot.json").read_bytes())["signed"]["meta"][f"{role}.json"]["version"]
    data = await transport.get(f"/tuf/{version}.{role}.json")
    assert data is not None
    yield Fetched(updates, role, path, data, tmp_path / f"{role}.json")
    await transport.aclose()


async def test_what_holds_is_kept_byte_for_byte(fetched):
    await fetched.take()
    assert fetched.kept.read_bytes() == fetched.data
    assert await asyncio.to_thread(fetched.updates.load, fetched.path)


async def test_what_was_changed_is_refused_and_not_kept(fetched):
    changed = json.loads(fetched.data)
    changed["signed"]["targets"][fetched.path]["length"] += 1
    with pytest.raises(TrustError, match="is not signed by the keys that it is known by"):
        await fetched.take(data=json.dumps(changed).encode())
    assert not fetched.kept.exists()


async def test_another_version_than_the_snapshot_says_is_refused(fetched, market):
    market.publish("taken", "1.1.0")
    transport = Transport(market.url)
    version = json.loads(fetched.data)["signed"]["version"]
    newer = await transport.get(f"/tuf/{version + 1}.{fetched.role}.json")
    await transport.aclose()
    assert newer is not None
    with pytest.raises(TrustError, match="says less than it did before"):
        await fetched.take(data=newer)
    assert not fetched.kept.exists()


@pytest.mark.parametrize("path", ["zz/-/-", "revocations.json"])
async def test_a_role_is_asked_for_no_path_that_it_may_not_sign(fetched, path):
    with pytest.raises(TrustError, match=f"{fetched.role} may not sign {path}"):
        await fetched.take(path=path)
    assert not fetched.kept.exists()


async def test_a_role_that_the_targets_do_not_delegate_to_is_none(fetched):
    fetched.role = "bin-zz"
    with pytest.raises(TrustError, match="bin-zz may not sign"):
        await fetched.take()


async def test_no_metadata_at_all_is_refused(fetched):
    with pytest.raises(TrustError, match="no signed metadata"):
        await fetched.take(data=b"<html>please sign in</html>")
    assert not fetched.kept.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a bound on the size of files")
@pytest.mark.parametrize("fetches", [False, True])
async def test_a_disk_that_takes_no_more_is_no_matter_of_trust(fetched, fetches):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(MarketError, match=r"cannot be kept: File too large \(make room") as told:
            await (asyncio.to_thread(fetched.updates.load, fetched.path) if fetches else fetched.take())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert type(told.value) is MarketError
    assert told.value.exit_code == 1
    assert not fetched.kept.exists()
