"""How a marketplace is met, remembered and looked at again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from jackfield.errors import TrustError, UsageError
from jackfield.manifest import bin_of, page_path, role_of, target_folder
from jackfield.market import Marketplace
from jackfield.market.transport import Transport
from jackfield.market.trust import Anchor, Witness, fingerprint, folder_of, split_address

from tests.support.descriptors import nothing_opens
from tests.support.mirror import Answer, Mirror, mirror_of

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


@pytest.fixture
def mirror(market) -> Iterator[Mirror]:
    with mirror_of(market.url) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def published(market) -> None:
    market.publish("seen")


def root_of(mirror: Mirror) -> str:
    return sha256(mirror.honest("/tuf/1.root.json").body).hexdigest()


async def test_the_first_contact_is_shown_with_the_root_and_the_next_is_not(mirror, tmp_path):
    async with Marketplace(mirror.url, trust=tmp_path) as first:
        assert len(await first.project("chat-seen")) == 1
        met = await first.standing()
    assert met is not None
    assert met.root == fingerprint(root_of(mirror))
    assert met.sentence is not None
    assert met.root in met.sentence
    async with Marketplace(mirror.url, trust=tmp_path) as again:
        await again.project("chat-seen")
        known = await again.standing()
    assert known is not None
    assert (known.root, known.sentence) == (met.root, None)


@pytest.mark.parametrize("digits", [32, 64])
async def test_a_root_that_the_address_names_is_no_surprise(mirror, tmp_path, digits):
    address = f"{mirror.url}#root={root_of(mirror)[:digits]}"
    async with Marketplace(address, trust=tmp_path) as client:
        await client.project("chat-seen")
        standing = await client.standing()
        assert client.url == mirror.url
    assert standing is not None
    assert standing.sentence is None


async def test_another_root_than_the_address_names_is_refused(mirror, tmp_path):
    async with Marketplace(f"{mirror.url}#root={'0' * 64}", trust=tmp_path) as client:
        with pytest.raises(TrustError, match=r"has the root .*, and its address names 0000 0000"):
            await client.project("chat-seen")
    assert Anchor.load(folder_of(tmp_path, mirror.url)) is None


async def test_a_marketplace_that_is_known_by_another_root_than_the_address_names(mirror, tmp_path):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
    async with Marketplace(f"{mirror.url}#root={'0' * 64}", trust=tmp_path) as client:
        with pytest.raises(TrustError, match="is known by the root"):
            await client.project("chat-seen")


async def test_a_named_root_is_demanded_of_one_that_signs_nothing(mirror, tmp_path):
    mirror.lies.append(lambda path, _: Answer(404, b"") if path.startswith("/tuf/") else None)
    async with Marketplace(f"{mirror.url}#root={'0' * 64}", trust=tmp_path) as client:
        with pytest.raises(TrustError, match="signs nothing, and its address names a root"):
            await client.project("chat-seen")


@pytest.mark.parametrize("status", [403, 404, 405, 500])
async def test_an_index_that_knows_nothing_of_signatures_is_used_and_shown_as_such(mirror, tmp_path, status):
    mirror.lies.append(lambda path, _: Answer(status, b"") if path.startswith("/tuf/") else None)
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        assert len(await client.project("chat-seen")) == 1
        standing = await client.standing()
    assert standing is not None
    assert standing.root is None
    assert standing.sentence == f"{mirror.url} signs nothing: only the hashes of its own pages hold its files"


async def test_a_captive_portal_at_first_contact_is_believed_in_nothing(mirror, tmp_path):
    mirror.lies.append(lambda *_: Answer(200, b"<html>please sign in</html>"))
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        with pytest.raises(TrustError, match="no signed metadata"):
            await client.project("chat-seen")
    assert Anchor.load(folder_of(tmp_path, mirror.url)) is None


async def test_with_nothing_new_two_short_answers_are_all_and_python_tuf_is_not_loaded(mirror, tmp_path):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
    mirror.asked.clear()
    mirror.sent_bytes = 0
    look = f"""
