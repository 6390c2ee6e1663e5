"""What became of a version is told in three words, and nobody learns who told it."""

from __future__ import annotations

import json

import pytest
from jackfield.errors import MarketError
from jackfield.market import Marketplace

from tests.support.http_server import http_server


async def test_nothing_but_three_words_is_sent_though_credentials_are_known(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with http_server() as server:
        server.answers["/plugins/quick-poll/outcomes"] = ("204 No Content", b"")
        server.answers["/plugins/quick-poll/latest"] = (
            "200 OK",
            b'{"id": "quick-poll", "version": "1.0.0", "distribution": "chat-quick-poll"}',
        )
        address = server.url.replace("http://", "http://ann:secret@")
        async with Marketplace(address) as market:
            await market.tell_outcome("Quick_Poll", "2.0.0", "a" * 64, "failed")
        (asked,) = server.asked
        assert (asked.method, asked.path) == ("POST", "/plugins/quick-poll/outcomes")
        assert json.loads(asked.body) == {"version": "2.0.0", "sha256": "a" * 64, "outcome": "failed"}
        told = {name.lower(): value for name, value in asked.headers.items()}
        assert "authorization" not in told
        assert "cookie" not in told
        assert told["user-agent"] == "jackfield"


async def test_a_refusal_is_an_error_and_is_not_tried_again():
    async with http_server() as server:
        server.answers["/plugins/poll/outcomes"] = ("429 Too Many Requests\r\nRetry-After: 1", b"{}")
        async with Marketplace(server.url) as market:
            with pytest.raises(MarketError):
                await market.tell_outcome("poll", "2.0.0", "a" * 64, "kept")
        assert len(server.asked) == 1
