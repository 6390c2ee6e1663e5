"""The client against a real marketplace."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from jackfield.errors import MarketError, UnknownPlugin
from jackfield.market import Marketplace

pytestmark = pytest.mark.slow

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "posts results"\n'


@pytest.mark.feature("C34")
async def test_search_finds_plugins_by_words(market):
    market.publish("search-me")
    async with Marketplace(market.url) as client:
        found = await client.search("search-me")
        assert "search-me" in [plugin.id for plugin in found.plugins]
        (plugin,) = [plugin for plugin in found.plugins if plugin.id == "search-me"]
        assert (plugin.version, plugin.distribution, plugin.publisher) == ("1.0.0", "chat-search-me", "alice")
        assert (await client.search("search-me", app="another")).plugins == []
        assert (await client.search("zzzzqqqq")).total == 0


@pytest.mark.feature("C35", "C40")
async def test_details_latest_and_changelog(market):
    changes = "# Changes\n\n## 1.1.0\n\n- better\n\n## 1.0.0\n\n- first\n"
    market.publish("detailed", permissions=SEND)
    market.publish("detailed", "1.1.0", permissions=SEND, changelog=changes)
    async with Marketplace(market.url) as client:
        details = await client.plugin("Detailed")
        assert (details.version, details.isolation) == ("1.1.0", "any")
        assert details.permissions[0]["reason"] == "posts results"
        latest = await client.latest("detailed")
        assert (latest.version, latest.distribution) == ("1.1.0", "chat-detailed")
        (entry,) = await client.changelog("detailed", "1.0.0")
        assert entry.version == "1.1.0"
        assert "better" in entry.text


@pytest.mark.feature("C37", "C38")
async def test_categories_and_featured(market):
    market.publish("categorised")
    async with Marketplace(market.url) as client:
        assert "language" in [category.slug for category in await client.categories()]
        market.run("feature", "categorised")
        assert "categorised" in [plugin.id for plugin in await client.featured()]


async def test_an_unknown_plugin_is_named(market):
    async with Marketplace(market.url) as client:
        with pytest.raises(UnknownPlugin, match=r"has no plugin nonesuch \(jackfield search"):
            await client.plugin("nonesuch")


@pytest.mark.feature("C36")
async def test_a_wheel_and_what_lies_beside_it_are_checked_by_hash(market, tmp_path):
    wheel = market.publish("fetched")
    async with Marketplace(market.url) as client:
        (file,) = await client.project("chat-fetched")
        assert file.filename == wheel.name
        assert file.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert b"Name: chat-fetched" in await client.metadata(file)
        manifest = await client.manifest(file)
        assert manifest is not None
        assert manifest.id == "fetched"
        seen = []
        target = await client.download(file, tmp_path / file.filename, lambda *progress: seen.append(progress))
        assert target.read_bytes() == wheel.read_bytes()
        assert seen[-1] == (wheel.name, file.size, file.size)

        with pytest.raises(MarketError, match="the index promised"):
            await client.download(replace(file, sha256="0" * 64), tmp_path / "wrong.whl")
        with pytest.raises(MarketError, match="sends more than"):
            await client.download(replace(file, size=10), tmp_path / "wrong.whl")
        with pytest.raises(MarketError, match="other bytes than its index promised"):
            await client.metadata(replace(file, metadata_sha256="0" * 64))
        with pytest.raises(MarketError, match="other bytes than its index promised"):
            await client.manifest(replace(file, manifest_sha256="0" * 64))
        assert sorted(path.name for path in tmp_path.iterdir()) == [wheel.name]


async def test_a_project_that_the_index_does_not_have_is_empty(market):
    async with Marketplace(market.url) as client:
        assert await client.project("nonesuch") == []


@pytest.mark.feature("K39")
@pytest.mark.parametrize("version", ["2.0", "2", "0.9", "later", ""])
async def test_a_page_in_another_major_version_is_not_guessed_at(says, version):
    """PEP 629: a client must not read what it does not know."""
    page = {"meta": {"api-version": version}, "name": "jflib", "files": []}
    async with Marketplace(says(200, json.dumps(page).encode())) as client:
        with pytest.raises(MarketError, match="of the simple API") as refused:
            await client.project("jflib")
    assert refused.value.hint == "this jackfield reads 1.x"


@pytest.mark.parametrize("meta", [{}, {"meta": {}}, {"meta": {"api-version": "1.99", "more": [1]}}])
async def test_a_later_minor_version_is_read(says, meta):
    async with Marketplace(says(200, json.dumps({**meta, "name": "jflib", "files": []}).encode())) as client:
        assert await client.project("jflib") == []
