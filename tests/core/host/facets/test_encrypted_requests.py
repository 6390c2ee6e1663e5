"""`context.http` over TLS: whose certificate it is, and what an encrypted answer may not do either."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jackfield.api import Response
from jackfield.errors import NetworkError
from jackfield.host.facets.network import Fetcher

from tests.core.host.facets.conftest import Room
from tests.support.http_server import http_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate


class TestEncrypted:
    @pytest.fixture
    async def encrypted(self, certificate: tuple[Path, Path]) -> AsyncIterator[Room]:
        key, path = certificate
        serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serving.load_cert_chain(path, key)
        async with http_server(tls=serving) as server:
            yield Room(server, Fetcher(lambda: ssl.create_default_context(cafile=str(path))))

    async def test_the_certificate_is_held_against_the_name_not_the_address(self, encrypted, resolves):
        resolves["localhost"] = ["127.0.0.1"]
        encrypted.server.answers["/a"] = ("200 OK", b"private")
        encrypted.grant("localhost:*", "127.0.0.1:*")
        answer: Response = await encrypted.http.get(f"https://localhost:{encrypted.server.port}/a")
        assert answer.body == b"private"
        with pytest.raises(NetworkError, match=r"cannot be reached: .*certificate verify failed"):
            await encrypted.http.get(f"https://127.0.0.1:{encrypted.server.port}/a")

    async def test_endless_interim_answers(self, encrypted, resolves):
        async def endless(writer: asyncio.StreamWriter) -> None:
            while True:
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
                await writer.drain()

        resolves["localhost"] = ["127.0.0.1"]
        encrypted.server.answers["/a"] = endless
        encrypted.grant("localhost:*")
        with pytest.raises(NetworkError, match="/a sent 256 KiB and no answer yet"):
            await encrypted.http.get(f"https://localhost:{encrypted.server.port}/a", timeout_seconds=100)

    async def test_a_certificate_that_nobody_signed(self, encrypted, resolves):
        resolves["localhost"] = ["127.0.0.1"]
        room = Room(encrypted.server)
        room.grant("localhost:*")
        with pytest.raises(NetworkError, match="certificate verify failed"):
            await room.http.get(f"https://localhost:{encrypted.server.port}/a")
        assert encrypted.server.asked == []

    async def test_redirect_to_what_is_not_encrypted(self, encrypted, resolves):
        resolves["localhost"] = ["127.0.0.1"]
        encrypted.grant("localhost:*")
        encrypted.server.answers["/a"] = ("302 Found\r\nLocation: http://localhost:1/", b"")
        with pytest.raises(NetworkError, match="redirects to http://localhost:1/, which is not encrypted"):
            await encrypted.http.get(f"https://localhost:{encrypted.server.port}/a")
