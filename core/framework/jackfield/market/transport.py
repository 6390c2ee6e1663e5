"""Bounded reads over HTTP: every answer has a largest size and a longest time, every failure is one sentence."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from jackfield.errors import MarketError, MarketUnreachable

TIMEOUT_SECONDS = 10.0
"""For a whole answer but a wheel's, and for each pause within a wheel."""

DOWNLOAD_SECONDS = 600.0
"""For a whole wheel."""

TEXT_BYTES = 8 * 1024 * 1024
"""The largest answer but a wheel's: the project page of a library with thousands of files."""

WHEEL_BYTES = 128 * 1024 * 1024
"""The largest wheel, where the index tells no size."""

RETRIES = 1
CONNECTIONS = 16
"""How many requests to one marketplace are on their way at once."""

LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""Never asked through a proxy: a marketplace on this very machine."""

Progress = Callable[[str, int, int | None], None]
"""Told of a download: file name, bytes so far, bytes in all where known."""


class Transport:
    """One marketplace's connection pool.

    Args:
        url: the marketplace's address; credentials in it are sent and never shown.
        transport: another way to its bytes, for tests.
        timeout_seconds: for a whole answer.
    """

    def __init__(
        self, url: str, *, transport: httpx.AsyncBaseTransport | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        address = urlsplit(url.rstrip("/"))
        if address.scheme not in ("http", "https") or not address.hostname:
            raise MarketError(f"{url!r} is no address of a marketplace", hint="it begins with https:// or http://")
        self._base = urlunsplit(address)
        self.url = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))
        self._timeout = timeout_seconds
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def get(
        self, path: str, *, params: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> bytes | None:
        """The body of an answer of at most `TEXT_BYTES`; None for 404.

        Args:
            path: below the marketplace's address, or an absolute URL.
            params: the query.
            accept: the content type wanted.

        Raises:
            MarketUnreachable: nobody answered, or not within the time, twice.
            MarketError: the answer is an error, too large, or a redirect.
        """
        url = path if "://" in path else self._base + path
        for attempt in range(RETRIES + 1):
            try:
                async with self._slots, asyncio.timeout(self._timeout):
                    return await self._read(url, params, accept)
            except (httpx.TransportError, TimeoutError) as error:
                if attempt == RETRIES or isinstance(error, (TimeoutError, httpx.TimeoutException)):
                    raise self._unreachable(url, error) from error
        raise AssertionError("the loop returns or raises")

    async def download(
        self, url: str, target: Path, *, sha256: str, size: int | None, progress: Progress | None
    ) -> None:
        """Write a file whose hash is known; nothing is left when it fails.

        Args:
            url: where it is.
            target: the file to write.
            sha256: what its bytes must hash to.
            size: what it must weigh, in bytes, None if the index does not tell.
            progress: told as bytes come.

        Raises:
            MarketUnreachable: nobody answered, or it stopped within.
            MarketError: the answer is an error, larger than promised, or its hash is another.
        """
        part = target.with_name(target.name + ".part")
        try:
            async with self._slots, asyncio.timeout(max(DOWNLOAD_SECONDS, self._timeout)):
                await self._write(url, part, sha256, size, progress)
            part.replace(target)
        except (httpx.TransportError, TimeoutError) as error:
            raise self._unreachable(url, error) from error
        finally:
            part.unlink(missing_ok=True)

    async def _read(self, url: str, params: Mapping[str, str] | None, accept: str) -> bytes | None:
        request = self._open().build_request("GET", url, params=params, headers={"accept": accept})
        answer = await self._open().send(request, stream=True)
        try:
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > TEXT_BYTES:
                    raise MarketError(f"{_shown(url)} answers more than {TEXT_BYTES // 1024**2} MiB")
            _refuse_failure(answer, url, bytes(body[:500]))
            return bytes(body)
        finally:
            await answer.aclose()

    async def _write(self, url: str, part: Path, sha256: str, size: int | None, progress: Progress | None) -> None:
        largest = WHEEL_BYTES if size is None else size
        digest, received = hashlib.sha256(), 0
        async with self._open().stream("GET", url, headers={"accept-encoding": "identity"}) as answer:
            if answer.status_code != httpx.codes.OK:
                _refuse_failure(answer, url, b"")
                raise MarketError(f"{_shown(url)} answers {answer.status_code} instead of a file")
            with part.open("wb") as file:
                async for piece in answer.aiter_raw():
                    received += len(piece)
                    if received > largest:
                        raise MarketError(f"{_shown(url)} sends more than the {largest} bytes that were promised")
                    digest.update(piece)
                    file.write(piece)
                    if progress is not None:
                        progress(part.name.removesuffix(".part"), received, size)
        if size is not None and received != size:
            raise MarketError(f"{_shown(url)} ended after {received} of {size} bytes")
        if digest.hexdigest() != sha256:
            raise MarketError(f"{_shown(url)} has the hash {digest.hexdigest()}, the index promised {sha256}")

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            import ssl

            self._client = httpx.AsyncClient(
                transport=self._transport,
                verify=ssl.create_default_context(),  # the system's certificates, as pip and the browser use them
                timeout=self._timeout,
                follow_redirects=False,
                mounts=dict.fromkeys(LOOPBACK, self._transport),
                headers={"user-agent": "jackfield"},
            )
        return self._client

    def _unreachable(self, url: str, error: Exception) -> MarketUnreachable:
        late = isinstance(error, (TimeoutError, httpx.TimeoutException))
        what = f"did not answer within {self._timeout:g} s" if late else f"cannot be reached: {_reason(error)}"
        where = self.url if url.startswith(self._base) else _shown(url)
        return MarketUnreachable(f"{where} {what}", hint="is it running? JACKFIELD_MARKETPLACE names another")


def _shown(url: str) -> str:
    """The address without credentials and query."""
    address = urlsplit(url)
    return urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))


def _reason(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(error) or str(cause) or type(cause).__name__


def _refuse_failure(answer: httpx.Response, url: str, body: bytes) -> None:
    if answer.is_success:
        return
    if answer.is_redirect:
        raise MarketError(f"{_shown(url)} redirects to {_shown(answer.headers.get('location', 'nowhere'))}")
    said = body.decode("utf-8", "replace").strip().splitlines()
    detail = f": {said[0][:200]}" if said and "<" not in said[0] else ""
    raise MarketError(f"{_shown(url)} answers {answer.status_code} {answer.reason_phrase}{detail}")