import asyncio, sys
from pathlib import Path
from jackfield.market.transport import Transport
from jackfield.market.trust import Witness

async def main():
    transport = Transport({mirror.url!r})
    witness = Witness(transport, Path({str(tmp_path)!r}))
    await witness.standing()
    assert len(await witness.targets([{page_path("chat-seen")!r}])) == 1
    await transport.aclose()
    assert "tuf" not in sys.modules, "python-tuf was loaded"

asyncio.run(main())
"""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", look], check=False, timeout=60)
    assert done.returncode == 0
    assert sorted(mirror.asked) == ["/batch", "/tuf/2.root.json", "/tuf/timestamp.json"]  # it knows of no batches
    assert mirror.sent_bytes <= 1024


async def test_what_was_published_meanwhile_is_found_by_a_client_that_looked_before(mirror, tmp_path, market):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
        market.publish("meanwhile", "1.0.0")
        assert len(await client.project("chat-meanwhile")) == 1
        market.publish("meanwhile", "1.1.0")
        assert len(await client.project("chat-meanwhile")) == 2


async def test_two_clients_at_once_share_what_they_learn(mirror, tmp_path):
    async def look() -> int:
        async with Marketplace(mirror.url, trust=tmp_path) as client:
            return len(await client.project("chat-seen"))

    assert await asyncio.gather(*(look() for _ in range(5))) == [1] * 5


async def test_metadata_that_expires_here_is_asked_for_again(mirror, tmp_path):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
    transport = Transport(mirror.url)
    later = Witness(transport, tmp_path, clock=lambda: datetime.now(UTC) + timedelta(days=3))
    with pytest.raises(TrustError, match="cannot be read: timestamp has expired"):
        await later.standing()
    await transport.aclose()


@pytest.mark.parametrize("damage", ["", "{", '{"sha256": 1}', "[]"])
async def test_a_damaged_memory_is_no_first_contact(mirror, tmp_path, damage):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
    (folder_of(tmp_path, mirror.url) / "anchor.json").write_text(damage)
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        with pytest.raises(TrustError, match="is damaged"):
            await client.project("chat-seen")


def test_a_memory_that_cannot_be_read_just_now_is_not_to_be_thrown_away(tmp_path):
    Anchor("0" * 64, "2026-01-01", configured=False).save(tmp_path)
    with nothing_opens(), pytest.raises(TrustError) as caught:
        Anchor.load(tmp_path)
    assert caught.value.message == f"{tmp_path / 'anchor.json'} cannot be read: Too many open files"
    assert "delete" not in str(caught.value.hint)


@pytest.mark.parametrize("name", ["root.json", "timestamp.json", "snapshot.json", "targets.json"])
async def test_damaged_metadata_is_fetched_again(mirror, tmp_path, name):
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        await client.project("chat-seen")
    (folder_of(tmp_path, mirror.url) / "metadata" / name).write_text("{")
    async with Marketplace(mirror.url, trust=tmp_path) as client:
        if name == "root.json":  # what everything else is trusted by is never fetched anew in silence
            with pytest.raises(TrustError):
                await client.project("chat-seen")
        else:
            assert len(await client.project("chat-seen")) == 1


def test_addresses_name_a_root_behind_them():
    root = "ab" * 32
    assert split_address(f"https://example.org/market#root={root}") == ("https://example.org/market", root)
    assert split_address("https://example.org") == ("https://example.org", "")
    for wrong in ("#root=", "#root=abc", "#rout=" + root, "#" + root):
        with pytest.raises(UsageError, match="is no root"):
            split_address(f"https://example.org{wrong}")


def test_all_of_a_project_lies_in_one_bin():
    folder = target_folder("chat-poll")
    assert {role_of(folder + name) for name in ("index.json", "a.whl", "a.whl.metadata")} == {
        f"bin-{bin_of('chat-poll')}"
    }
    assert role_of("revocations.json") == "revocations"
