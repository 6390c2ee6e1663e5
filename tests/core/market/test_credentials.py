"""Who we are, told to the one server that it is meant for, and written down nowhere."""

from __future__ import annotations

import base64
import json
import re

import pytest
from jackfield.errors import MarketError
from jackfield.market import Marketplace

GOOD = {"sha256": "a" * 64}


@pytest.fixture(autouse=True)
def no_netrc(monkeypatch, tmp_path):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def heard(bad_server):
    """A server that lists one file at the address `{url}`, and the logins that it was told."""

    def start(location: str = "x.whl") -> tuple[str, list[str | None]]:
        logins: list[str | None] = []

        def hear(request: bytes) -> None:
            found = re.search(rb"(?im)^authorization: basic (.*)\r$", request)
            logins.append(base64.b64decode(found[1]).decode() if found else None)

        def answer(connection, _) -> None:
            files = [{"filename": "x-1.0-py3-none-any.whl", "url": location, "hashes": GOOD}]
            body = json.dumps({"meta": {}, "name": "x", "files": files}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

        return bad_server(answer, heard=hear), logins

    return start


def with_login(url: str) -> str:
    return url.replace("http://", "http://user:se%20cret@")


async def test_those_of_the_address_are_sent_with_files_as_well(heard, tmp_path):
    url, logins = heard()
    async with Marketplace(with_login(url)) as client:
        (file,) = await client.project("x")
        with pytest.raises(MarketError, match="the index promised"):
            await client.download(file, tmp_path / "x.whl")
    assert set(logins) == {"user:se cret"}
    assert "cret" not in json.dumps(file.to_mapping())


async def test_those_of_the_address_go_to_no_other_server(heard, tmp_path):
    elsewhere, others = heard()
    url, _ = heard(f"{elsewhere}/x.whl")
    async with Marketplace(with_login(url)) as client:
        (file,) = await client.project("x")
        with pytest.raises(MarketError):
            await client.download(file, tmp_path / "x.whl")
    assert set(others) == {None}


async def test_netrc_is_honoured(heard, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login anna password hush\n")
    url, logins = heard()
    async with Marketplace(url) as client:
        (file,) = await client.project("x")
    assert set(logins) == {"anna:hush"}
    assert "hush" not in json.dumps(file.to_mapping())
    assert "hush" not in client.url


@pytest.mark.parametrize("text", ["machine", "machine other login a password b", "\0\0", "nonsense"])
async def test_a_netrc_that_helps_nothing_is_no_failure(heard, tmp_path, text):
    (tmp_path / "netrc").write_text(text)
    url, logins = heard()
    async with Marketplace(url) as client:
        await client.project("x")
    assert set(logins) == {None}


async def test_those_in_the_address_of_a_file_are_left_out(heard):
    url, _ = heard("https://user:secret@files.example.org/x.whl")
    async with Marketplace(url) as client:
        (file,) = await client.project("x")
    assert file.url == "https://files.example.org/x.whl"
