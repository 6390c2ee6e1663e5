"""python-tuf's way to the network is the marketplace's own: one pool, its bounds, its proxies and certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from jackfield.errors import MarketError
from jackfield.market.transport import Transport

PIECE_BYTES = 64 * 1024


class TransportFetcher(FetcherInterface):
    """Fetches on the event loop what python-tuf asks for in a thread. Redirects are followed nowhere.

    Args:
        transport: the way to the marketplace.
        loop: that runs meanwhile.
    """

    def __init__(self, transport: Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._most = 0
        self.failure: MarketError | None = None

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """As python-tuf's own, which looks at the length; here it bounds what is read at all."""
        self._most = max_length
        with super().download_file(url, max_length) as file:
            yield file

    def _fetch(self, url: str) -> Iterator[bytes]:
        body = self._wait(self._transport.get(url, most_bytes=self._most))
        if body is None:
            raise DownloadHTTPError(f"{url} is not there", 404)
        return (body[start : start + PIECE_BYTES] for start in range(0, len(body), PIECE_BYTES))

    def _wait(self, fetching: Coroutine[Any, Any, bytes | None]) -> bytes | None:
        try:
            answer = asyncio.run_coroutine_threadsafe(fetching, self._loop)
        except RuntimeError as error:  # whoever asked has gone, and the loop with them
            fetching.close()
            raise DownloadError("nobody waits for it any more") from error
        try:
            return answer.result()
        except MarketError as error:
            self.failure = error
            raise DownloadError(error.message) from error
