"""Other bytes than were signed: endless, slow, changed, resized, sent elsewhere, or no metadata at all."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import pytest
from jackfield.errors import MarketError, ResolutionError

from tests.support.deceived import EVIL
from tests.support.mirror import Answer
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]


async def test_endless_data(user):
    user.update()
    user.mirror.lie("/tuf/timestamp.json", Answer(200, b"", endless=True))
    assert "answers more than 16 KiB" in await user.refused("endless data as a timestamp", MarketError)


async def test_endless_data_in_a_bin(user):
    user.update()
    user.mirror.lie(f".{user.bin}.json", Answer(200, b"", endless=True))
    assert "answers more than 4 MiB" in await user.refused("endless data as a bin", MarketError)


async def test_endless_data_as_a_wheel(user):
    user.update()
    user.mirror.lie("1.1.0-py3-none-any.whl", Answer(200, b"", endless=True))
    said = await user.refused("endless data as a wheel", MarketError)
    assert re.search(r"sends more than the \d+ bytes", said)


async def test_slow_drip(user):
    user.update()
    user.mirror.lie("/tuf/timestamp.json", Answer(200, b"", dripping=True))
    assert "did not answer within 10 s" in await user.refused("slow drip: ten bytes a second", MarketError)


async def test_slow_drip_in_a_page(user):
    user.update()
    user.mirror.lie(f"/simple/chat-{user.id}/", Answer(200, b"", dripping=True))
    assert "did not answer within 10 s" in await user.refused("slow drip as a project page", MarketError)


async def test_unsigned(user):
    user.update()
    user.mirror.lies.append(lambda path, _: Answer(404, b"") if path.startswith("/tuf/") else None)
    said = await user.refused("unsigned: signed once, and no more")
    assert "signed what it offers, and does no more" in said


@pytest.mark.parametrize("ending", ["/tuf/timestamp.json", ".snapshot.json", ".BIN.json"])
async def test_without_signatures(user, ending):
    def bare(honest: Answer) -> Answer:
        return replace(honest, body=json.dumps(json.loads(honest.body) | {"signatures": []}).encode())

    user.update()
    user.mirror.lie(ending.replace("BIN", user.bin), bare)
    said = await user.refused(f"no signatures in …{ending}")
    assert "is not signed by the keys that it is known by" in said


async def test_wrong_hash(user):
    user.update()
    user.mirror.lie("1.1.0-py3-none-any.whl", lambda honest: replace(honest, body=honest.body[:-1] + b"x"))
    assert "the index promised" in await user.refused("wrong hash: one byte of the wheel", MarketError)


async def test_wrong_hash_with_a_page_to_match(user, tmp_path):
    user.update()
    evil = build_plugin(tmp_path / "evil", user.id, "1.1.0", code=EVIL)
    digest = hashlib.sha256(evil.read_bytes()).hexdigest()

    def changed(honest: Answer) -> Answer:
        page = json.loads(honest.body)
        for entry in page["files"]:
            if entry["filename"] == evil.name:
                entry |= {"hashes": {"sha256": digest}, "size": evil.stat().st_size}
                entry["url"] = f"../../files/{digest}/{evil.name}"
        return replace(honest, body=json.dumps(page).encode())

    user.mirror.lie(f"/simple/chat-{user.id}/", changed)
    user.mirror.lie(evil.name, Answer(200, evil.read_bytes()))
    said = await user.refused("wrong hash: an evil wheel, and a page that promises it")
    assert "than it signed" in said


@pytest.mark.parametrize(("what", "grown"), [("longer", 1), ("shorter", -1)])
async def test_wrong_size(user, what, grown):
    def resized(honest: Answer) -> Answer:
        return replace(honest, body=honest.body + b"x" if grown > 0 else honest.body[:-1])

    user.update()
    user.mirror.lie("1.1.0-py3-none-any.whl", resized)
    said = await user.refused(f"wrong size: the wheel is {what}", MarketError)
    assert re.search(r"sends more than the \d+ bytes|ended after \d+ of \d+ bytes", said)


async def test_a_changed_manifest(user):
    user.update()
    user.mirror.lie("1.1.0-py3-none-any.whl.plugin.toml", lambda honest: replace(honest, body=honest.body + b"\n"))
    said = await user.refused("another manifest beside the wheel", ResolutionError)
    assert "serves other bytes than its index promised for" in said


@pytest.mark.parametrize("ending", ["/tuf/timestamp.json", ".BIN.json", "1.1.0-py3-none-any.whl"])
async def test_redirect_to_another_host(user, ending):
    user.update()
    user.mirror.lie(ending.replace("BIN", user.bin), Answer(302, b"", {"location": "http://127.0.0.1:9/evil"}))
    said = await user.refused(f"redirect of …{ending} to another host", MarketError)
    assert "redirects to http://127.0.0.1:9/evil" in said


async def test_captive_portal(user):
    user.update()
    user.mirror.lies.append(lambda *_: Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"}))
    with pytest.raises(MarketError):
        await user.install()
    user.mirror.lies.clear()
    portal = Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"})
    user.mirror.lies.append(lambda path, _: portal if path.startswith("/tuf/") else None)
    said = await user.refused("captive portal: its page for everything")
    assert "answers with something that is no signed metadata" in said
